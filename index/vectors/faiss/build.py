"""Making an index anew from the vectors of the catalog; `updating` makes one from another.

It is an `IndexIVFScalarQuantizer` of fp16 codes with inner product, whose lists are owned by
partitions: a small partition owns one list, so that a search of it is exact; a larger one owns
many, made by spherical k-means (Dhillon and Modha, "Concept decompositions for large sparse text
data using clustering", 2001). Vectors narrower than the index are padded with zeros, which leaves
inner products as they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import CorruptCollectionError
from anysense.index.vectors.arrays import as_ids, pad, training_sample
from anysense.index.vectors.faiss.assigning import assigner, encode
from anysense.index.vectors.faiss.filling import (
    ListsInMemory,
    empty_index,
    map_file,
    new_file,
)
from anysense.index.vectors.faiss.library import faiss
from anysense.index.vectors.layout import PartitionLayout, lists_for, padded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Codes, Ids, Partition, Progress, VectorSource
    from anysense.index.vectors.faiss.filling import Filling
    from anysense.index.vectors.faiss.lists import Lists


__all__ = ["build_index", "train_centroids"]

_TRAINING_ROUNDS = 10


def build_index(
    sources: Mapping[Partition, VectorSource],
    previous: Lists | None,
    *,
    renew: Collection[Partition],
    seed: int,
    exact: int,
    progress: Progress | None,
    path: Path | None = None,
) -> tuple[Any, list[PartitionLayout]]:
    """An index of `sources`, and its layout.

    Args:
        sources: the vectors of each partition; each is read once, once more if it is trained, and
            once more if it has many lists in a file.
        previous: lists that are kept where they still fit, which saves training.
        renew: partitions whose lists are made anew all the same.
        seed: of the sample and of k-means.
        exact: up to so many segments a partition is one list.
        progress: called with the vectors stored so far and in all.
        path: a file that is to hold the lists; None for memory.

    Raises:
        UsageError: a vector is not finite, too large for fp16 or of the wrong length.
        CorruptCollectionError: a source gives another number of vectors than it says.
        StorageError: the disk refused.
    """
    entries: list[PartitionLayout] = []
    centroids: list[FloatArray] = []
    width = padded(max((source.dimension for source in sources.values()), default=1))
    first = 0
    for partition in sorted(sources):
        source = sources[partition]
        lists = None if partition in renew else previous
        means, trained = _centroids(partition, source, lists, seed, exact)
        entry = PartitionLayout(
            partition, source.dimension, first, len(means), source.count, trained
        )
        entries.append(entry)
        centroids.append(pad(means, width))
        first = entry.stop_list
    index = empty_index(centroids, width)
    readers = [_Reader(sources[e.partition], e, index, in_file=path is not None) for e in entries]
    tell = _teller(progress, readers)
    if path is None:
        _fill(ListsInMemory(index), readers, tell)
        return index, entries
    for reader in readers:
        reader.assign(tell)
    sizes = np.concatenate([reader.sizes for reader in readers] or [np.zeros(1, np.int64)])
    with new_file(index, sizes, path) as filling:
        _fill(filling, readers, tell)
    return map_file(path), entries


def _centroids(
    partition: Partition, source: VectorSource, previous: Lists | None, seed: int, exact: int
) -> tuple[FloatArray, int]:
    """Centroids for a partition, and how many segments it had when they were trained."""
    lists = lists_for(source.count, exact)
    if lists == 1:
        return np.zeros((1, source.dimension), dtype=np.float32), source.count
    entry = None if previous is None else previous.layout.get(partition)
    if previous is not None and entry is not None and entry.lists > 1:
        fits = not replace(entry, count=source.count).needs_recluster(exact)
        if fits and entry.dimension == source.dimension:
            return previous.centroids(partition)[:, : entry.dimension], entry.trained
    return train_centroids(training_sample(source, lists, seed), lists, seed), source.count


def train_centroids(sample: FloatArray, lists: int, seed: int) -> FloatArray:
    """Spherical k-means on a sample (n, d): centroids of unit length, (lists, d)."""
    kmeans = faiss.Kmeans(
        sample.shape[1],
        lists,
        niter=_TRAINING_ROUNDS,
        spherical=True,
        seed=seed,
        min_points_per_centroid=1,  # silences a warning on stderr about small samples
        max_points_per_centroid=len(sample),
    )
    kmeans.train(sample)
    centroids: FloatArray = kmeans.centroids
    return centroids


class _Reader:
    """The vectors of one partition, with the list of each.

    Attributes:
        entry: its place in the index.
        is_assigned: whether all have been read once for their lists alone.
    """

    def __init__(
        self, source: VectorSource, entry: PartitionLayout, index: Any, *, in_file: bool
    ) -> None:
        self.entry = entry
        self.is_assigned = in_file and entry.lists > 1
        self._source = source
        self._index = index
        self._numbers: list[NDArray[np.int32]] = []

    @property
    def sizes(self) -> Ids:
        """How many vectors each list of the partition has, once they are assigned: (lists,)."""
        if not self.is_assigned:
            return np.array([self.entry.count], dtype=np.int64)
        numbers = np.concatenate(self._numbers) - self.entry.first_list
        return np.bincount(numbers, minlength=self.entry.lists).astype(np.int64)

    def assign(self, tell: Callable[[int], None]) -> None:
        """Read all vectors for the lists that they belong to: 4 bytes of memory for each."""
        if self.is_assigned:
            self._numbers = [part[0].astype(np.int32) for part in self._assigned(tell)]

    def read(self, tell: Callable[[int], None]) -> Iterator[tuple[Ids, Ids, Codes]]:
        """The list (n,), the id (n,) and the code (n, bytes) of all vectors, a batch at a time."""
        if not self.is_assigned:
            yield from self._assigned(tell)
            return
        for (ids, codes), numbers in zip(self._codes(tell), self._numbers, strict=True):
            yield numbers.astype(np.int64), ids, codes

    def _assigned(self, tell: Callable[[int], None]) -> Iterator[tuple[Ids, Ids, Codes]]:
        assign = assigner(self._index, self.entry)
        for ids, codes in self._codes(tell):
            yield assign(codes), ids, codes

    def _codes(self, tell: Callable[[int], None]) -> Iterator[tuple[Ids, Codes]]:
        read = 0
        for ids, vectors in self._source.batches():
            ids = as_ids(ids)
            read += len(ids)
            if read > self.entry.count:
                break
            yield ids, encode(self._index, self.entry, ids, vectors)
            tell(len(ids))
        if read != self.entry.count:
            raise CorruptCollectionError(
                f"The catalog gave {read} vectors of {self.entry.partition} where it announced "
                f"{self.entry.count}; check it with `anysense verify`."
            )


def _fill(filling: Filling, readers: Sequence[_Reader], tell: Callable[[int], None]) -> None:
    """Store the vectors of each partition, a batch at a time."""
    for reader in readers:
        for numbers, ids, codes in reader.read(tell):
            if len(ids):
                filling.add(numbers, ids, codes)


def _teller(progress: Progress | None, readers: Sequence[_Reader]) -> Callable[[int], None]:
    """What is told how many vectors were read, and tells how many count as stored by that.

    Where vectors are read for their lists first, that counts as half.
    """
    total = sum(reader.entry.count for reader in readers)
    steps = sum(reader.entry.count * (1 + reader.is_assigned) for reader in readers)
    done = 0

    def tell(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done * total // steps, total)

    return tell
