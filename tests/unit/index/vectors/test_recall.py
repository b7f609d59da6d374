"""The arithmetic of approximate search: which lists to probe, and what recall that gives."""

from __future__ import annotations

import numpy as np
import pytest

from anysense.index.segment_set import SegmentSet
from anysense.index.vectors.idmap import IdMap
from anysense.index.vectors.recall import (
    least_effort,
    list_ranks,
    nearest_lists,
    plan_probes,
    ranks_in,
    recall_at_k,
    sufficient_lists,
)

AFFINITY = np.array([[0.9, 0.1, 0.5, 0.7], [0.0, 0.4, 0.3, 0.2]], dtype=np.float32)


def test_nearest_lists_are_those_of_the_largest_product() -> None:
    assert [set(row) for row in nearest_lists(AFFINITY, 2)] == [{0, 3}, {1, 2}]


def test_enough_lists_are_taken_in_order_and_empty_ones_are_skipped() -> None:
    counts = np.array([3, 2, 0, 4])
    lists = sufficient_lists(AFFINITY, counts, np.array([4, 9]))
    assert lists.tolist() == [[0, 3, -1], [1, 3, 0]]
    assert sufficient_lists(AFFINITY, counts, np.array([3, 1])).tolist() == [[0], [1]]
    assert sufficient_lists(AFFINITY, counts, np.array([99, 99])).shape == (2, 3)


def test_ranks_count_the_lists_probed_before() -> None:
    lists = np.array([[0, 3, 2], [1, -1, 0]])
    assert list_ranks(AFFINITY, lists).tolist() == [[0, 1, 2], [0, -1, 3]]
    tied = np.array([[0.5, 0.5, 0.1]], dtype=np.float32)
    assert list_ranks(tied, np.array([[0, 1]])).tolist() == [[1, 1]]


def test_least_effort_reaches_the_target_with_confidence() -> None:
    ranks = np.tile(np.arange(10), (400, 1))  # one of ten neighbours in each of ten lists
    assert least_effort(ranks, 50, 0.9) == (9, pytest.approx(0.9))
    assert least_effort(ranks, 50, 0.91) == (10, 1.0)
    uneven = np.where(np.arange(400)[:, None] % 2 == 0, 0, ranks)
    nprobe, measured = least_effort(uneven, 50, 0.9)
    assert (nprobe, measured) == (9, pytest.approx(0.95))  # at 8, 0.9 is within the error
    assert least_effort(np.full((3, 10), -1), 50, 0.9) == (50, 1.0)
    assert least_effort(np.array([[0, -1]]), 50, 1.0) == (1, 1.0)


def test_recall_counts_only_neighbours_that_exist() -> None:
    true = np.array([[1, 2, 3], [4, -1, -1], [-1, -1, -1]])
    ids = np.array([[3, 9, 1], [5, 4, -1], [7, -1, -1]])
    assert recall_at_k(ids, true) == pytest.approx((2 / 3 + 1) / 2)
    assert recall_at_k(ids[2:], true[2:]) == 1.0


@pytest.fixture
def probes() -> tuple[np.ndarray, np.ndarray, IdMap]:
    """Queries, the centroids of 100 lists, and 100 segments in each."""
    rng = np.random.default_rng(0)
    queries = rng.standard_normal((6, 16)).astype(np.float32)
    centroids = rng.standard_normal((100, 16)).astype(np.float32)
    return queries, centroids, IdMap(np.arange(10_000).reshape(100, 100))


def test_plans_scan_as_much_as_the_filter_needs(
    probes: tuple[np.ndarray, np.ndarray, IdMap],
) -> None:
    queries, centroids, places = probes

    def scanned(allowed: np.ndarray | None, nprobe: int = 5, k: int = 10) -> list[int]:
        selection = None if allowed is None else places.select(SegmentSet.of(allowed), None)
        lists = plan_probes(queries, centroids, places.sizes, selection, nprobe, k, full_probe=10)
        return (lists >= 0).sum(axis=1).tolist()

    everything = np.arange(10_000)
    assert scanned(None) == [5] * 6
    assert scanned(None, k=750) == [8] * 6
    assert scanned(None, nprobe=100) == [100] * 6
    assert scanned(everything) == [5] * 6
    assert scanned(everything[::2]) == [30] * 6  # three times as many eligible: see _enough
    assert scanned(everything[:1000]) == [10] * 6  # a tenth: all that hold any
    assert scanned(everything[::10]) == [100] * 6
    assert scanned(everything[everything % 1000 != 0]) == [6] * 6
    far = np.flatnonzero(~np.isin(np.arange(100), nearest_lists(queries @ centroids.T, 5)))
    rare = (far[:, None] * 100 + np.arange(100)).ravel()
    assert min(scanned(rare)) == len(far)  # none near any query: everything eligible


def test_ranks_in() -> None:
    ranks = ranks_in(np.array([[7, 5, 9], [1, 2, -1]]), np.array([[9, 7, 4], [2, 3, -1]]))
    assert ranks.tolist() == [[2, 0, 3], [1, 3, -1]]
