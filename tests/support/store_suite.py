"""What holds of every `Store`, whatever finds its candidates: run by each with its own fixtures.

A subclass gives the fixture `opened`: a store of `contents()`, and what changes what it reads its
vectors from, for stores that do.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from clusters import IMAGES, SOUNDS, TEXTS, World, brute_force, unit

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.segment_set import SegmentSet
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.recall import recall_at_k
from anysense.index.vectors.thresholds import Thresholds

if TYPE_CHECKING:
    from anysense.index.vectors.store import Store

LARGE, SMALL = 12_000, 500
THRESHOLDS = Thresholds(exact=1_000, elsewhere=300)
Opened = tuple["Store", Callable[[Any, Any], None]]


def contents() -> dict[Partition, ArraySource]:
    """A large partition, one of the same space, an empty one, and one of another space."""
    ids = np.random.default_rng(1).permutation(2 * LARGE).astype(np.int64)
    rng = np.random.default_rng(3)
    return {
        IMAGES: ArraySource(np.sort(ids[:LARGE]), World().draw(LARGE)),
        TEXTS: ArraySource(np.empty(0, np.int64), np.empty((0, 48), np.float32)),
        SOUNDS: ArraySource(np.sort(ids[LARGE:][:SMALL]), unit(rng.standard_normal((SMALL, 20)))),
    }


class StoreSuite:
    """The tests. Stores are made once: those that are given are not changed."""

    sources = contents()

    def test_it_holds_what_it_was_given(self, opened: Opened) -> None:
        store, images = opened[0], self.sources[IMAGES]
        assert store.partitions == {p: s.count for p, s in self.sources.items()}
        assert {p: e.dimension for p, e in store.layout.items()} == {
            IMAGES: 48,
            TEXTS: 48,
            SOUNDS: 20,
        }
        some = images.ids[::200]
        stored = images.vectors[::200].astype(np.float16).astype(np.float32)
        assert (store.vectors(IMAGES, some[::-1]) == stored[::-1]).all()
        assert store.contains(IMAGES, some).all()
        assert not store.contains(IMAGES, self.sources[SOUNDS].ids[:50]).any()
        for stranger in (self.sources[SOUNDS].ids[0], 10**12):
            with pytest.raises(UsageError, match="not in the partition"):
                store.vectors(IMAGES, np.array([stranger]))

    def test_a_sample_depends_on_the_ids_alone(self, opened: Opened) -> None:
        ids, vectors = opened[0].sample(IMAGES, 100, seed=4)
        chosen = np.sort(np.random.default_rng(4).choice(LARGE, 100, replace=False))
        assert (ids == self.sources[IMAGES].ids[chosen]).all()
        assert (vectors == opened[0].vectors(IMAGES, ids)).all()
        assert len(opened[0].sample(SOUNDS, 10_000)[0]) == SMALL

    @pytest.mark.parametrize("count", [1, 40])
    def test_without_an_effort_small_partitions_are_exact(self, opened: Opened, count: int) -> None:
        source = self.sources[SOUNDS]
        queries = unit(np.random.default_rng(5).standard_normal((count, 20)))
        scores, ids = opened[0].search(SOUNDS, queries, 10)
        true_scores, true = brute_force(source.vectors, source.ids, queries, 10)
        assert (ids == true).all()
        np.testing.assert_allclose(scores, true_scores, atol=1e-6)
        unrounded = np.sort(queries @ source.vectors.T, axis=1)[:, ::-1][:, :10]
        assert np.abs(scores - unrounded).max() < 5e-4

    def test_what_is_missing_is_masked(self, opened: Opened) -> None:
        store, query = opened[0], self.sources[SOUNDS].vectors[:2]
        scores, ids = store.search(SOUNDS, query, SMALL + 5)
        assert (np.sort(ids[:, :SMALL]) == self.sources[SOUNDS].ids).all()
        assert (ids[:, SMALL:] == -1).all()
        assert (scores[:, SMALL:] == -np.inf).all()
        for partition in (TEXTS, Partition("absent", Modality.IMAGE)):
            assert (store.search(partition, np.ones((1, 48), np.float32), 2)[1] == -1).all()
        assert store.search(IMAGES, np.empty((0, 48), np.float32), 5)[1].shape == (0, 5)

    def test_bad_queries_are_refused(self, opened: Opened) -> None:
        for query, k, words in (
            (np.ones((1, 20)), 1, "20 numbers"),
            (np.full((1, 48), np.nan), 1, "not finite"),
            (np.ones((1, 48)), 0, "at least 1"),
        ):
            with pytest.raises(UsageError, match=words):
                opened[0].search(IMAGES, query.astype(np.float32), k)

    @pytest.mark.parametrize("gap", [0, 1])  # of pictures, and of texts that look for pictures
    def test_the_measured_effort_finds_the_target(self, opened: Opened, gap: int) -> None:
        store, source = opened[0], self.sources[IMAGES]
        effort = store.choose_effort(IMAGES, World(draws=2).draw(200, gap))
        queries = World(draws=1).draw(300, gap)
        scores, ids = store.search(IMAGES, queries, 10, effort)
        true_scores, true = brute_force(source.vectors, source.ids, queries, 10)
        assert recall_at_k(ids, true) >= 0.95
        same = ids == true
        np.testing.assert_allclose(scores[same], true_scores[same], atol=1e-6)
        assert (np.diff(scores, axis=1) <= 0).all()

    @pytest.mark.parametrize("share", [0.001, 0.01, 0.1, 0.5, 0.9])
    def test_filters_keep_the_recall(self, opened: Opened, share: float) -> None:
        store, source = opened[0], self.sources[IMAGES]
        effort = store.choose_effort(IMAGES, World(draws=2).draw(200, 1))
        rows = np.random.default_rng(2).choice(LARGE, int(LARGE * share), replace=False)
        queries = World(draws=1).draw(60, 1)
        _, true = brute_force(source.vectors[rows], source.ids[rows], queries, 10)
        _, ids = store.search(IMAGES, queries, 10, effort, allowed=SegmentSet.of(source.ids[rows]))
        assert (ids[:, : min(10, len(rows))] >= 0).all()
        assert np.isin(ids[ids >= 0], source.ids[rows]).all()
        assert recall_at_k(ids, true) >= (1.0 if share <= 0.01 else 0.95)

    def test_filters_for_other_topics_than_the_query(self, opened: Opened) -> None:
        world, source = World(draws=1), self.sources[IMAGES]
        topic = (source.vectors @ unit(world.topics + world.gaps[0]).T).argmax(axis=1)
        rows = np.flatnonzero(topic >= 60)
        queries = world.draw(60, among=60)
        effort = opened[0].choose_effort(IMAGES, World(draws=2).draw(200))
        _, ids = opened[0].search(
            IMAGES, queries, 10, effort, allowed=SegmentSet.of(source.ids[rows])
        )
        _, true = brute_force(source.vectors[rows], source.ids[rows], queries, 10)
        assert recall_at_k(ids, true) >= 0.9  # the hardest there are: their neighbours are far

    def test_filters_that_leave_little(self, opened: Opened) -> None:
        store, ids = opened[0], self.sources[IMAGES].ids
        query, nothing = self.sources[IMAGES].vectors[:1], np.empty(0, np.int64)
        few = {"allowed": SegmentSet.of(ids[:9]), "excluded": ids[:9]}
        for options in (
            {"allowed": SegmentSet.of(nothing)},
            {"allowed": SegmentSet.of(self.sources[SOUNDS].ids)},
            few,
        ):
            assert (store.search(IMAGES, query, 3, **options)[1] == -1).all()
        again = np.array([ids[5], ids[5], 10**12, -4])
        assert store.search(IMAGES, query, 3, allowed=SegmentSet.of(again))[1].tolist() == [
            [ids[5], -1, -1]
        ]

    def test_excluded_segments_are_not_found(self, opened: Opened) -> None:
        store, source = opened[0], self.sources[IMAGES]
        effort = store.choose_effort(IMAGES, World(draws=2).draw(200))
        gone = np.random.default_rng(4).random(LARGE) < 0.3
        queries = World(draws=1).draw(100)
        nearest = brute_force(source.vectors, source.ids, queries, 40)[1]
        excluded = np.unique(np.concatenate([source.ids[gone], nearest[:20].ravel(), [10**12]]))
        left = ~np.isin(source.ids, excluded)
        _, ids = store.search(IMAGES, queries, 10, effort, excluded=excluded)
        assert not np.isin(ids, excluded).any()
        _, true = brute_force(source.vectors[left], source.ids[left], queries, 10)
        assert recall_at_k(ids, true) >= 0.95

    def test_searches_at_the_same_time_agree(self, opened: Opened) -> None:
        queries = World(draws=1).draw(32, 1)
        effort = opened[0].choose_effort(IMAGES, World(draws=2).draw(100))

        def search(i: int) -> Any:
            return opened[0].search(IMAGES, queries[i : i + 1], 10, effort)[1][0]

        with ThreadPoolExecutor(8) as pool:
            together = np.array(list(pool.map(search, range(32))))
        # An engine that goes on with its index may find another of those that are far.
        assert recall_at_k(together, np.array([search(i) for i in range(32)])) > 0.95

    def test_a_newer_store_leaves_the_older_one(self, opened: Opened) -> None:
        store, change = opened
        source, new = self.sources[IMAGES], World(draws=5).draw(20)
        ids, gone = np.arange(10**6, 10**6 + 20), source.ids[:30]
        change({IMAGES: (ids, new), TEXTS: (ids + 100, new)}, gone)
        newer = store.updated({IMAGES: (ids, new), TEXTS: (ids + 100, new)}, gone)
        assert newer.partitions == {IMAGES: LARGE - 10, TEXTS: 20, SOUNDS: SMALL}
        assert newer.keeps_centroids(IMAGES, store)
        effort = store.choose_effort(IMAGES, World(draws=2).draw(200))
        assert (newer.search(IMAGES, new, 1, effort)[1][:, 0] == ids).all()
        assert (newer.search(TEXTS, new, 1)[1][:, 0] == ids + 100).all()
        assert not np.isin(newer.search(IMAGES, source.vectors[:30], 5, effort)[1], gone).any()
        assert not np.isin(store.search(IMAGES, new, 5, effort)[1], ids).any()
        assert newer.contains(IMAGES, ids).all()
        assert not store.contains(IMAGES, ids).any()
        assert store.partitions[IMAGES] == LARGE
