"""How a partition is searched: which lists are scanned, and by what."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from anysense.embed.forking import new_lock
from anysense.index.vectors.arrays import as_ids, as_queries, no_results, pad, sort_results
from anysense.index.vectors.faiss.fastscan import (
    candidates_for,
    depth_for,
    pays,
    split_places,
)
from anysense.index.vectors.faiss.library import BATCH
from anysense.index.vectors.faiss.probe import compare, multiply, probe, selector_of
from anysense.index.vectors.recall import is_narrow, plan_probes

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray
    from anysense.index.segment_set import SegmentSet
    from anysense.index.types import Ids
    from anysense.index.vectors.faiss.lists import Lists
    from anysense.index.vectors.idmap import Selection
    from anysense.index.vectors.layout import PartitionLayout
    from anysense.index.vectors.recall import Effort
    from anysense.index.vectors.thresholds import Thresholds


__all__ = ["EVERYTHING", "Filtered", "PartitionSearch"]

_KEPT_FILTERS = 4


class Filtered(NamedTuple):
    """What a search may return; everything without a selection."""

    selection: Selection | None
    selector: Any
    origin: tuple[SegmentSet | None, Ids | None]


EVERYTHING = Filtered(None, None, (None, None))


class PartitionSearch:
    """Searches one partition.

    Attributes:
        lists: what the index holds.
        entry: the partition.
        fast_scan: FAISS's index of its fast scan; None if it has none. See `fastscan`.
        thresholds: what decides between the ways to search.
        sizes: the segments in each of its lists.
        centroids: of its lists: (lists, stored dimension).
    """

    def __init__(
        self, lists: Lists, entry: PartitionLayout, fast_scan: Any, thresholds: Thresholds
    ) -> None:
        self.lists = lists
        self.entry = entry
        self.fast_scan = fast_scan
        self.thresholds = thresholds
        self.sizes = lists.sizes[entry.first_list : entry.stop_list]
        self.centroids = lists.centroids(entry.partition)
        self._filters: OrderedDict[tuple[int, int], Filtered] = OrderedDict()
        self._lock = new_lock()

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
        allowed: SegmentSet | None = None,
        excluded: Ids | None = None,
    ) -> tuple[FloatArray, Ids]:
        """What `Store.search` does."""
        queries = self.as_stored(queries)
        selected = EVERYTHING
        if allowed is not None or excluded is not None:
            selected = self._filter(allowed, excluded)
        selection = selected.selection
        count = min(k, self.entry.count if selection is None else selection.total)
        if not count or not len(queries):
            return no_results(len(queries), k)
        found = self._nearest(queries, count, effort, selected)
        if count == k:
            return found
        scores, ids = no_results(len(queries), k)
        scores[:, :count], ids[:, :count] = found
        return scores, ids

    def _filter(self, allowed: SegmentSet | None, excluded: Ids | None) -> Filtered:
        """What a search may return. Those of the last few filters are kept."""
        key = (id(allowed), id(excluded))
        with self._lock:
            kept = self._filters.get(key)
            if kept is not None:
                self._filters.move_to_end(key)
                return kept
        gone = None if excluded is None else as_ids(excluded)
        selection = self.lists.id_map(self.entry.partition).select(allowed, gone)
        selector = None if selection is None else selector_of(selection)
        # It keeps both alive, so that no others get their addresses.
        made = Filtered(selection, selector, (allowed, excluded))
        with self._lock:
            self._filters[key] = made
            if len(self._filters) > _KEPT_FILTERS:
                self._filters.popitem(last=False)
        return made

    def _nearest(
        self, queries: FloatArray, k: int, effort: Effort | None, selected: Filtered
    ) -> tuple[FloatArray, Ids]:
        """The k best of at least so many that may be found."""
        selection, lists = selected.selection, self.entry.lists
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
                most = self._candidates_worth(k, probes, effort, selection)
                if most is not None:
                    return self._by_fast_scan(queries, k, probes, effort, selected, most)
        return self.by_vectors(queries, k, probes, selected)

    def by_vectors(
        self, queries: FloatArray, k: int, probes: Ids, selected: Filtered
    ) -> tuple[FloatArray, Ids]:
        """The k best in lists (q, p), by a scan of their vectors."""
        first = self.entry.first_list
        numbers = np.where(probes < 0, -1, probes + first) if first else probes
        return sort_results(*probe(self.lists.index, queries, numbers, k, selected.selector))

    def _candidates_worth(
        self, k: int, probes: Ids, effort: Effort, selection: Selection | None
    ) -> int | None:
        """How many candidates of a fast scan to take; None where the vectors are to be scanned.

        That is where it costs less, and where the answer is to be exact.
        """
        if is_narrow(selection, self.entry.count, self.thresholds.full_probe):
            return None
        scanned = np.where(probes < 0, 0, self.sizes[probes]).sum(axis=1)
        most = depth_for(k, effort)
        if selection is not None:
            eligible = np.where(probes < 0, 0, selection.counts[probes]).sum(axis=1)
            most = candidates_for(most, scanned, eligible)
        usual = effort.scanned * self.entry.count
        return most if pays(most, effort, float(scanned.mean()), usual, self.thresholds) else None

    def _by_fast_scan(
        self,
        queries: FloatArray,
        k: int,
        probes: Ids,
        effort: Effort,
        selected: Filtered,
        most: int,
    ) -> tuple[FloatArray, Ids]:
        """The k best among so many candidates; by the vectors where too few may be found."""
        depth = depth_for(k, effort)
        scores, ids = self.by_candidates(queries, k, probes, most, depth, selected.selection)
        short = ids[:, 0] < 0
        if short.any():
            scores[short], ids[short] = self.by_vectors(queries[short], k, probes[short], selected)
        return scores, ids

    def by_candidates(
        self,
        queries: FloatArray,
        k: int,
        probes: Ids,
        most: int,
        depth: int,
        selection: Selection | None = None,
    ) -> tuple[FloatArray, Ids]:
        """The k best among the candidates of a fast scan, by their fp16 vectors.

        Args:
            queries: (q, stored dimension).
            k: how many.
            probes: (q, p), the lists that each scans.
            most: how many candidates are taken.
            depth: how many that may be found are compared.
            selection: what may be found.

        Returns:
            Scores and ids, (q, k); -inf and -1 for a query with fewer than it was to have.
        """
        partition = self.entry.partition
        scores, ids = no_results(len(queries), k)
        for row, numbers in enumerate(self.candidates(queries, probes, most)):
            lists, offsets = split_places(numbers[numbers >= 0])
            wanted = depth if len(lists) == most else k
            if selection is not None:
                eligible = selection.selects(self.lists.ids_at(partition, lists, offsets))
                lists, offsets = lists[eligible][:depth], offsets[eligible][:depth]
            # FAISS finds no code whose sum is the least there can be for a query.
            if len(lists) >= wanted:
                codes = self.lists.codes(partition, lists, offsets)
                scores[row], best = compare(queries[row], codes, k)
                ids[row] = self.lists.ids_at(partition, lists[best], offsets[best])
        return sort_results(scores, ids)

    def candidates(self, queries: FloatArray, probes: Ids, n: int) -> Ids:
        """What the fast scan finds in lists (q, p): `place_numbers` (q, n), best first."""
        index = self.fast_scan
        return probe(index, np.ascontiguousarray(queries[:, : index.d]), probes, n)[1]
