"""Making an index: anew from the vectors of the catalog, or from the lists of the one before it.

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
from anysense.index.vectors.arrays import as_ids, as_vectors, pad, training_sample
from anysense.index.vectors.faiss.library import PRODUCT, faiss
from anysense.index.vectors.layout import PartitionLayout, lists_for, padded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Codes, Ids, Partition, Progress, VectorSource
    from anysense.index.vectors.faiss.lists import Lists


__all__ = ["build_index", "train_centroids", "update_index"]

_TRAINING_ROUNDS = 10


def build_index(
    sources: Mapping[Partition, VectorSource],
    previous: Lists | None,
    *,
    renew: Collection[Partition],
    seed: int,
    exact: int,
    progress: Progress | None,
) -> tuple[Any, list[PartitionLayout]]:
    """An index of `sources`, and its layout.

    Args:
        sources: the vectors of each partition; each is read once, or twice if it is trained.
        previous: lists that are kept where they still fit, which saves training.
        renew: partitions whose lists are made anew all the same.
        seed: of the sample and of k-means.
        exact: up to so many segments a partition is one list.
        progress: called with the vectors stored so far and in all.

    Raises:
        UsageError: a vector is not finite, too large for fp16 or of the wrong length.
        CorruptCollectionError: a source gives another number of vectors than it says.
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
    writer = _Writer(width, centroids)
    _fill(writer, sources, entries, progress)
    return writer.index, entries


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


def _fill(
    writer: _Writer,
    sources: Mapping[Partition, VectorSource],
    entries: Sequence[PartitionLayout],
    progress: Progress | None,
) -> None:
    """Store the vectors of each partition, a batch at a time."""
    total, done = sum(entry.count for entry in entries), 0
    for entry in entries:
        stored = 0
        for ids, vectors in sources[entry.partition].batches():
            writer.append(entry, as_ids(ids), vectors)
            stored += len(ids)
            if progress is not None:
                progress(done + stored, total)
        if stored != entry.count:
            raise CorruptCollectionError(
                f"The catalog gave {stored} vectors of {entry.partition} where it announced "
                f"{entry.count}; check it with `anysense verify`."
            )
        done += stored


def update_index(
    old: Lists, add: Mapping[Partition, tuple[Ids, NDArray[Any]]], remove: Iterable[int] | Ids
) -> tuple[Any, list[PartitionLayout]]:
    """An index with segments added and removed, its lists as they were trained, and its layout.

    Raises:
        UsageError: a vector is not finite, too large for fp16 or of the wrong length.
    """
    gone = np.concatenate([as_ids(remove), *(as_ids(ids) for ids, _ in add.values())])
    entries = dict(old.layout)
    first = sum(entry.lists for entry in entries.values())
    for partition in sorted(set(add) - set(entries)):
        dimension = int(np.shape(add[partition][1])[-1])
        entries[partition] = PartitionLayout(partition, dimension, first, 1, 0, 0)
        first += 1
    width = padded(max((entry.dimension for entry in entries.values()), default=1))
    writer = _Writer(width, [pad(old.centroids(p), width) for p in old.layout], first)
    for partition, entry in entries.items():
        count = _copy(old, writer, entry, gone) if partition in old.layout else 0
        if partition in add:
            ids, vectors = as_ids(add[partition][0]), add[partition][1]
            writer.append(entry, ids, vectors)
            count += len(ids)
        entries[partition] = replace(entry, count=count)
    return writer.index, list(entries.values())


def _copy(old: Lists, writer: _Writer, entry: PartitionLayout, gone: Ids) -> int:
    """Copy the lists of a partition, without the segments `gone`; returns how many stay."""
    places = old.id_map(entry.partition)
    rows = places.present(gone)
    lists, offsets = places.lists[rows], places.offsets[rows]
    touched = set(lists.tolist())
    for number in range(entry.lists):
        ids, codes = old.read_list(entry.first_list + number)
        if number in touched:
            keep = np.ones(len(ids), dtype=bool)
            keep[offsets[lists == number]] = False
            ids, codes = ids[keep], codes[keep]
        writer.append_codes(entry.first_list + number, ids, codes)
    return entry.count - len(rows)


class _Writer:
    """An index that is being filled, and is not to be searched yet."""

    def __init__(self, width: int, centroids: Sequence[FloatArray], lists: int = 1) -> None:
        """Make an empty index of stored dimension `width`.

        Args:
            width: the stored dimension.
            centroids: (lists of a partition, width) for each partition, in their order.
            lists: how many lists there are at least; those without a centroid get zeros.
        """
        every = np.concatenate([*centroids, np.zeros((0, width), dtype=np.float32)])
        every = np.pad(every, ((0, max(0, lists - len(every))), (0, 0)))
        quantizer = faiss.IndexFlatIP(width)
        quantizer.add(np.ascontiguousarray(every, dtype=np.float32))
        self.index: Any = faiss.IndexIVFScalarQuantizer(
            quantizer,
            width,
            len(every),
            faiss.ScalarQuantizer.QT_fp16,
            PRODUCT,
            False,  # codes are of the vectors themselves, not of what the centroid leaves
        )
        self.index.is_trained = True  # fp16 has nothing to train

    def append(self, entry: PartitionLayout, ids: Ids, vectors: NDArray[Any]) -> None:
        """Encode ids (n,) and vectors (n, d) and add each to its list in the partition.

        Raises:
            UsageError: a vector cannot be stored.
        """
        # numpy rounds ties to even, as everywhere else; FAISS's own encoder rounds them up.
        halves = as_vectors(vectors, ids, entry.dimension).astype(np.float16, copy=False)
        if not len(ids):
            return
        vectors = self.index.sq.decode(pad(halves, self.index.d).view(np.uint8))
        numbers = np.full(len(ids), entry.first_list, dtype=np.int64)
        if entry.lists > 1:
            centroids = self.index.quantizer.reconstruct_n(entry.first_list, entry.lists)
            numbers += faiss.knn(vectors, centroids, 1, metric=PRODUCT)[1][:, 0]
        # FAISS reads bare pointers: each array needs a name until the call returns.
        self.index.add_core(len(ids), *map(faiss.swig_ptr, (vectors, ids, numbers)))

    def append_codes(self, number: int, ids: Ids, codes: Codes) -> None:
        """Add ids (n,) and codes (n, bytes), of this width or less, to a list."""
        if len(ids):
            codes = pad(codes, self.index.code_size)
            lists = self.index.invlists
            lists.add_entries(number, len(ids), faiss.swig_ptr(ids), faiss.swig_ptr(codes))
            self.index.ntotal += len(ids)
