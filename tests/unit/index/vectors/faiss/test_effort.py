"""The effort that is chosen on some queries serves others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from clusters import (
    DIMENSION,
    IMAGES,
    MANY,
    TEXTS,
    World,
    brute_force,
    probing,
    unit,
)

from anysense.index.types import ArraySource
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.recall import Effort, recall_at_k

if TYPE_CHECKING:
    from anysense.index.vectors.thresholds import Thresholds


@pytest.mark.parametrize("gap", [0, 1])
def test_chosen_nprobe_reaches_its_target_on_other_queries(
    clustered: FaissStore, many: ArraySource, world: World, gap: int
) -> None:
    nprobe, measured, *_ = clustered.choose_effort(IMAGES, world.draw(200, gap), target_recall=0.95)
    assert measured >= 0.95
    assert nprobe < clustered.layout[IMAGES].lists / 4
    queries = world.draw(200, gap)
    _, ids = clustered.search(IMAGES, queries, 10, probing(nprobe))
    _, true = brute_force(many.vectors, many.ids, queries, 10)
    assert recall_at_k(ids, true) >= 0.95
    _, fewer = clustered.search(IMAGES, queries, 10, probing(max(1, nprobe // 3)))
    assert recall_at_k(fewer, true) < recall_at_k(ids, true)


def test_predicted_recall_is_that_of_the_search(
    clustered: FaissStore, many: ArraySource, world: World
) -> None:
    queries = world.draw(100, gap=1)
    nprobe, measured, *_ = clustered.choose_effort(IMAGES, queries, target_recall=0.8)
    _, ids = clustered.search(IMAGES, queries, 10, probing(nprobe))
    _, true = brute_force(many.vectors, many.ids, queries, 10)
    assert recall_at_k(ids, true) == pytest.approx(measured, abs=0.002)


def test_queries_that_are_segments_do_not_count_themselves(clustered: FaissStore) -> None:
    ids, vectors = clustered.sample(IMAGES, 200, seed=3)
    assert clustered.choose_effort(IMAGES, vectors, target_recall=0.99, k=1)[:2] == (1, 1.0)
    nprobe, *_ = clustered.choose_effort(IMAGES, vectors, target_recall=0.99, k=1, query_ids=ids)
    assert nprobe > 1


def test_choosing_needs_lists_and_queries(clustered: FaissStore) -> None:
    assert clustered.choose_effort(TEXTS, np.ones((5, 24), np.float32)) == Effort(1, 1.0)
    nothing = np.empty((0, 48), np.float32)
    lists = clustered.layout[IMAGES].lists
    assert clustered.choose_effort(IMAGES, nothing) == Effort(lists, 1.0)


def test_what_codes_cannot_tell_apart_is_scanned(fast_thresholds: Thresholds) -> None:
    rng = np.random.default_rng(0)  # a dozen kinds of near-duplicates
    kinds = rng.standard_normal((12, DIMENSION))[rng.integers(0, 12, MANY)]
    vectors = unit(kinds + 0.02 * rng.standard_normal(kinds.shape))
    source = ArraySource(np.arange(MANY), vectors)
    store = FaissStore.build({IMAGES: source}, thresholds=fast_thresholds)
    effort = store.choose_effort(IMAGES, vectors[:256], query_ids=np.arange(256))
    assert effort.recall >= 0.95
    assert effort.depth == 0
