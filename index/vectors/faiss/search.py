"""How a partition is searched: which lists are scanned, and by what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.index.vectors.arrays import as_ids, as_queries, no_results, pad, sort_results
from anysense.index.vectors.faiss.fastscan import depth_for, split_places
from anysense.index.vectors.faiss.library import BATCH
from anysense.index.vectors.faiss.probe import compare, multiply, probe, selector_of
from anysense.index.vectors.recall import plan_probes

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids
    from anysense.index.vectors.faiss.lists import Lists
    from anysense.index.vectors.idmap import Selection
    from anysense.index.vectors.layout import PartitionLayout
    from anysense.index.vectors.recall import Effort
    from anysense.index.vectors.thresholds import Thresholds


__all__ = ["PartitionSearch"]


class PartitionSearch:
    """Searches one partition.

    Attributes:
        lists: what the index holds.
        entry: the partition.
        fast_scan: FAISS's index of its fast scan; None if it has none. See `fastscan`.
        thresholds: what decides between the ways to search.
    """

    def __init__(
        self, lists: Lists, entry: PartitionLayout, fast_scan: Any, thresholds: Thresholds
    ) -> None:
        self.lists = lists
        self.entry = entry
        self.fast_scan = fast_scan
        self.thresholds = thresholds

    @property
    def sizes(self) -> Ids:
        """The segments in each of its lists."""
        return self.lists.sizes[self.entry.first_list : self.entry.stop_list]

    @property
    def centroids(self) -> FloatArray:
        """The centroids of its lists: (lists, stored dimension)."""
        return self.lists.centroids(self.entry.partition)

    def as_stored(self, queries: FloatArray) -> FloatArray:
        """Queries (q, d) as long as what is stored.

        Raises:
            UsageError: they have another length, or are not finite.
        """
        partition, dimension = self.entry.partition, self.entry.dimension
        return pad(as_queries(queries, partition, dimension), self.lists.dimension)

    def nearest(
        self,
        queries: FloatArray,
        k: int,
        effort: Effort | None = None,
        *,
        allowed: Ids | None = None,
        excluded: Ids | None = None,
    ) -> tuple[FloatArray, Ids]:
        """What `Store.search` does."""
        queries = self.as_stored(queries)
        selection = None
        if allowed is not None or excluded is not None:
            selection = self.lists.id_map(self.entry.partition).select(
                None if allowed is None else as_ids(allowed),
                None if excluded is None else as_ids(excluded),
            )
        scores, ids = no_results(len(queries), k)
        count = min(k, self.entry.count if selection is None else selection.total)
        if count and len(queries):
            scores[:, :count], ids[:, :count] = self._nearest(queries, count, effort, selection)
        return scores, ids

    def _nearest(
        self, queries: FloatArray, k: int, effort: Effort | None, selection: Selection | None
    ) -> tuple[FloatArray, Ids]:
        """The k best of at least so many that may be found."""
        lists = self.entry.lists
        nprobe = lists if effort is None else max(1, min(effort.nprobe, lists))
        if selection is None and nprobe == lists and len(queries) >= BATCH:
            return multiply(self.lists, self.entry, queries, k)
        probes = np.zeros((len(queries), 1), dtype=np.int64)
        if lists > 1:
            probes = plan_probes(
                queries,
                self.centroids,
                self.sizes,
                selection,
                nprobe,
                k,
                full_probe=self.thresholds.full_probe,
            )
            if effort is not None and self.fast_scan is not None:
                results = self._by_fast_scan(queries, k, probes, effort.depth, selection)
                if results is not None:
                    return results
        numbers = np.where(probes < 0, -1, probes + self.entry.first_list)
        selector = None if selection is None else selector_of(selection)
        return sort_results(*probe(self.lists.index, queries, numbers, k, selector))

    def _by_fast_scan(
        self,
        queries: FloatArray,
        k: int,
        probes: Ids,
        depth: int,
        selection: Selection | None,
    ) -> tuple[FloatArray, Ids] | None:
        """The k best among the candidates of a fast scan; None where the vectors are to be scanned.

        That is with a filter, and where it costs less.
        """
        if selection is not None and not selection.inverted:
            return None
        sizes = self.sizes
        counts, excluded = sizes, np.empty(0, np.int64)
        if selection is not None:
            counts, excluded = selection.counts, selection.ids
        seen, live = (np.where(probes < 0, 0, n[probes]).sum(axis=1) for n in (sizes, counts))
        absent = int((seen - live).max())
        most = depth_for(k, depth, absent, float(seen.mean()), self.thresholds)
        if most is None:
            return None
        candidates = self.candidates(queries, probes, most)
        scores, ids = self._refine(queries, candidates, excluded, k)
        # FAISS finds no code whose sum is the least there can be for a query.
        return (scores, ids) if (ids >= 0).all() else None

    def candidates(self, queries: FloatArray, probes: Ids, n: int) -> Ids:
        """What the fast scan finds in lists (q, p): `place_numbers` (q, n), best first."""
        index = self.fast_scan
        return probe(index, np.ascontiguousarray(queries[:, : index.d]), probes, n)[1]

    def _refine(
        self, queries: FloatArray, candidates: Ids, excluded: Ids, k: int
    ) -> tuple[FloatArray, Ids]:
        """The k best of the candidates (q, n) of each query, by their fp16 vectors."""
        partition = self.entry.partition
        scores, ids = no_results(len(queries), k)
        for row, (query, numbers) in enumerate(zip(queries, candidates, strict=True)):
            lists, offsets = split_places(numbers[numbers >= 0])
            if len(excluded):
                live = ~np.isin(self.lists.ids_at(partition, lists, offsets), excluded)
                lists, offsets = lists[live], offsets[live]
            codes = self.lists.codes(partition, lists, offsets)
            if len(codes):
                products, best = compare(query, codes, min(k, len(codes)))
                scores[row, : len(best)] = products
                ids[row, : len(best)] = self.lists.ids_at(partition, lists[best], offsets[best])
        return sort_results(scores, ids)
