"""How a partition in Milvus is searched: candidates from the server, scores from the catalog.

A graph gives the best rows of a partition, of which some may not be returned: they do not fit the
filter, or were removed. So more are asked for, as many as should do by the shares, and more again
where they do not. Where that is too many, what the filter selects is compared with the catalog's
vectors, one by one: no search is left incomplete. Conditions are not sent to the server: to read
and check a list of 10,000 ids took it 140 ms, longer than to compare as many vectors here.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anysense.index.vectors.arrays import as_ids, as_queries, no_results
from anysense.index.vectors.delta import best, merge
from anysense.index.vectors.milvus.dialect import EFFORTS, MOST_FOUND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.segment_set import SegmentSet
    from anysense.index.types import Ids, Partition
    from anysense.index.vectors.milvus.layout import MilvusLayout, Place
    from anysense.index.vectors.milvus.remote import Remote
    from anysense.index.vectors.recall import Effort
    from anysense.index.vectors.store import VectorReader
    from anysense.index.vectors.thresholds import Thresholds

__all__ = ["PartitionSearch"]

_SPARE = 1.3
"""How many more candidates are asked for than should do by the shares."""

_MORE = 4
"""By how much more is asked for where it did not do."""

_ROUNDED = 8
"""So many candidates more than are wanted are compared: the server may rank equals otherwise."""

_RESULTS_PER_CALL = 1 << 20


class PartitionSearch:
    """Searches one partition.

    Args:
        remote: the server.
        layout: of the index.
        place: the partition.
        reader: the catalog's vectors.
        thresholds: what decides between the ways to search.
    """

    def __init__(
        self,
        remote: Remote,
        layout: MilvusLayout,
        place: Place,
        reader: VectorReader,
        thresholds: Thresholds,
    ) -> None:
        self._remote = remote
        self._layout = layout
        self._place = place
        self._reader = reader
        self._few = thresholds.elsewhere
        self._few_unmeasured = max(thresholds.elsewhere, thresholds.exact)

    @property
    def partition(self) -> Partition:
        return self._place.partition

    @property
    def dimension(self) -> int:
        return self._place.dimension

    def nearest(
        self,
        queries: FloatArray,
        k: int,
        effort: Effort | None,
        *,
        allowed: SegmentSet | None = None,
        excluded: Ids | None = None,
    ) -> tuple[FloatArray, Ids]:
        """What `Store.search` does."""
        queries = as_queries(queries, self._place.partition, self._place.dimension)
        gone = np.unique(as_ids(excluded)) if excluded is not None else np.empty(0, np.int64)
        if allowed is not None:
            allowed = allowed.without(gone)
        if not len(queries) or not self._place.count:
            return no_results(len(queries), k)
        first = self._first_depth(k, allowed, gone, effort)
        if first is None:
            return self._compare(queries, k, allowed, gone)
        ef = EFFORTS[-1] if effort is None else effort.depth
        return self._by_candidates(queries, k, first, ef, allowed, gone)

    def _first_depth(
        self, k: int, allowed: SegmentSet | None, gone: Ids, effort: Effort | None
    ) -> int | None:
        """How many candidates to ask for; None where comparing all that may be found is better."""
        count = self._place.count
        total = sum(place.count for place in self._layout.places.values())
        eligible = count if allowed is None else len(allowed)
        few = self._few_unmeasured if effort is None else self._few
        if eligible <= self._few or count <= few:
            return None
        share = min(1.0, eligible / total) if allowed is not None else 1.0
        share *= max(0.0, 1 - len(gone) / total) or 1 / total
        depth = k if share == 1.0 else math.ceil(_SPARE * k / share) + _ROUNDED
        if allowed is None:
            return depth if k <= MOST_FOUND else None
        return depth if depth <= MOST_FOUND and depth < eligible else None

    def _by_candidates(
        self,
        queries: FloatArray,
        k: int,
        depth: int,
        ef: int,
        allowed: SegmentSet | None,
        gone: Ids,
    ) -> tuple[FloatArray, Ids]:
        """The k best of so many candidates, and of more for the queries that these do not do for.

        The exact answer is the last resort, so what is returned is short only of what is not there.
        """
        scores, ids = no_results(len(queries), k)
        rows = np.arange(len(queries))
        while len(rows):
            depth = min(depth + _ROUNDED, MOST_FOUND)
            found = self._candidates(queries[rows], depth, ef)
            for row, candidates in zip(rows, found, strict=True):
                eligible = self._eligible(candidates, allowed, gone)
                scores[row], ids[row] = self._best_of(queries[row], eligible, k)
            rows = rows[ids[rows, -1] < 0]
            if depth >= min(MOST_FOUND, self._place.count):
                break
            depth *= _MORE
        if len(rows):
            scores[rows], ids[rows] = self._compare(queries[rows], k, allowed, gone)
        return scores, ids

    def _candidates(self, queries: FloatArray, depth: int, ef: int) -> list[Ids]:
        at_once = max(1, _RESULTS_PER_CALL // depth)
        found: list[Ids] = []
        for start in range(0, len(queries), at_once):
            part = queries[start : start + at_once]
            # The last of a list are found less surely than the first, and here each may be needed.
            found += self._remote.search(self._place, part, depth, max(ef, 2 * depth))
        return found

    def _eligible(self, candidates: Ids, allowed: SegmentSet | None, gone: Ids) -> Ids:
        """The candidates that may be returned, in their order."""
        keep = candidates <= self._layout.high_water
        if len(gone):
            keep &= ~np.isin(candidates, gone)
        if allowed is not None:
            keep &= allowed.contains(candidates)
        return candidates[keep]

    def _best_of(self, query: FloatArray, eligible: Ids, k: int) -> tuple[FloatArray, Ids]:
        """The k best of candidates, best first, as far as the catalog has their vectors."""
        scores, ids = no_results(1, k)
        size = k + _ROUNDED
        for start in range(0, len(eligible), size):
            found, vectors = self._reader.read(self.partition, eligible[start : start + size])
            scores, ids = merge((scores, ids), (_scored(query[None], vectors), found[None]), k)
            if ids[0, -1] >= 0:
                break
        return scores[0], ids[0]

    def _compare(
        self, queries: FloatArray, k: int, allowed: SegmentSet | None, gone: Ids
    ) -> tuple[FloatArray, Ids]:
        ids = None if allowed is None else allowed.ids
        return self.compare_all(queries, k, allowed=ids, excluded=gone)

    def compare_all(
        self,
        queries: FloatArray,
        k: int,
        *,
        allowed: Ids | None = None,
        excluded: Ids | None = None,
    ) -> tuple[FloatArray, Ids]:
        """The true k best, by comparing every segment that may be found.

        Args:
            queries: (q, d) float32.
            k: how many.
            allowed: only these ids, each once.
            excluded: ids not to find.
        """
        partition, results = self._place.partition, no_results(len(queries), k)
        for ids, vectors in self._reader.batches(partition, self._layout.high_water, allowed):
            scores = _scored(queries, vectors)
            if excluded is not None and len(excluded):
                live = ~np.isin(ids, excluded)
                ids, scores = ids[live], scores[:, live]
            if len(ids):
                found = best(scores, np.broadcast_to(ids, scores.shape), k)
                results = merge(results, found, k)
        return results


def _scored(queries: FloatArray, vectors: NDArray[np.float16]) -> FloatArray:
    """The products of queries (q, d) with vectors (n, d): (q, n)."""
    scores: FloatArray = queries @ vectors.astype(np.float32).T
    return scores
