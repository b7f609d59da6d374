"""When a fast scan pays, and what it calls a segment."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from anysense.embed.types import Modality
from anysense.index.types import Partition
from anysense.index.vectors.faiss.fastscan import (
    depth_for,
    place_numbers,
    split_places,
    wants_fast_scan,
)
from anysense.index.vectors.layout import PartitionLayout
from anysense.index.vectors.recall import Effort
from anysense.index.vectors.thresholds import Thresholds


def test_the_cost_decides() -> None:
    effort = Effort(5, 0.95, depth=100)
    assert depth_for(10, effort, 0, 2_500) == 100
    assert depth_for(10, effort, 0, 2_300) is None  # to scan the vectors costs less
    assert depth_for(80, effort, 0, 10_000) == 400
    assert depth_for(10, effort, 7, 3_000) == 107
    assert depth_for(500, effort._replace(depth=20), 0, 10**6) == 500
    assert depth_for(10, effort._replace(depth=0), 0, 10**6) is None  # there is none
    free = Thresholds(scanned_per_candidate=0, scanned_per_search=0)
    assert depth_for(10, effort, 0, 1, free) == 100


def test_where_both_ways_were_timed_that_decides() -> None:
    effort = Effort(5, 0.95, depth=100, break_even=150)
    assert depth_for(10, effort, 0, 1) == 100
    assert depth_for(10, effort, 49, 1) == 149
    assert depth_for(10, effort, 50, 10**6) is None
    assert depth_for(80, effort, 0, 10**6) is None
    assert depth_for(10, effort._replace(break_even=0), 0, 10**6) is None


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
