"""What an index holds and how well it finds it: the part of `Store` that needs no FAISS."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.errors import UsageError
from anysense.index.idmap import IdMap
from anysense.index.recall import list_ranks, smallest_nprobe
from anysense.index.vectors import as_ids, as_queries, pad

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.layout import PartitionLayout
    from anysense.index.partition import Partition

    Ids = NDArray[np.int64]
    Codes = NDArray[np.uint8]

__all__ = ["Lists"]

_BLOCK = 16_384
"""Vectors decoded to float32 at a time."""


class Lists(ABC):
    """The lists of ids and fp16 codes of which an index is made, by partition.

    Attributes:
        dimension: the stored dimension; the vectors of a partition may be narrower.
        sizes: the segments in each list.
    """

    def __init__(
        self, entries: Sequence[PartitionLayout], centroids: FloatArray, sizes: Ids
    ) -> None:
        """Take the layout, and for all lists their centroids (lists, dimension) and sizes."""
        self._entries = {entry.partition: entry for entry in entries}
        self._centroids = centroids
        self.dimension = int(centroids.shape[1])
        self.sizes = sizes
        self._maps: dict[Partition, IdMap] = {}
        self._maps_lock = threading.Lock()

    @abstractmethod
    def read_list(self, number: int) -> tuple[Ids, Codes]:
        """Ids (n,) and codes (n, bytes) of one list, not to be written to."""

    @abstractmethod
    def decode(self, codes: Codes) -> FloatArray:
        """Codes (n, bytes) as float32 (n, stored dimension)."""

    @abstractmethod
    def search(self, partition: Partition, queries: FloatArray, k: int) -> tuple[FloatArray, Ids]:
        """Find the true k best of each query: scores and ids, (q, k)."""

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
        codes = np.empty((len(at), 2 * self.dimension), dtype=np.uint8)
        by_list = np.argsort(places.lists[at], kind="stable")
        lists, starts = np.unique(places.lists[at][by_list], return_index=True)
        for number, rows in zip(lists, np.split(by_list, starts[1:]), strict=False):
            _, stored = self.read_list(entry.first_list + int(number))
            codes[rows] = stored[places.offsets[at[rows]]]
        return np.ascontiguousarray(self.decode(codes)[:, : entry.dimension])

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

    def choose_nprobe(
        self,
        partition: Partition,
        queries: FloatArray,
        *,
        target_recall: float = 0.95,
        k: int = 10,
        query_ids: Ids | None = None,
    ) -> tuple[int, float]:
        """The smallest nprobe that finds `target_recall` of the true k best, and what it finds.

        The queries must be of the kind that the route will see: a hundred or more, better five
        hundred. The bound of a 95 % confidence interval has to reach the target.

        Args:
            partition: to search.
            queries: (q, d) held-out queries of the route's query modality.
            target_recall: mean share of the true k nearest neighbours, in (0, 1].
            k: how many neighbours.
            query_ids: (q,) the segment that each query is itself, which is not counted.

        Returns:
            nprobe and its measured recall; (1, 1.0) where search is exact anyway; every list
            where there are no queries.
        """
        entry = self._entries.get(partition)
        if entry is None or entry.lists == 1:
            return 1, 1.0
        _, true = self.search(partition, queries, k if query_ids is None else k + 1)
        if query_ids is not None:
            own = true == as_ids(query_ids)[:, None]
            own[:, -1] |= ~own.any(axis=1)
            true = true[~own].reshape(len(true), k)
        places = self.id_map(partition)
        at = places.find(true.ravel())
        lists = np.where(at >= 0, places.lists[at], -1).reshape(true.shape)
        padded = pad(as_queries(queries, partition, entry.dimension), self.dimension)
        ranks = list_ranks(padded @ self.centroids(partition).T, lists)
        return smallest_nprobe(ranks, entry.lists, target_recall)


def _joined(parts: Sequence[tuple[Ids, Codes]]) -> tuple[Ids, Codes]:
    return np.concatenate([ids for ids, _ in parts]), np.concatenate([codes for _, codes in parts])
