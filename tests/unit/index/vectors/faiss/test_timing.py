"""Which way to search costs less, by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clusters import IMAGES, World

from anysense.index.vectors.faiss import timing
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.faiss.timing import break_even, time_ways
from anysense.index.vectors.recall import nearest_lists

if TYPE_CHECKING:
    import pytest


def test_where_both_ways_take_as_long() -> None:
    assert break_even(3.0, (100, 1.0), (400, 2.0)) == 700
    assert break_even(1.5, (100, 1.0), (400, 2.0)) == 250
    assert break_even(0.1, (100, 1.0), (400, 2.0)) == 0
    assert break_even(3.0, (100, 1.0), (400, 1.1)) == 1600  # the line holds no further
    assert break_even(3.0, (100, 1.0), (400, 1.0)) == 1600
    assert break_even(0.9, (100, 1.0), (400, 1.0)) == 0


def test_the_clock_decides(
    fast: FaissStore, near_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = fast.search_of(IMAGES)
    queries = search.as_stored(near_world.draw(9))
    probes = nearest_lists(queries @ search.centroids.T, 4)
    assert time_ways(search, queries, probes, 50, count=0) is None
    for vectors, expected in ((0.2, 0), (0.4, 50), (0.8, 150)):
        clock = iter([0.0, vectors, 0.0, 0.4, 0.0, 1.0])
        # a real clock would decide otherwise each time
        monkeypatch.setattr(timing, "_clock", lambda clock=clock: next(clock))
        assert time_ways(search, queries, probes, 50, count=1) == expected


def test_an_effort_says_where_a_fast_scan_stops_paying(fast: FaissStore, near_world: World) -> None:
    timed = FaissStore(fast.lists, fast.fast_scans, fast.thresholds._replace(timed=4))
    queries = near_world.draw(200)
    effort, other = timed.choose_effort(IMAGES, queries), fast.choose_effort(IMAGES, queries)
    assert other.break_even is None
    assert effort.break_even is not None
    assert effort._replace(break_even=None) == other
    for chosen, alike in ((0, effort._replace(depth=0)), (10**6, other)):
        found = timed.search(IMAGES, queries, 10, effort._replace(break_even=chosen))[1]
        assert (found == timed.search(IMAGES, queries, 10, alike)[1]).all()
