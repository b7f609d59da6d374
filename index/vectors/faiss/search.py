"""How an index is searched, and how much of it: the part of `Store` that plans what FAISS does."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.errors import UsageError
from anysense.index.vectors.arrays import as_ids, as_queries, pad, tidy
from anysense.index.vectors.faiss.fastscan import (
    MEASURED_K,
    MOST_CANDIDATES,
    depth_for,
    loss_allowed,
    place_numbers,
    split_places,
)
from anysense.index.vectors.faiss.lists import Lists
from anysense.index.vectors.recall import (
    Effort,
    least_effort,
    list_ranks,
    nearest_lists,
    plan_probes,
    ranks_in,
)

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray
    from anysense.index.types import Codes, Ids, Partition
    from anysense.index.vectors.idmap import Selection
    from anysense.index.vectors.layout import PartitionLayout


__all__ = ["BATCH", "Scan"]

BATCH = 20
"""From so many queries on, an exact search is a matrix product."""


class Scan(Lists):
    """The lists of an index, and searches over them; see `store.Store`."""

    @abstractmethod
    def scan_lists(
        self, queries: FloatArray, numbers: Ids, k: int, selection: Selection | None
    ) -> tuple[FloatArray, Ids]:
        """The k best in the lists `numbers` (q, p), -1 for none: scores and ids, (q, k)."""

    @abstractmethod
    def scan_codes(self, partition: Partition, queries: FloatArray, probes: Ids, n: int) -> Ids:
        """What the fast scan finds in lists of a partition: `place_numbers` (q, n), best first."""

    @abstractmethod
    def scan_all(
        self, entry: PartitionLayout, queries: FloatArray, k: int
    ) -> tuple[FloatArray, Ids]:
        """The k best of a whole partition, for many queries: scores and ids, (q, k)."""

    @abstractmethod
    def compare(self, query: FloatArray, codes: Codes, k: int) -> tuple[FloatArray, Ids]:
        """The k best of some codes (n, bytes) for one query: scores and rows, (k,)."""

    def search(
        self,
        partition: Partition,
        queries: FloatArray,
        k: int,
        *,
        nprobe: int | None = None,
        depth: int = 0,
        allowed: Ids | None = None,
        excluded: Ids | None = None,
    ) -> tuple[FloatArray, Ids]:
        """Find the segments of a partition with the largest inner products.

        Args:
            partition: to search; one that is not here holds nothing.
            queries: (q, d) float32, in the partition's space.
            k: how many to find.
            nprobe: how many lists to scan for each query, from `choose_effort`; None is exact.
            depth: for how many candidates of a fast scan, also from there; 0 for none. Where that
                costs more than scanning the vectors, and with `allowed`, the vectors are scanned.
            allowed: the only segment ids to find; those of other partitions do no harm. How a
                filter changes the lists that are scanned is said at `recall.plan_probes`.
            excluded: segment ids not to find, in addition.

        Returns:
            Scores (q, k) float32, descending, and segment ids (q, k); where there are fewer than
            k segments the id is -1 and the score -inf. Equal scores come in the order of ids.

        Raises:
            UsageError: k is under 1, or the queries are not finite or have another length.
        """
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}.")
        scores = np.full((len(np.atleast_2d(queries)), k), -np.inf, dtype=np.float32)
        ids = np.full(scores.shape, -1, dtype=np.int64)
        entry = self._entries.get(partition)
        if entry is None:
            return scores, ids
        queries = pad(as_queries(queries, partition, entry.dimension), self.dimension)
        selection = None
        if allowed is not None or excluded is not None:
            selection = self.id_map(partition).select(
                None if allowed is None else as_ids(allowed),
                None if excluded is None else as_ids(excluded),
            )
        held = min(k, entry.count if selection is None else selection.total)
        nprobe = entry.lists if nprobe is None else max(1, min(nprobe, entry.lists))
        if held and len(queries):
            exact = selection is None and nprobe == entry.lists
            if exact and len(queries) >= BATCH:
                found = self.scan_all(entry, queries, held)
            else:
                found = self._scan(entry, queries, held, nprobe, depth, selection)
            scores[:, :held], ids[:, :held] = found
        return scores, ids

    def _scan(
        self,
        entry: PartitionLayout,
        queries: FloatArray,
        k: int,
        nprobe: int,
        depth: int,
        selection: Selection | None,
    ) -> tuple[FloatArray, Ids]:
        """Scan the lists that are planned for each query."""
        probes = np.zeros((len(queries), 1), dtype=np.int64)
        if entry.lists > 1:
            sizes = self.sizes[entry.first_list : entry.stop_list]
            centroids = self.centroids(entry.partition)
            probes = plan_probes(queries, centroids, sizes, selection, nprobe, k)
            found = self._scan_fast(entry, queries, k, probes, depth, selection)
            if found is not None:
                return found
        numbers = np.where(probes < 0, -1, probes + entry.first_list)
        return tidy(*self.scan_lists(queries, numbers, k, selection))

    def _scan_fast(
        self,
        entry: PartitionLayout,
        queries: FloatArray,
        k: int,
        probes: Ids,
        depth: int,
        selection: Selection | None,
    ) -> tuple[FloatArray, Ids] | None:
        """The k best among the candidates of a fast scan; None where the vectors are to be scanned.

        That is where there is no sidecar, with a filter, and where it costs less.
        """
        if entry.partition not in self.fast_scans:
            return None
        if selection is not None and not selection.inverted:
            return None
        sizes = self.sizes[entry.first_list : entry.stop_list]
        counts, excluded = sizes, np.empty(0, np.int64)
        if selection is not None:
            counts, excluded = selection.counts, selection.ids
        seen, live = (np.where(probes < 0, 0, n[probes]).sum(axis=1) for n in (sizes, counts))
        most = depth_for(k, depth, int((seen - live).max()), float(seen.mean()))
        if most is None:
            return None
        found = self.scan_codes(entry.partition, queries, probes, most)
        scores, ids = self._refine(entry.partition, queries, found, excluded, k)
        # FAISS finds no code whose sum is the least there can be for a query.
        return (scores, ids) if (ids >= 0).all() else None

    def _refine(
        self, partition: Partition, queries: FloatArray, found: Ids, excluded: Ids, k: int
    ) -> tuple[FloatArray, Ids]:
        """The k best of the candidates (q, n) of each query, by their fp16 vectors."""
        scores = np.full((len(queries), k), -np.inf, dtype=np.float32)
        ids = np.full((len(queries), k), -1, dtype=np.int64)
        for row, (query, candidates) in enumerate(zip(queries, found, strict=True)):
            lists, offsets = split_places(candidates[candidates >= 0])
            if len(excluded):
                live = ~np.isin(self.ids_at(partition, lists, offsets), excluded)
                lists, offsets = lists[live], offsets[live]
            codes = self.codes(partition, lists, offsets)
            if len(codes):
                products, best = self.compare(query, codes, min(k, len(codes)))
                scores[row, : len(best)] = products
                ids[row, : len(best)] = self.ids_at(partition, lists[best], offsets[best])
        return tidy(scores, ids)

    def choose_effort(
        self,
        partition: Partition,
        queries: FloatArray,
        *,
        target_recall: float = 0.95,
        k: int = MEASURED_K,
        query_ids: Ids | None = None,
    ) -> Effort:
        """The least effort that finds `target_recall` of the true k best, and what it finds.

        The queries must be of the kind that the route will see: a hundred or more, better five
        hundred. The bound of a 95 % confidence interval has to reach the target.

        Args:
            partition: to search.
            queries: (q, d) held-out queries of the route's query modality.
            target_recall: mean share of the true k nearest neighbours, in (0, 1].
            k: how many neighbours.
            query_ids: (q,) the segment that each query is itself, which is not counted.

        Returns:
            The effort, with its measured recall; one list where search is exact anyway; every
            list where there are no queries.
        """
        entry = self._entries.get(partition)
        if entry is None or entry.lists == 1:
            return Effort(1, 1.0)
        if not len(queries):
            return Effort(entry.lists, 1.0)
        true = self._true_neighbours(partition, queries, k, query_ids)
        places = self.id_map(partition)
        at = places.find(true.ravel())
        lists = np.where(at >= 0, places.lists[at], -1).reshape(true.shape)
        padded = pad(as_queries(queries, partition, entry.dimension), self.dimension)
        affinity = padded @ self.centroids(partition).T
        ranks = list_ranks(affinity, lists)
        sizes = self.sizes[entry.first_list : entry.stop_list]

        def effort(target: float) -> tuple[Effort, Ids]:
            nprobe, recall = least_effort(ranks, entry.lists, target)
            probes = nearest_lists(affinity, nprobe)
            scanned = float(sizes[probes].sum(axis=1).mean()) / entry.count
            return Effort(nprobe, recall, scanned), probes

        if partition in self.fast_scans:
            least, probes = effort(loss_allowed(target_recall))
            wanted = np.where(at >= 0, place_numbers(lists.ravel(), places.offsets[at]), -1)
            found = self.scan_codes(partition, padded, probes, MOST_CANDIDATES)
            found_at = ranks_in(found, wanted.reshape(true.shape))
            depth, recall = least_effort(found_at, MOST_CANDIDATES, target_recall)
            if recall >= target_recall:
                return least._replace(recall=recall, depth=depth)
            # Codes do not tell apart what lies very close together: the vectors have to.
        return effort(target_recall)[0]

    def _true_neighbours(
        self, partition: Partition, queries: FloatArray, k: int, query_ids: Ids | None
    ) -> Ids:
        """The true k best of each query, (q, k), not counting the query itself."""
        _, true = self.search(partition, queries, k if query_ids is None else k + 1)
        if query_ids is None:
            return true
        own = true == as_ids(query_ids)[:, None]
        own[:, -1] |= ~own.any(axis=1)
        others: Ids = true[~own].reshape(len(true), k)
        return others
