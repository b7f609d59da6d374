"""How much a search must spend for a target recall, measured on queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anysense.index.vectors.arrays import as_ids
from anysense.index.vectors.faiss.fastscan import MOST_CANDIDATES, lists_target, place_numbers
from anysense.index.vectors.faiss.timing import time_ways
from anysense.index.vectors.recall import (
    Effort,
    least_effort,
    list_ranks,
    nearest_lists,
    ranks_in,
    without_itself,
)

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids
    from anysense.index.vectors.faiss.search import PartitionSearch

__all__ = ["choose_effort"]


def choose_effort(
    search: PartitionSearch,
    queries: FloatArray,
    *,
    target_recall: float,
    k: int,
    query_ids: Ids | None,
) -> Effort:
    """What `Store.choose_effort` does."""
    entry = search.entry
    if entry.lists == 1:
        return Effort(1, 1.0)
    if not len(queries):
        return Effort(entry.lists, 1.0)
    true = _true_neighbours(search, queries, k, query_ids)
    places = search.lists.id_map(entry.partition)
    at = places.find(true.ravel())
    lists = np.where(at >= 0, places.lists[at], -1).reshape(true.shape)
    queries = search.as_stored(queries)
    affinity = queries @ search.centroids.T
    ranks = list_ranks(affinity, lists)
    sizes = search.sizes

    def probing(target: float) -> tuple[Effort, Ids]:
        """The least effort by lists alone, and the lists that it scans."""
        nprobe, recall = least_effort(ranks, entry.lists, target)
        probes = nearest_lists(affinity, nprobe)
        scanned = float(sizes[probes].sum(axis=1).mean()) / entry.count
        return Effort(nprobe, recall, scanned), probes

    if search.fast_scan is not None:
        effort, probes = probing(lists_target(target_recall))
        numbers = np.where(at >= 0, place_numbers(lists.ravel(), places.offsets[at]), -1)
        candidates = search.candidates(queries, probes, MOST_CANDIDATES)
        depths = ranks_in(candidates, numbers.reshape(true.shape))
        depth, recall = least_effort(depths, MOST_CANDIDATES, target_recall)
        if recall >= target_recall:
            even = time_ways(search, queries, probes, depth, search.thresholds.timed)
            return effort._replace(recall=recall, depth=depth, break_even=even)
        # Codes do not tell apart what lies very close together: the vectors have to.
    return probing(target_recall)[0]


def _true_neighbours(
    search: PartitionSearch, queries: FloatArray, k: int, query_ids: Ids | None
) -> Ids:
    """The true k best of each query, (q, k), not counting the query itself."""
    _, true = search.nearest(queries, k if query_ids is None else k + 1)
    return true if query_ids is None else without_itself(true, as_ids(query_ids))
