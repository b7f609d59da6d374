"""Which way to search costs less on this machine: the fast scan, or the vectors themselves."""

from __future__ import annotations

from statistics import median
from time import get_clock_info, perf_counter, thread_time
from typing import TYPE_CHECKING

from anysense.index.vectors.faiss.search import EVERYTHING
from anysense.index.vectors.recall import MEASURED_K

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids
    from anysense.index.vectors.faiss.search import PartitionSearch

__all__ = ["break_even", "time_ways"]

SECONDS = 0.5
"""How long the queries of a route are timed at most; the first three are in any case."""

# What else the machine does counts less by the thread's own time; not everywhere is it fine enough.
_clock = thread_time if get_clock_info("thread_time").resolution < 1e-6 else perf_counter

_MORE = 4


def time_ways(
    search: PartitionSearch, queries: FloatArray, probes: Ids, depth: int, count: int
) -> int | None:
    """The number of candidates with which a fast scan takes as long as a scan of the vectors.

    Args:
        search: of a partition with a fast scan.
        queries: (q, stored dimension).
        probes: (q, p), the lists that each scans.
        depth: the candidates of which the 10 best are found.
        count: how many queries are timed; with 0, nothing is.

    Returns:
        The number, from the medians of searches one by one; None if nothing was timed.
    """
    most = _MORE * depth
    ways: list[Callable[[FloatArray, Ids], object]] = [
        lambda query, lists: search.by_vectors(query, MEASURED_K, lists, EVERYTHING),
        lambda query, lists: search.by_candidates(query, MEASURED_K, lists, depth, depth),
        lambda query, lists: search.by_candidates(query, MEASURED_K, lists, most, most),
    ]
    taken: list[list[float]] = [[] for _ in ways]
    started = perf_counter()
    for place in range(min(count, len(queries))):
        if place >= 3 and perf_counter() - started > SECONDS:
            break
        query, lists = queries[place : place + 1], probes[place : place + 1]
        for way in ways:  # else the first would fetch from memory what the next find in a cache
            way(query, lists)
        for way, times in zip(ways, taken, strict=True):
            before = _clock()
            way(query, lists)
            times.append(_clock() - before)
    if not taken[0]:
        return None
    vectors, few, more = map(median, taken)
    return break_even(vectors, (depth, few), (most, more))


def break_even(vectors: float, few: tuple[int, float], more: tuple[int, float]) -> int:
    """Where the line through two numbers of candidates and their times reaches a time.

    Args:
        vectors: what a scan of the vectors takes.
        few: candidates, and what a search with so many takes.
        more: the same of more candidates.

    Returns:
        The number; 0 if even none would take longer, and at most four times those that were timed:
        the line holds no further.
    """
    most, slope = _MORE * more[0], (more[1] - few[1]) / (more[0] - few[0])
    if slope <= 0:
        return most if more[1] < vectors else 0
    return max(0, min(most, round(few[0] + (vectors - few[1]) / slope)))
