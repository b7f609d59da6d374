"""A search by a fast scan: it finds what the vectors themselves would, and is never the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from clusters import (
    DIMENSION,
    IMAGES,
    MANY,
    World,
    probing,
    unit,
)

from anysense.index.segment_set import SegmentSet
from anysense.index.types import ArraySource
from anysense.index.vectors.faiss.fastscan import MOST_CANDIDATES
from anysense.index.vectors.faiss.search import PartitionSearch
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.recall import recall_at_k

if TYPE_CHECKING:
    from anysense.index.vectors.thresholds import Thresholds


@pytest.fixture(scope="session")
def wide(fast: FaissStore, fast_thresholds: Thresholds) -> FaissStore:
    """Takes filters of more than a tenth for wide, as if the partition were large."""
    return FaissStore(fast.lists, fast.fast_scans, fast_thresholds._replace(full_probe=100))


def nearest(fast: FaissStore, queries: Any, k: int = 10, **options: Any) -> tuple[Any, Any]:
    effort = fast.choose_effort(IMAGES, queries)
    assert effort.depth
    return fast.search(IMAGES, queries, k, effort, **options)


def test_candidates_reach_the_target(fast: FaissStore, near_world: World, queries: Any) -> None:
    effort = fast.choose_effort(IMAGES, near_world.draw(300))
    assert effort.recall >= 0.95
    assert 10 < effort.depth < MOST_CANDIDATES
    assert 0 < effort.scanned < 0.5
    _, true = fast.search(IMAGES, queries, 10)
    _, ids = fast.search(IMAGES, queries, 10, effort)
    assert recall_at_k(ids, true) >= 0.93
    one_by_one = [fast.search(IMAGES, query[None], 10, effort)[1][0] for query in queries[:20]]
    np.testing.assert_array_equal(one_by_one, ids[:20])
    _, few = fast.search(IMAGES, queries, 10, effort._replace(depth=10))
    assert recall_at_k(few, true) < recall_at_k(ids, true)  # it is the fast scan that answers


def test_what_codes_do_not_find_is_scanned(fast_thresholds: Thresholds) -> None:
    ids, rng = np.arange(MANY), np.random.default_rng(0)
    source = ArraySource(ids, unit(rng.standard_normal((MANY, 1))))
    store = FaissStore.build({IMAGES: source}, thresholds=fast_thresholds)
    assert IMAGES in store.fast_scans
    for query in (np.ones((1, 1)), -np.ones((1, 1)), np.zeros((1, 1))):
        scores, nearby = store.search(IMAGES, query, 5, probing(9, depth=10), excluded=ids[:9])
        np.testing.assert_allclose(scores, abs(query) * np.ones((1, 5)))
        assert (nearby >= 9).all()


@pytest.mark.parametrize("k", [1, 50, 300])
def test_depth_grows_with_k(fast: FaissStore, queries: Any, k: int) -> None:
    _, all_lists = fast.search(IMAGES, queries, k)
    effort = fast.choose_effort(IMAGES, queries)
    _, scanned = fast.search(IMAGES, queries, k, effort._replace(depth=0))
    _, ids = fast.search(IMAGES, queries, k, effort)
    assert recall_at_k(ids, all_lists) > recall_at_k(scanned, all_lists) - 0.03


def test_scores_are_those_of_the_vectors(fast: FaissStore, queries: Any) -> None:
    scores, ids = nearest(fast, queries)
    vectors = fast.vectors(IMAGES, ids.ravel()).reshape(*ids.shape, DIMENSION)
    np.testing.assert_allclose(scores, np.einsum("qkd,qd->qk", vectors, queries), atol=1e-5)
    assert (np.diff(scores, axis=1) <= 0).all()


def test_what_is_excluded_is_not_found(fast: FaissStore, queries: Any) -> None:
    _, before = nearest(fast, queries)
    gone = np.unique(before[:, :3])
    _, true = fast.search(IMAGES, queries, 10, excluded=gone)
    _, ids = nearest(fast, queries, excluded=gone)
    assert not np.isin(ids, gone).any()
    assert recall_at_k(ids, true) >= 0.93


def test_what_is_excluded_elsewhere_needs_no_candidates(fast: FaissStore, queries: Any) -> None:
    effort = probing(3, depth=10)
    far = np.unique(fast.search(IMAGES, -queries[:1], 1_000)[1])
    _, true = fast.search(IMAGES, queries[:1], 10)
    assert recall_at_k(fast.search(IMAGES, queries[:1], 10, effort)[1], true) < 0.8
    _, ids = fast.search(IMAGES, queries[:1], 10, effort, excluded=far)
    assert recall_at_k(ids, true) < 0.8  # so it took no more than ten


def test_narrow_filters_are_answered_exactly(fast: FaissStore, queries: Any) -> None:
    allowed = SegmentSet.of(fast.lists.all_ids()[::40])
    expected = fast.search(IMAGES, queries, 10, allowed=allowed)
    _, ids = nearest(fast, queries, allowed=allowed)
    np.testing.assert_array_equal(ids, expected[1])


@pytest.fixture
def scans_of_vectors(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Of how many queries at a time the vectors are scanned."""
    scanned: list[int] = []
    scan = PartitionSearch.by_vectors

    def counted(self: PartitionSearch, queries: Any, *rest: Any) -> Any:
        scanned.append(len(queries))
        return scan(self, queries, *rest)

    monkeypatch.setattr(PartitionSearch, "by_vectors", counted)
    return scanned


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_candidates_of_wide_filters_keep_the_recall(
    wide: FaissStore, queries: Any, share: float, scans_of_vectors: list[int]
) -> None:
    ids = np.sort(wide.lists.all_ids())
    rng = np.random.default_rng(4)
    allowed = SegmentSet.of(rng.choice(ids, int(share * len(ids)), replace=False))
    _, true = wide.search(IMAGES, queries, 10, allowed=allowed)
    effort = wide.choose_effort(IMAGES, queries)
    scans_of_vectors.clear()
    _, found = wide.search(IMAGES, queries, 10, effort, allowed=allowed)
    assert sum(scans_of_vectors) < 0.2 * len(queries)
    assert allowed.contains(found.ravel()).all()
    assert recall_at_k(found, true) >= 0.95
    _, more = wide.search(IMAGES, queries, 60, effort, allowed=allowed)
    _, truth = wide.search(IMAGES, queries, 60, allowed=allowed)
    assert allowed.contains(more.ravel()).all()
    by_vectors = effort._replace(depth=0)
    _, scanned = wide.search(IMAGES, queries, 60, by_vectors, allowed=allowed)
    assert recall_at_k(more, truth) > recall_at_k(scanned, truth) - 0.03


def test_where_few_candidates_may_be_found_the_vectors_are_scanned(
    wide: FaissStore, near_world: World, scans_of_vectors: list[int]
) -> None:
    query = near_world.draw(1)
    _, near = wide.search(IMAGES, query, 2_000)
    allowed = SegmentSet.of(np.setdiff1d(wide.lists.all_ids(), near))
    _, true = wide.search(IMAGES, query, 10, allowed=allowed)
    effort = wide.choose_effort(IMAGES, near_world.draw(300))
    scans_of_vectors.clear()
    _, found = wide.search(IMAGES, query, 10, effort, allowed=allowed)
    assert scans_of_vectors == [1]
    assert recall_at_k(found, true) >= 0.9
