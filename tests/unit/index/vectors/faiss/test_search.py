"""What a search returns is what a brute-force search over the same vectors returns."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from clusters import (
    IMAGES,
    MANY,
    SOUNDS,
    TEXTS,
    World,
    brute_force,
    probing,
    small,
    unit,
)

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.segment_set import SegmentSet
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.layout import lists_for
from anysense.index.vectors.recall import recall_at_k


@pytest.mark.parametrize("partition", [IMAGES, TEXTS, SOUNDS])
@pytest.mark.parametrize("count", [1, 64])  # scanned query by query, and as a matrix product
def test_small_partitions_are_searched_exactly(partition: Partition, count: int) -> None:
    sources = small()
    store = FaissStore.build(sources)
    source = sources[partition]
    queries = unit(np.random.default_rng(5).standard_normal((count, source.dimension)))
    scores, ids = store.search(partition, queries, 10)
    true_scores, true_ids = brute_force(source.vectors, source.ids, queries, 10)
    assert (ids == true_ids).all()
    np.testing.assert_allclose(scores, true_scores, atol=1e-6)
    assert scores.dtype == np.float32
    assert ids.dtype == np.int64
    unrounded = np.sort(queries @ source.vectors.T, axis=1)[:, ::-1][:, :10]
    assert np.abs(scores - unrounded).max() < 5e-4


def test_what_is_missing_is_masked() -> None:
    sources = small(n=3)
    sources[TEXTS] = ArraySource(np.empty(0, np.int64), np.empty((0, 24), np.float32))
    store = FaissStore.build(sources)
    query = sources[IMAGES].vectors[:2]
    scores, ids = store.search(IMAGES, query, 5)
    assert (ids[:, 3:] == -1).all()
    assert (scores[:, 3:] == -np.inf).all()
    assert sorted(ids[0, :3]) == sorted(sources[IMAGES].ids)
    for partition in (TEXTS, Partition("absent", Modality.IMAGE)):
        scores, ids = store.search(partition, query, 2)
        assert (ids == -1).all()
        assert (scores == -np.inf).all()
    assert store.search(IMAGES, np.empty((0, 24), np.float32), 5)[1].shape == (0, 5)
    assert store.partitions == {IMAGES: 3, TEXTS: 0, SOUNDS: 3}


def test_equal_scores_come_in_the_order_of_ids() -> None:
    ids = np.array([9, 2, 7, 4], dtype=np.int64)
    store = FaissStore.build({IMAGES: ArraySource(ids, np.ones((4, 16), np.float32))})
    assert store.search(IMAGES, np.ones((1, 16), np.float32), 4)[1].tolist() == [[2, 4, 7, 9]]


def test_bad_queries_are_refused() -> None:
    store = FaissStore.build(small(n=5))
    with pytest.raises(UsageError, match="20 numbers"):
        store.search(IMAGES, np.ones((1, 20), np.float32), 1)
    with pytest.raises(UsageError, match="not finite"):
        store.search(IMAGES, np.full((1, 24), np.nan, np.float32), 1)
    with pytest.raises(UsageError, match="at least 1"):
        store.search(IMAGES, np.ones((1, 24), np.float32), 0)


@pytest.mark.parametrize("count", [3, 64])
def test_all_lists_of_a_clustered_partition_are_exact(
    clustered: FaissStore, many: ArraySource, world: World, count: int
) -> None:
    assert clustered.layout[IMAGES].lists == lists_for(MANY) > 100
    queries = world.draw(count, gap=1)
    scores, ids = clustered.search(IMAGES, queries, 10)
    true_scores, true_ids = brute_force(many.vectors, many.ids, queries, 10)
    assert (ids == true_ids).mean() > 0.99  # equal but for the last digit of a score
    assert recall_at_k(ids, true_ids) > 0.999
    np.testing.assert_allclose(scores, true_scores, atol=1e-6)


def test_few_probes_still_find_k(clustered: FaissStore, world: World) -> None:
    scores, ids = clustered.search(IMAGES, world.draw(30, gap=1), 2000, probing(1))
    assert (ids >= 0).all()
    assert (np.diff(scores, axis=1) <= 0).all()
    assert all(len(np.unique(row)) == 2000 for row in ids)


def test_concurrent_searches_agree_with_sequential_ones(
    clustered: FaissStore, world: World
) -> None:
    queries = world.draw(64, gap=1)
    allowed = SegmentSet.of(np.arange(0, 2 * MANY, 3))

    def search(i: int) -> tuple[Any, Any]:
        filtered = {"allowed": allowed} if i % 2 else {}
        return clustered.search(IMAGES, queries[i : i + 1], 10, probing(8), **filtered)

    expected = [search(i) for i in range(64)]
    fresh = clustered.updated()  # whose maps are made while it is searched
    clustered, before = fresh, clustered
    with ThreadPoolExecutor(8) as pool:
        for (scores, ids), (true_scores, true_ids) in zip(
            pool.map(search, list(range(64)) * 4), expected * 4, strict=True
        ):
            assert (ids == true_ids).all()
            assert (scores == true_scores).all()
    assert before is not fresh
