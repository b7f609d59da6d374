"""When a fast scan pays, and what it calls a segment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from anysense.embed.types import Modality
from anysense.index.types import Partition
from anysense.index.vectors.faiss.fastscan import (
    candidates_for,
    depth_for,
    pays,
    place_numbers,
    split_places,
    wants_fast_scan,
)
from anysense.index.vectors.layout import PartitionLayout
from anysense.index.vectors.recall import Effort
from anysense.index.vectors.thresholds import Thresholds


def test_depth_grows_with_the_number_of_neighbours() -> None:
    effort = Effort(5, 0.95, depth=100)
    assert depth_for(1, effort) == depth_for(10, effort) == 100
    assert depth_for(80, effort) == 400
    assert depth_for(500, effort._replace(depth=20)) == 500


def test_as_many_candidates_are_taken_as_leave_enough_that_may_be_found() -> None:
    scanned = np.array([1_000, 2_000])
    assert candidates_for(100, scanned, scanned) == 100
    assert candidates_for(100, scanned, scanned - [3, 7]) == 107  # certain
    assert candidates_for(100, scanned, scanned // [2, 4]) == 500  # likely: a quarter is eligible
    assert candidates_for(100, scanned, np.array([1_000, 0])) == 2_100


def test_the_cost_decides() -> None:
    effort = Effort(5, 0.95, depth=100)
    assert pays(100, effort, 2_500, 2_500)
    assert not pays(100, effort, 2_300, 2_300)  # to scan the vectors costs less
    assert not pays(107, effort, 2_450, 2_450)
    assert not pays(100, effort._replace(depth=0), 10**6, 10**6)  # there is none
    free = Thresholds(scanned_per_candidate=0, scanned_per_search=0)
    assert pays(100, effort, 1, 1, free)


def test_where_both_ways_were_timed_that_decides() -> None:
    effort = Effort(5, 0.95, depth=100, break_even=150)
    assert pays(149, effort, 1, 1)
    assert not pays(150, effort, 10**6, 10**6)
    assert pays(150, effort, 1_100, 1_000)  # of more lists, both ways take longer
    assert not pays(150, effort, 900, 1_000)
    assert not pays(1, effort._replace(break_even=0), 10**6, 10)


def test_place_numbers_read_back() -> None:
    lists, offsets = np.array([0, 3, 2**20]), np.array([5, 0, 2**31 - 1], np.int32)
    for one, other in zip(
        split_places(place_numbers(lists, offsets)), (lists, offsets), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_a_large_clustered_partition_wants_one() -> None:
    entry = PartitionLayout(Partition("s", Modality.IMAGE), 8, 0, 632, 100_000, 100_000)
    assert wants_fast_scan(entry)
    assert not wants_fast_scan(replace(entry, count=99_999))
    assert not wants_fast_scan(replace(entry, lists=1))
    assert not wants_fast_scan(entry, Thresholds(fast_scan=100_001))
