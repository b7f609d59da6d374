"""What an index holds, by partition: lists of ids and fp16 codes, read out of FAISS's memory."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import UsageError
from anysense.embed.forking import new_lock
from anysense.index.vectors.arrays import as_ids
from anysense.index.vectors.faiss.gathering import Gatherer
from anysense.index.vectors.faiss.library import faiss
from anysense.index.vectors.idmap import IdMap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Codes, Ids, Partition
    from anysense.index.vectors.layout import PartitionLayout


__all__ = ["Lists"]

_BLOCK = 16_384
"""Vectors decoded to float32 at a time."""


class Lists:
    """The lists of ids and fp16 codes of which an index is made.

    Attributes:
        index: FAISS's, filled; not to be changed.
        layout: the dimension and the lists of each partition.
        dimension: the stored one; the vectors of a partition may be narrower.
        sizes: the segments in each list.
    """

    def __init__(
        self, index: Any, entries: Sequence[PartitionLayout], path: Path | None = None
    ) -> None:
        """Take over a filled index, whose lists belong to partitions as the layout says.

        Args:
            index: FAISS's.
            entries: the layout.
            path: the file that it was mapped from; None if it is in memory.
        """
        self.index = index
        self.layout: Mapping[Partition, PartitionLayout] = {e.partition: e for e in entries}
        self.dimension = int(index.d)
        self._stored = faiss.downcast_InvertedLists(index.invlists)
        numbers = range(index.nlist)
        self.sizes: Ids = np.array([self._stored.list_size(n) for n in numbers], dtype=np.int64)
        self._centroids: FloatArray = index.quantizer.reconstruct_n(0, index.nlist)
        self._maps: dict[Partition, IdMap] = {}
        self._gatherers: dict[Partition, Gatherer] = {}
        self._lock = new_lock()
        self._file = None if path is None else path.stat()

    def are_in(self, path: Path) -> bool:
        """Whether they are mapped from a file that is, by whatever name, the file at a path."""
        try:
            return self._file is not None and os.path.samestat(self._file, path.stat())
        except FileNotFoundError:
            return False

    @property
    def is_in_memory(self) -> bool:
        """Whether FAISS holds the lists itself, rather than maps them from a file."""
        return isinstance(self._stored, faiss.ArrayInvertedLists)

    @property
    def nbytes(self) -> int:
        """The bytes of codes, ids and centroids, in memory and on disk."""
        return int(self.sizes.sum()) * (2 * self.dimension + 8) + self._centroids.nbytes

    def read_list(self, number: int) -> tuple[Ids, Codes]:
        """Ids (n,) and codes (n, bytes) of one list: views of FAISS's memory, not to be written."""
        size, width = int(self.sizes[number]), self.index.code_size
        if not size:  # FAISS gives a null pointer
            return np.empty(0, dtype=np.int64), np.empty((0, width), dtype=np.uint8)
        ids = faiss.rev_swig_ptr(self._stored.get_ids(number), size)
        codes = faiss.rev_swig_ptr(self._stored.get_codes(number), size * width)
        return ids, codes.reshape(size, width)

    def decode(self, codes: Codes) -> FloatArray:
        """Codes (n, bytes) as float32 (n, stored dimension), 10 times as fast as numpy."""
        vectors: FloatArray = self.index.sq.decode(np.ascontiguousarray(codes))
        return vectors

    def contains(self, partition: Partition, ids: Ids) -> NDArray[np.bool_]:
        """Which segments are in the partition: (n,) bool."""
        if partition not in self.layout:
            return np.zeros(len(ids), dtype=bool)
        return self.id_map(partition).find(as_ids(ids)) >= 0

    def vectors(self, partition: Partition, ids: Ids) -> FloatArray:
        """The stored vectors of segments: (n, d) float32.

        Raises:
            UsageError: one of them is not in the partition.
        """
        ids = as_ids(ids)
        present = self.contains(partition, ids)
        if not present.all():
            raise UsageError(f"Segment {ids[~present][0]} is not in the partition {partition}.")
        entry = self.layout.get(partition)
        if entry is None:
            return np.empty((0, 0), dtype=np.float32)
        places = self.id_map(partition)
        at = places.find(ids)
        codes = self.codes(partition, places.lists[at], places.offsets[at])
        return self.decode(codes)[:, : entry.dimension]

    def codes(self, partition: Partition, lists: NDArray[Any], offsets: NDArray[Any]) -> Codes:
        """The codes (n, bytes) in some places of a partition's lists."""
        if not len(lists):
            return np.empty((0, self.index.code_size), np.uint8)
        return self._gatherer(partition).codes(lists, offsets)

    def ids_at(self, partition: Partition, lists: NDArray[Any], offsets: NDArray[Any]) -> Ids:
        """The segments in some places of a partition's lists: (n,)."""
        if not len(lists):
            return np.empty(0, np.int64)
        return self._gatherer(partition).ids(lists, offsets)

    def _gatherer(self, partition: Partition) -> Gatherer:
        """What reads at many places of a partition, which is not empty; made at the first use."""
        gatherer = self._gatherers.get(partition)
        if gatherer is None:
            entry = self.layout[partition]
            sizes = self.sizes[entry.first_list : entry.stop_list]
            gatherer = Gatherer(self._stored, sizes, entry, self.index.code_size)
            self._gatherers[partition] = gatherer
        return gatherer

    def keeps_centroids(self, partition: Partition, other: Lists) -> bool:
        """Whether a partition is clustered elsewhere as it is here."""
        if partition not in other.layout:
            return False
        dimension = self.layout[partition].dimension
        ours, theirs = self.centroids(partition), other.centroids(partition)
        return np.array_equal(ours[:, :dimension], theirs[:, :dimension])

    def same_lists(self, entry: PartitionLayout, other: Lists) -> list[int]:
        """The lists of a partition that hold the same segments and vectors elsewhere.

        They are numbered in the partition. Empty lists are not among them.
        """
        theirs = other.layout[entry.partition]
        same = []
        for number in range(min(entry.lists, theirs.lists)):
            ids, codes = self.read_list(entry.first_list + number)
            their_ids, their_codes = other.read_list(theirs.first_list + number)
            # Eight bytes at a time; a wider index has longer codes, and never the same.
            if (
                len(ids)
                and np.array_equal(ids, their_ids)
                and np.array_equal(codes.view(np.uint64), their_codes.view(np.uint64))
            ):
                same.append(number)
        return same

    def sample(self, partition: Partition, n: int, seed: int = 0) -> tuple[Ids, FloatArray]:
        """A random sample without replacement: ids (m,), ascending, and vectors (m, d); m <= n.

        The same segments and seed give the same sample, whatever the lists.
        """
        if partition not in self.layout:
            return np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
        ids = self.id_map(partition).ids
        if n < len(ids):
            ids = ids[np.sort(np.random.default_rng(seed).choice(len(ids), n, replace=False))]
        return ids.copy(), self.vectors(partition, ids)

    def blocks(self, entry: PartitionLayout) -> Iterator[tuple[Ids, Codes]]:
        """All ids and codes of a partition, some `_BLOCK` at a time."""
        parts: list[tuple[Ids, Codes]] = []
        filled = 0
        for number in range(entry.first_list, entry.stop_list):
            ids, codes = self.read_list(number)
            for start in range(0, len(ids), _BLOCK):
                parts.append((ids[start : start + _BLOCK], codes[start : start + _BLOCK]))
                filled += len(parts[-1][0])
                if filled >= _BLOCK:
                    yield _joined(parts)
                    parts, filled = [], 0
        if filled:
            yield _joined(parts)

    def centroids(self, partition: Partition) -> FloatArray:
        """The centroids of a partition's lists: (lists, stored dimension)."""
        entry = self.layout[partition]
        return self._centroids[entry.first_list : entry.stop_list]

    def id_map(self, partition: Partition) -> IdMap:
        """Where each segment of a partition is; made at the first use."""
        with self._lock:
            if partition not in self._maps:
                entry = self.layout[partition]
                numbers = range(entry.first_list, entry.stop_list)
                self._maps[partition] = IdMap([self.read_list(number)[0] for number in numbers])
            return self._maps[partition]

    def all_ids(self) -> Ids:
        """The ids of all segments, in the order of the lists."""
        return np.concatenate([self.read_list(number)[0] for number in range(len(self.sizes))])


def _joined(parts: Sequence[tuple[Ids, Codes]]) -> tuple[Ids, Codes]:
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([codes for _, codes in parts])
