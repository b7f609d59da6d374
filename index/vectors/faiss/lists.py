"""What an index holds: the part of `Store` that needs neither FAISS nor a query."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import UsageError
from anysense.index.vectors.arrays import as_ids
from anysense.index.vectors.idmap import IdMap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Codes, Ids, Partition
    from anysense.index.vectors.layout import PartitionLayout


__all__ = ["Lists"]

_BLOCK = 16_384
"""Vectors decoded to float32 at a time."""


class Lists(ABC):
    """The lists of ids and fp16 codes of which an index is made, by partition.

    Attributes:
        dimension: the stored dimension; the vectors of a partition may be narrower.
        sizes: the segments in each list.
        fast_scans: FAISS's index of each sidecar; see `fastscan`.
    """

    fast_scans: Mapping[Partition, Any]

    def __init__(
        self, entries: Sequence[PartitionLayout], centroids: FloatArray, sizes: Ids
    ) -> None:
        """Take the layout, and for all lists their centroids (lists, dimension) and sizes."""
        self._entries = {entry.partition: entry for entry in entries}
        self._centroids = centroids
        self.dimension = int(centroids.shape[1])
        self.sizes = sizes
        self._maps: dict[Partition, IdMap] = {}
        self._viewed: dict[Partition, list[tuple[Ids, memoryview]]] = {}
        self._maps_lock = threading.Lock()

    @abstractmethod
    def read_list(self, number: int) -> tuple[Ids, Codes]:
        """Ids (n,) and codes (n, bytes) of one list, not to be written to."""

    @abstractmethod
    def decode(self, codes: Codes) -> FloatArray:
        """Codes (n, bytes) as float32 (n, stored dimension)."""

    @property
    def partitions(self) -> Mapping[Partition, int]:
        """The number of segments of each partition."""
        return {partition: entry.count for partition, entry in self._entries.items()}

    @property
    def layout(self) -> Mapping[Partition, PartitionLayout]:
        """The dimension and the lists of each partition."""
        return self._entries

    @property
    def needs_recluster(self) -> tuple[Partition, ...]:
        """The partitions that `build` would give other lists."""
        return tuple(p for p, entry in self._entries.items() if entry.needs_recluster)

    @property
    def nbytes(self) -> int:
        """The bytes of codes, ids and centroids, in memory and on disk."""
        return int(self.sizes.sum()) * (2 * self.dimension + 8) + self._centroids.nbytes

    def contains(self, partition: Partition, ids: Ids) -> NDArray[np.bool_]:
        """Which segments are in the partition: (n,) bool."""
        if partition not in self._entries:
            return np.zeros(len(ids), dtype=bool)
        return self.id_map(partition).find(as_ids(ids)) >= 0

    def vectors(self, partition: Partition, ids: Ids) -> FloatArray:
        """The stored vectors of segments: (n, d) float32.

        Raises:
            UsageError: one of them is not in the partition.
        """
        wanted = as_ids(ids)
        known = self.contains(partition, wanted)
        if not known.all():
            raise UsageError(f"Segment {wanted[~known][0]} is not in the partition {partition}.")
        entry = self._entries.get(partition)
        if entry is None:
            return np.empty((0, 0), dtype=np.float32)
        places = self.id_map(partition)
        at = places.find(wanted)
        codes = self.codes(partition, places.lists[at], places.offsets[at])
        return self.decode(codes)[:, : entry.dimension]

    def codes(self, partition: Partition, lists: NDArray[Any], offsets: NDArray[Any]) -> Codes:
        """The codes (n, bytes) in some places of a partition's lists."""
        width = 2 * self.dimension
        starts = (offsets.astype(np.int64) * width).tolist()
        held = self._views(partition)
        # Bytes are joined because numpy would take a microsecond for each row.
        where = zip(lists.tolist(), starts, strict=True)
        rows = b"".join([held[number][1][start : start + width] for number, start in where])
        return np.frombuffer(rows, dtype=np.uint8).reshape(-1, width)

    def ids_at(self, partition: Partition, lists: NDArray[Any], offsets: NDArray[Any]) -> Ids:
        """The segments in some places of a partition's lists: (n,)."""
        held = self._views(partition)
        where = zip(lists.tolist(), offsets.tolist(), strict=True)
        return np.array([held[number][0][offset] for number, offset in where], dtype=np.int64)

    def _views(self, partition: Partition) -> list[tuple[Ids, memoryview]]:
        """The ids and the bytes of the codes of each list of a partition."""
        with self._maps_lock:
            if partition not in self._viewed:
                entry = self._entries[partition]
                every = map(self.read_list, range(entry.first_list, entry.stop_list))
                self._viewed[partition] = [(ids, codes.reshape(-1).data) for ids, codes in every]
            return self._viewed[partition]

    def keeps_centroids(self, entry: PartitionLayout, other: Lists) -> bool:
        """Whether a partition is clustered elsewhere as it is here."""
        if entry.partition not in other.layout:
            return False
        ours, theirs = self.centroids(entry.partition), other.centroids(entry.partition)
        return np.array_equal(ours[:, : entry.dimension], theirs[:, : entry.dimension])

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
        if partition not in self._entries:
            return np.empty(0, dtype=np.int64), np.empty((0, 0), dtype=np.float32)
        ids = self.id_map(partition).ids
        if n < len(ids):
            ids = ids[np.sort(np.random.default_rng(seed).choice(len(ids), n, replace=False))]
        return ids.copy(), self.vectors(partition, ids)

    def blocks(self, entry: PartitionLayout) -> Iterator[tuple[Ids, Codes]]:
        """All ids and codes of a partition, some `_BLOCK` at a time."""
        parts: list[tuple[Ids, Codes]] = []
        held = 0
        for number in range(entry.first_list, entry.stop_list):
            ids, codes = self.read_list(number)
            for start in range(0, len(ids), _BLOCK):
                parts.append((ids[start : start + _BLOCK], codes[start : start + _BLOCK]))
                held += len(parts[-1][0])
                if held >= _BLOCK:
                    yield _joined(parts)
                    parts, held = [], 0
        if held:
            yield _joined(parts)

    def centroids(self, partition: Partition) -> FloatArray:
        """The centroids of a partition's lists: (lists, stored dimension)."""
        entry = self._entries[partition]
        return self._centroids[entry.first_list : entry.stop_list]

    def id_map(self, partition: Partition) -> IdMap:
        """Where each segment of a partition is; made at the first use."""
        with self._maps_lock:
            if partition not in self._maps:
                entry = self._entries[partition]
                numbers = range(entry.first_list, entry.stop_list)
                self._maps[partition] = IdMap([self.read_list(number)[0] for number in numbers])
            return self._maps[partition]

    def all_ids(self) -> Ids:
        """The ids of all segments, in the order of the lists."""
        return np.concatenate([self.read_list(number)[0] for number in range(len(self.sizes))])


def _joined(parts: Sequence[tuple[Ids, Codes]]) -> tuple[Ids, Codes]:
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([codes for _, codes in parts])
