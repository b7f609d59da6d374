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
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.recall import recall_at_k

if TYPE_CHECKING:
    from anysense.index.vectors.thresholds import Thresholds


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


def test_filters_are_answered_by_the_vectors(fast: FaissStore, queries: Any) -> None:
    allowed = SegmentSet.of(fast.lists.all_ids()[::40])
    expected = fast.search(IMAGES, queries, 10, allowed=allowed)
    _, ids = nearest(fast, queries, allowed=allowed)
    np.testing.assert_array_equal(ids, expected[1])
