"""What a search may not return costs no recall of what it may."""

from __future__ import annotations

import numpy as np
import pytest
from clusters import (
    IMAGES,
    MANY,
    TEXTS,
    World,
    brute_force,
    probing,
    small,
    unit,
)

from anysense.index.segment_set import SegmentSet
from anysense.index.types import ArraySource
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.recall import recall_at_k
from anysense.index.vectors.thresholds import Thresholds

only = SegmentSet.of


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("queries_at_once", [1, 40])
def test_narrow_filters_are_answered_exactly(
    clustered: FaissStore, many: ArraySource, world: World, share: float, queries_at_once: int
) -> None:
    rows = np.random.default_rng(2).choice(MANY, int(MANY * share), replace=False)
    queries = world.draw(40, gap=1)
    _, true = brute_force(many.vectors[rows], many.ids[rows], queries, 10)
    results = [
        clustered.search(
            IMAGES,
            queries[i : i + queries_at_once],
            10,
            probing(2),
            allowed=only(many.ids[rows]),
        )[1]
        for i in range(0, 40, queries_at_once)
    ]
    assert recall_at_k(np.concatenate(results), true) == 1.0


@pytest.fixture
def approximate(clustered: FaissStore) -> FaissStore:
    """Treats filters of more than a tenth as if the partition were too large to scan in full."""
    return FaissStore(clustered.lists, clustered.fast_scans, Thresholds(full_probe=100))


@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize("share", [0.15, 0.5, 0.9])
def test_wide_filters_keep_the_recall(
    approximate: FaissStore, many: ArraySource, world: World, share: float, gap: int
) -> None:
    nprobe, *_ = approximate.choose_effort(IMAGES, world.draw(200, gap))
    rows = np.random.default_rng(2).choice(MANY, int(MANY * share), replace=False)
    queries = world.draw(200, gap)
    _, true = brute_force(many.vectors[rows], many.ids[rows], queries, 10)
    _, ids = approximate.search(IMAGES, queries, 10, probing(nprobe), allowed=only(many.ids[rows]))
    assert recall_at_k(ids, true) >= 0.95


@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize("excluded_topics", [60, 200])
def test_filters_for_other_topics_than_the_query_keep_the_recall(
    approximate: FaissStore, many: ArraySource, world: World, excluded_topics: int, gap: int
) -> None:
    topic = (many.vectors @ unit(world.topics + world.gaps[0]).T).argmax(axis=1)
    rows = np.flatnonzero(topic >= excluded_topics)
    assert 0.2 < len(rows) / MANY < 0.9
    queries = world.draw(100, gap, among=excluded_topics)  # of what the filter leaves out
    _, true = brute_force(many.vectors[rows], many.ids[rows], queries, 10)
    nprobe, *_ = approximate.choose_effort(IMAGES, world.draw(200, gap))
    _, ids = approximate.search(IMAGES, queries, 10, probing(nprobe), allowed=only(many.ids[rows]))
    assert np.isin(ids, many.ids[rows]).all()
    assert recall_at_k(ids, true) >= 0.95


def test_filters_that_leave_few_segments_are_answered_exactly(
    clustered: FaissStore, many: ArraySource, world: World
) -> None:
    queries = world.draw(40, gap=1)
    half = many.ids[: MANY // 2]
    _, ids = clustered.search(IMAGES, queries, 10, probing(1), allowed=only(half))
    assert recall_at_k(ids, brute_force(many.vectors[: MANY // 2], half, queries, 10)[1]) == 1.0


def test_filters_that_leave_little() -> None:
    sources = small()
    store = FaissStore.build(sources)
    image_ids = sources[IMAGES].ids
    query = sources[IMAGES].vectors[:1]
    nothing = np.empty(0, np.int64)
    assert (store.search(IMAGES, query, 3, allowed=only(nothing))[1] == -1).all()
    assert (store.search(IMAGES, query, 3, allowed=only(sources[TEXTS].ids))[1] == -1).all()
    assert (store.search(IMAGES, query, 3, excluded=image_ids)[1] == -1).all()
    assert (
        store.search(IMAGES, query, 3, allowed=only(image_ids[:9]), excluded=image_ids[:9])[1] == -1
    ).all()
    _, ids = store.search(IMAGES, query, 3, allowed=only([image_ids[5], image_ids[5], 10**12, -4]))
    assert ids.tolist() == [[image_ids[5], -1, -1]]
    _, everything = store.search(IMAGES, query, 3, allowed=only(np.arange(10**4)), excluded=nothing)
    assert (everything == store.search(IMAGES, query, 3)[1]).all()


@pytest.mark.parametrize("spread", [1, 10**9])  # ids dense enough for a bitmap, and not
def test_excluded_segments_are_gone(spread: int) -> None:
    sources = small()
    ids, vectors = sources[IMAGES].ids * spread, sources[IMAGES].vectors
    store = FaissStore.build({IMAGES: ArraySource(ids, vectors)})
    queries = vectors[:30]
    for share in (0.02, 0.6):
        gone = np.random.default_rng(4).random(len(ids)) < share
        elsewhere = np.array([10**14, 3], dtype=np.int64)
        _, nearby = store.search(
            IMAGES, queries, 10, excluded=np.concatenate([ids[gone], elsewhere])
        )
        assert (nearby == brute_force(vectors[~gone], ids[~gone], queries, 10)[1]).all()
        _, nearby = store.search(IMAGES, queries, 10, allowed=only(ids[:200]), excluded=ids[gone])
        left = np.flatnonzero(~gone[:200])
        assert (nearby == brute_force(vectors[left], ids[left], queries, 10)[1]).all()


def test_tombstones_in_a_clustered_partition_keep_the_recall(
    approximate: FaissStore, many: ArraySource, world: World
) -> None:
    nprobe, *_ = approximate.choose_effort(IMAGES, world.draw(200))
    gone = np.random.default_rng(4).random(MANY) < 0.2
    queries = world.draw(200)
    _, ids = approximate.search(IMAGES, queries, 10, probing(nprobe), excluded=many.ids[gone])
    assert not np.isin(ids, many.ids[gone]).any()
    _, true = brute_force(many.vectors[~gone], many.ids[~gone], queries, 10)
    assert recall_at_k(ids, true) >= 0.95
