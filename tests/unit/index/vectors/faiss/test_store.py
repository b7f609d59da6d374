"""The FAISS index: what it returns is what a brute-force search over the same vectors returns."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import faiss
import numpy as np
import pytest

from anysense.embed.errors import CorruptCollectionError, StorageError, UsageError
from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors import recall
from anysense.index.vectors.faiss.store import INDEX_FILE, Store
from anysense.index.vectors.layout import lists_for
from anysense.index.vectors.recall import recall_at_k

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMAGES = Partition("wide", Modality.IMAGE)
TEXTS = Partition("wide", Modality.TEXT)
SOUNDS = Partition("narrow", Modality.AUDIO)
MANY = 30_000


def unit(vectors: Any) -> Any:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class World:
    """Pictures in clusters, seen by picture queries and, across a modality gap, by text queries."""

    def __init__(self, dimension: int = 48, topics: int = 300) -> None:
        self.rng = np.random.default_rng(7)
        self.topics = self.rng.standard_normal((topics, dimension))
        self.gaps = self.rng.standard_normal((2, dimension)) * 0.8

    def draw(self, n: int, gap: int = 0, noise: float = 0.7, among: int | None = None) -> Any:
        """Vectors of n random topics, or of the first `among` of them."""
        topics = self.topics[self.rng.integers(0, among or len(self.topics), n)]
        return unit(topics + noise * self.rng.standard_normal(topics.shape) + self.gaps[gap])


def brute_force(vectors: Any, ids: Any, queries: Any, k: int) -> tuple[Any, Any]:
    """The true neighbours among vectors rounded to fp16."""
    scores = queries @ vectors.astype(np.float16).astype(np.float32).T
    few = np.argpartition(-scores, min(2 * k, len(ids) - 1), axis=1)[:, : 2 * k]  # enough for ties
    scores = np.take_along_axis(scores, few, axis=1)
    order = np.lexsort((ids[few], -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids[few], order, axis=1)


def small(seed: int = 0, n: int = 400) -> dict[Partition, ArraySource]:
    """Three partitions in two spaces; ids are unique, gapped and in no order."""
    rng = np.random.default_rng(seed)
    ids = rng.permutation(5 * 3 * n)[: 3 * n].astype(np.int64)
    sizes = {IMAGES: 24, TEXTS: 24, SOUNDS: 20}
    return {
        partition: ArraySource(ids[i * n : (i + 1) * n], unit(rng.standard_normal((n, size))), 64)
        for i, (partition, size) in enumerate(sizes.items())
    }


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def many(world: World) -> ArraySource:
    ids = np.random.default_rng(1).permutation(2 * MANY)[:MANY].astype(np.int64)
    return ArraySource(ids, world.draw(MANY))


@pytest.fixture(scope="module")
def clustered(many: ArraySource) -> Store:
    others = small(n=50)
    others[TEXTS] = ArraySource(others[TEXTS].ids + 10**6, others[TEXTS].vectors)
    others[SOUNDS] = ArraySource(others[SOUNDS].ids + 10**6, others[SOUNDS].vectors)
    return Store.build({**others, IMAGES: many})


# -- exact partitions -----------------------------------------------------------------------------


@pytest.mark.parametrize("partition", [IMAGES, TEXTS, SOUNDS])
@pytest.mark.parametrize("count", [1, 64])  # scanned query by query, and as a matrix product
def test_small_partitions_are_searched_exactly(partition: Partition, count: int) -> None:
    sources = small()
    store = Store.build(sources)
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
    store = Store.build(sources)
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


def test_a_store_of_nothing_finds_nothing(tmp_path: Path) -> None:
    store = Store.build({})
    again = Store.load(tmp_path, store.save(tmp_path))
    assert again.partitions == {}
    assert (again.search(IMAGES, np.ones((1, 4), np.float32), 3)[1] == -1).all()
    grown = again.updated({SOUNDS: (np.array([4]), np.ones((1, 20), np.float32))})
    assert grown.search(SOUNDS, np.ones((1, 20), np.float32), 1)[1] == 4


def test_equal_scores_come_in_the_order_of_ids() -> None:
    ids = np.array([9, 2, 7, 4], dtype=np.int64)
    store = Store.build({IMAGES: ArraySource(ids, np.ones((4, 16), np.float32))})
    assert store.search(IMAGES, np.ones((1, 16), np.float32), 4)[1].tolist() == [[2, 4, 7, 9]]


def test_bad_queries_are_refused() -> None:
    store = Store.build(small(n=5))
    with pytest.raises(UsageError, match="20 numbers"):
        store.search(IMAGES, np.ones((1, 20), np.float32), 1)
    with pytest.raises(UsageError, match="not finite"):
        store.search(IMAGES, np.full((1, 24), np.nan, np.float32), 1)
    with pytest.raises(UsageError, match="at least 1"):
        store.search(IMAGES, np.ones((1, 24), np.float32), 0)


# -- clustered partitions -------------------------------------------------------------------------


@pytest.mark.parametrize("count", [3, 64])
def test_all_lists_of_a_clustered_partition_are_exact(
    clustered: Store, many: ArraySource, world: World, count: int
) -> None:
    assert clustered.layout[IMAGES].lists == lists_for(MANY) > 100
    queries = world.draw(count, gap=1)
    scores, ids = clustered.search(IMAGES, queries, 10)
    true_scores, true_ids = brute_force(many.vectors, many.ids, queries, 10)
    assert (ids == true_ids).mean() > 0.99  # equal but for the last digit of a score
    assert recall_at_k(ids, true_ids) > 0.999
    np.testing.assert_allclose(scores, true_scores, atol=1e-6)


@pytest.mark.parametrize("gap", [0, 1])
def test_chosen_nprobe_reaches_its_target_on_other_queries(
    clustered: Store, many: ArraySource, world: World, gap: int
) -> None:
    nprobe, measured, *_ = clustered.choose_effort(IMAGES, world.draw(200, gap), target_recall=0.95)
    assert measured >= 0.95
    assert nprobe < clustered.layout[IMAGES].lists / 4
    queries = world.draw(200, gap)
    _, ids = clustered.search(IMAGES, queries, 10, nprobe=nprobe)
    _, true = brute_force(many.vectors, many.ids, queries, 10)
    assert recall_at_k(ids, true) >= 0.95
    _, fewer = clustered.search(IMAGES, queries, 10, nprobe=max(1, nprobe // 3))
    assert recall_at_k(fewer, true) < recall_at_k(ids, true)


def test_predicted_recall_is_that_of_the_search(
    clustered: Store, many: ArraySource, world: World
) -> None:
    queries = world.draw(100, gap=1)
    nprobe, measured, *_ = clustered.choose_effort(IMAGES, queries, target_recall=0.8)
    _, ids = clustered.search(IMAGES, queries, 10, nprobe=nprobe)
    _, true = brute_force(many.vectors, many.ids, queries, 10)
    assert recall_at_k(ids, true) == pytest.approx(measured, abs=0.002)


def test_queries_that_are_segments_do_not_count_themselves(clustered: Store) -> None:
    ids, vectors = clustered.sample(IMAGES, 200, seed=3)
    assert clustered.choose_effort(IMAGES, vectors, target_recall=0.99, k=1)[:2] == (1, 1.0)
    nprobe, *_ = clustered.choose_effort(IMAGES, vectors, target_recall=0.99, k=1, query_ids=ids)
    assert nprobe > 1


def test_choosing_needs_lists_and_queries(clustered: Store) -> None:
    assert clustered.choose_effort(TEXTS, np.ones((5, 24), np.float32)) == (1, 1.0, 1.0, 0)
    nothing = np.empty((0, 48), np.float32)
    assert clustered.choose_effort(IMAGES, nothing) == (clustered.layout[IMAGES].lists, 1.0, 1.0, 0)


def test_few_probes_still_find_k(clustered: Store, world: World) -> None:
    scores, ids = clustered.search(IMAGES, world.draw(30, gap=1), 2000, nprobe=1)
    assert (ids >= 0).all()
    assert (np.diff(scores, axis=1) <= 0).all()
    assert all(len(np.unique(row)) == 2000 for row in ids)


def test_plain_faiss_reads_the_file_and_agrees(
    clustered: Store, world: World, tmp_path: Path
) -> None:
    clustered.save(tmp_path)
    index = faiss.read_index(str(tmp_path / INDEX_FILE))
    entry = clustered.layout[IMAGES]
    parameters = faiss.SearchParametersIVF(
        nprobe=12,
        quantizer_params=faiss.SearchParameters(
            sel=faiss.IDSelectorRange(entry.first_list, entry.stop_list)
        ),
    )
    queries = world.draw(15, gap=1)
    scores, ids = index.search(queries, 10, params=parameters)
    ours, our_ids = clustered.search(IMAGES, queries, 10, nprobe=12)
    assert (ids == our_ids).all()
    np.testing.assert_allclose(ours, scores, atol=1e-6)


# -- filters --------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.001, 0.01, 0.1])
@pytest.mark.parametrize("queries_at_once", [1, 40])
def test_narrow_filters_are_answered_exactly(
    clustered: Store, many: ArraySource, world: World, share: float, queries_at_once: int
) -> None:
    rows = np.random.default_rng(2).choice(MANY, int(MANY * share), replace=False)
    queries = world.draw(40, gap=1)
    _, true = brute_force(many.vectors[rows], many.ids[rows], queries, 10)
    found = [
        clustered.search(
            IMAGES, queries[i : i + queries_at_once], 10, nprobe=2, allowed=many.ids[rows]
        )[1]
        for i in range(0, 40, queries_at_once)
    ]
    assert recall_at_k(np.concatenate(found), true) == 1.0


@pytest.fixture
def approximate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Treat filters of more than a tenth as if the partition were too large to scan in full."""
    monkeypatch.setattr(recall, "FULL_PROBE_COUNT", 100)


@pytest.mark.usefixtures("approximate")
@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize("share", [0.15, 0.5, 0.9])
def test_wide_filters_keep_the_recall(
    clustered: Store, many: ArraySource, world: World, share: float, gap: int
) -> None:
    nprobe, *_ = clustered.choose_effort(IMAGES, world.draw(200, gap))
    rows = np.random.default_rng(2).choice(MANY, int(MANY * share), replace=False)
    queries = world.draw(200, gap)
    _, true = brute_force(many.vectors[rows], many.ids[rows], queries, 10)
    _, ids = clustered.search(IMAGES, queries, 10, nprobe=nprobe, allowed=many.ids[rows])
    assert recall_at_k(ids, true) >= 0.95


@pytest.mark.usefixtures("approximate")
@pytest.mark.parametrize("gap", [0, 1])
@pytest.mark.parametrize("excluded_topics", [60, 200])
def test_filters_for_other_topics_than_the_query_keep_the_recall(
    clustered: Store, many: ArraySource, world: World, excluded_topics: int, gap: int
) -> None:
    topic = (many.vectors @ unit(world.topics + world.gaps[0]).T).argmax(axis=1)
    rows = np.flatnonzero(topic >= excluded_topics)
    assert 0.2 < len(rows) / MANY < 0.9
    queries = world.draw(100, gap, among=excluded_topics)  # of what the filter leaves out
    _, true = brute_force(many.vectors[rows], many.ids[rows], queries, 10)
    nprobe, *_ = clustered.choose_effort(IMAGES, world.draw(200, gap))
    _, ids = clustered.search(IMAGES, queries, 10, nprobe=nprobe, allowed=many.ids[rows])
    assert np.isin(ids, many.ids[rows]).all()
    assert recall_at_k(ids, true) >= 0.95


def test_filters_that_leave_few_segments_are_answered_exactly(
    clustered: Store, many: ArraySource, world: World
) -> None:
    queries = world.draw(40, gap=1)
    half = many.ids[: MANY // 2]
    _, ids = clustered.search(IMAGES, queries, 10, nprobe=1, allowed=half)
    assert recall_at_k(ids, brute_force(many.vectors[: MANY // 2], half, queries, 10)[1]) == 1.0


def test_filters_that_leave_little() -> None:
    sources = small()
    store = Store.build(sources)
    own = sources[IMAGES].ids
    query = sources[IMAGES].vectors[:1]
    nothing = np.empty(0, np.int64)
    assert (store.search(IMAGES, query, 3, allowed=nothing)[1] == -1).all()
    assert (store.search(IMAGES, query, 3, allowed=sources[TEXTS].ids)[1] == -1).all()
    assert (store.search(IMAGES, query, 3, excluded=own)[1] == -1).all()
    assert (store.search(IMAGES, query, 3, allowed=own[:9], excluded=own[:9])[1] == -1).all()
    _, ids = store.search(IMAGES, query, 3, allowed=np.array([own[5], own[5], 10**12, -4]))
    assert ids.tolist() == [[own[5], -1, -1]]
    _, everything = store.search(IMAGES, query, 3, allowed=np.arange(10**4), excluded=nothing)
    assert (everything == store.search(IMAGES, query, 3)[1]).all()


@pytest.mark.parametrize("spread", [1, 10**9])  # ids dense enough for a bitmap, and not
def test_excluded_segments_are_gone(spread: int) -> None:
    sources = small()
    ids, vectors = sources[IMAGES].ids * spread, sources[IMAGES].vectors
    store = Store.build({IMAGES: ArraySource(ids, vectors)})
    queries = vectors[:30]
    for share in (0.02, 0.6):
        gone = np.random.default_rng(4).random(len(ids)) < share
        elsewhere = np.array([10**14, 3], dtype=np.int64)
        _, found = store.search(
            IMAGES, queries, 10, excluded=np.concatenate([ids[gone], elsewhere])
        )
        assert (found == brute_force(vectors[~gone], ids[~gone], queries, 10)[1]).all()
        _, found = store.search(IMAGES, queries, 10, allowed=ids[:200], excluded=ids[gone])
        left = np.flatnonzero(~gone[:200])
        assert (found == brute_force(vectors[left], ids[left], queries, 10)[1]).all()


@pytest.mark.usefixtures("approximate")
def test_tombstones_in_a_clustered_partition_keep_the_recall(
    clustered: Store, many: ArraySource, world: World
) -> None:
    nprobe, *_ = clustered.choose_effort(IMAGES, world.draw(200))
    gone = np.random.default_rng(4).random(MANY) < 0.2
    queries = world.draw(200)
    _, ids = clustered.search(IMAGES, queries, 10, nprobe=nprobe, excluded=many.ids[gone])
    assert not np.isin(ids, many.ids[gone]).any()
    _, true = brute_force(many.vectors[~gone], many.ids[~gone], queries, 10)
    assert recall_at_k(ids, true) >= 0.95


# -- reading --------------------------------------------------------------------------------------


def test_vectors_come_back_by_id(clustered: Store, many: ArraySource) -> None:
    rows = np.array([5, 3, 29_999, 5])
    vectors = clustered.vectors(IMAGES, many.ids[rows])
    assert (vectors == many.vectors[rows].astype(np.float16)).all()
    assert clustered.vectors(IMAGES, np.empty(0, np.int64)).shape == (0, 48)
    absent = np.setdiff1d(np.arange(2 * MANY), many.ids)[:1]
    assert clustered.contains(IMAGES, np.r_[many.ids[:1], absent]).tolist() == [True, False]
    with pytest.raises(UsageError, match=f"Segment {absent[0]} is not in"):
        clustered.vectors(IMAGES, absent)


def test_a_sample_depends_on_its_seed_alone(clustered: Store, many: ArraySource) -> None:
    ids, vectors = clustered.sample(IMAGES, 100, seed=1)
    assert len(np.unique(ids)) == 100
    assert (clustered.vectors(IMAGES, ids) == vectors).all()
    order = np.random.default_rng(0).permutation(MANY)
    other = Store.build({IMAGES: ArraySource(many.ids[order], many.vectors[order])}, seed=9)
    assert (other.sample(IMAGES, 100, seed=1)[0] == ids).all()
    assert (clustered.sample(IMAGES, 100, seed=2)[0] != ids).any()
    assert len(clustered.sample(TEXTS, 1000)[0]) == 50


def test_concurrent_searches_agree_with_sequential_ones(clustered: Store, world: World) -> None:
    queries = world.draw(64, gap=1)
    allowed = np.arange(0, 2 * MANY, 3)

    def search(i: int) -> tuple[Any, Any]:
        filtered = {"allowed": allowed} if i % 2 else {}
        return clustered.search(IMAGES, queries[i : i + 1], 10, nprobe=8, **filtered)

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


# -- changing -------------------------------------------------------------------------------------


def check_all(store: Store, contents: dict[Partition, ArraySource]) -> None:
    assert store.partitions == {p: source.count for p, source in contents.items()}
    for partition, source in contents.items():
        queries = source.vectors[:25]
        _, ids = store.search(partition, queries, 5)
        assert (ids == brute_force(source.vectors, source.ids, queries, 5)[1]).all()


def test_updates_add_replace_and_remove() -> None:
    sources = small()
    store = Store.build(sources)
    rng = np.random.default_rng(8)
    images, texts = sources[IMAGES], sources[TEXTS]
    new = unit(rng.standard_normal((30, 24)))
    new_ids = np.r_[images.ids[:10], np.arange(10**5, 10**5 + 20)]  # ten of them replace
    changed = store.updated(
        {IMAGES: (new_ids, new)}, remove=[*texts.ids[:50].tolist(), int(images.ids[20]), 10**9]
    )
    kept = np.r_[10:20, 21:400]
    after = {
        IMAGES: ArraySource(
            np.r_[images.ids[kept], new_ids], np.concatenate([images.vectors[kept], new])
        ),
        TEXTS: ArraySource(texts.ids[50:], texts.vectors[50:]),
        SOUNDS: sources[SOUNDS],
    }
    check_all(changed, after)
    check_all(store, sources)  # the old one is as it was


def test_updates_bring_new_and_wider_partitions(tmp_path: Path) -> None:
    sources = small()
    store = Store.build(sources)
    extra = Partition("wider", Modality.IMAGE)
    vectors = unit(np.random.default_rng(3).standard_normal((40, 100)))
    ids = np.arange(10**6, 10**6 + 40)
    changed = store.updated({extra: (ids, vectors)})
    check_all(changed, {**sources, extra: ArraySource(ids, vectors)})
    check_all(
        Store.load(tmp_path, changed.save(tmp_path)), {**sources, extra: ArraySource(ids, vectors)}
    )
    emptied = changed.updated(remove=ids)
    assert emptied.partitions[extra] == 0
    check_all(
        emptied.updated({extra: (ids, vectors)}), {**sources, extra: ArraySource(ids, vectors)}
    )


def test_updates_of_a_clustered_partition_keep_its_lists(
    clustered: Store, many: ArraySource, world: World
) -> None:
    new = world.draw(500)
    ids = np.arange(10**7, 10**7 + 500)
    changed = clustered.updated({IMAGES: (ids, new)}, remove=many.ids[:300])
    assert (changed.centroids(IMAGES) == clustered.centroids(IMAGES)).all()
    assert changed.layout[IMAGES].trained == MANY
    assert changed.partitions[IMAGES] == MANY + 200
    every = ArraySource(np.r_[many.ids[300:], ids], np.concatenate([many.vectors[300:], new]))
    queries = world.draw(100)
    nprobe, *_ = clustered.choose_effort(IMAGES, queries)
    _, found = changed.search(IMAGES, queries, 10, nprobe=nprobe)
    assert recall_at_k(found, brute_force(every.vectors, every.ids, queries, 10)[1]) >= 0.94
    _, own = changed.search(IMAGES, new, 1, nprobe=4)
    assert (own[:, 0] == ids).mean() > 0.99


def test_it_says_when_new_lists_are_due(clustered: Store, world: World) -> None:
    assert clustered.needs_recluster == ()
    ids = np.arange(10**7, 10**7 + MANY + 1)
    grown = clustered.updated({IMAGES: (ids, world.draw(MANY + 1))})
    assert grown.needs_recluster == (IMAGES,)
    new = Partition("wide", Modality.AUDIO)
    assert clustered.updated({new: (ids, world.draw(MANY + 1))}).needs_recluster == (new,)


def test_a_build_keeps_lists_that_fit(clustered: Store, many: ArraySource, world: World) -> None:
    new = world.draw(100)
    grown = ArraySource(
        np.r_[many.ids, np.arange(10**7, 10**7 + 100)], np.concatenate([many.vectors, new])
    )
    kept = Store.build({IMAGES: grown}, previous=clustered, seed=5)
    assert (kept.centroids(IMAGES) == clustered.centroids(IMAGES)).all()
    assert kept.layout[IMAGES].trained == MANY
    doubled = ArraySource(np.arange(2 * MANY + 1), world.draw(2 * MANY + 1))
    fresh = Store.build({IMAGES: doubled}, previous=clustered)
    assert fresh.layout[IMAGES].lists == lists_for(2 * MANY + 1)
    assert fresh.layout[IMAGES].trained == 2 * MANY + 1


# -- building -------------------------------------------------------------------------------------


def test_the_same_input_and_seed_give_the_same_file(many: ArraySource, tmp_path: Path) -> None:
    contents = []
    for seed in (0, 0, 1):
        store = Store.build({IMAGES: many}, seed=seed)
        store.save(tmp_path)
        contents.append((tmp_path / INDEX_FILE).read_bytes())
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_half_precision_sources_give_the_same_index(tmp_path: Path) -> None:
    sources = small()
    halves = {p: ArraySource(s.ids, s.vectors.astype(np.float16)) for p, s in sources.items()}
    contents = []
    for each in (sources, halves):
        Store.build(each).save(tmp_path)
        contents.append((tmp_path / INDEX_FILE).read_bytes())
    assert contents[0] == contents[1]


class Generated:
    """A source that makes its vectors as they are read."""

    count, dimension = 60_000, 64

    def batches(self) -> Iterator[tuple[Any, Any]]:
        for start in range(0, self.count, 2000):
            rng = np.random.default_rng(start)
            yield (
                np.arange(start, start + 2000),
                rng.standard_normal((2000, self.dimension), dtype=np.float32),
            )


def test_a_build_never_holds_all_vectors_in_float32() -> None:
    seen: list[tuple[int, int]] = []
    tracemalloc.start()
    store = Store.build(
        {IMAGES: Generated()}, progress=lambda done, total: seen.append((done, total))
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    sample = lists_for(Generated.count) * 64 * Generated.dimension * 4
    assert peak < sample + 4_000_000 < Generated.count * Generated.dimension * 4
    assert seen[-1] == (60_000, 60_000)
    assert store.partitions == {IMAGES: 60_000}
    assert store.nbytes == 60_000 * (64 * 2 + 8) + lists_for(60_000) * 64 * 4


@pytest.mark.parametrize(
    ("ids", "vectors", "message"),
    [
        ([1, 1], np.ones((2, 4)), "Segment 1 is given twice"),
        ([1, -2], np.ones((2, 4)), "Segment -2 has a negative id"),
        ([1, 2], [[1, 1, 1, 1], [1, np.nan, 1, 1]], "segment 2 is not finite"),
        ([1, 2], [[1, 1, 1, 1e5], [1, 1, 1, 1]], "segment 1 is not finite, or is too large"),
    ],
)
def test_vectors_that_cannot_be_stored_are_refused(ids: Any, vectors: Any, message: str) -> None:
    ids, vectors = np.array(ids), np.array(vectors, dtype=np.float32)
    with pytest.raises(UsageError, match=message):
        Store.build({IMAGES: ArraySource(ids, vectors)})
    with pytest.raises(UsageError, match=message):
        Store.build({}).updated({IMAGES: (ids, vectors)})


def test_an_id_in_two_partitions_is_refused() -> None:
    source = ArraySource(np.array([3]), np.ones((1, 4), np.float32))
    with pytest.raises(UsageError, match="Segment 3 is given twice"):
        Store.build({IMAGES: source, TEXTS: source})


def test_vectors_of_another_length_are_refused() -> None:
    store = Store.build(small(n=5))
    with pytest.raises(UsageError, match="shape"):
        store.updated({IMAGES: (np.array([10**6]), np.ones((1, 20), np.float32))})


@pytest.mark.parametrize("announced", [3, 30_000])
def test_a_source_that_breaks_its_word_is_refused(announced: int) -> None:
    class Short:
        count, dimension = announced, 4

        def batches(self) -> Iterator[tuple[Any, Any]]:
            yield np.arange(2), np.ones((2, 4), np.float32)

    with pytest.raises(CorruptCollectionError, match=f"2 vectors .*announced {announced}"):
        Store.build({IMAGES: Short()})


# -- disk -----------------------------------------------------------------------------------------


def test_a_saved_index_comes_back(clustered: Store, world: World, tmp_path: Path) -> None:
    layout = clustered.save(tmp_path)
    assert layout["files"] == {INDEX_FILE: (tmp_path / INDEX_FILE).stat().st_size}
    again = Store.load(tmp_path, layout)
    assert again.layout == clustered.layout
    queries = world.draw(20, gap=1)
    for nprobe in (5, None):
        for ours, theirs in zip(
            again.search(IMAGES, queries, 10, nprobe=nprobe),
            clustered.search(IMAGES, queries, 10, nprobe=nprobe),
            strict=True,
        ):
            assert (ours == theirs).all()


def test_a_mapped_index_outlives_its_file_and_is_saved_whole(tmp_path: Path) -> None:
    sources = small()
    layout = Store.build(sources).save(tmp_path)
    mapped = Store.load(tmp_path, layout)
    other = tmp_path / "other"
    other.mkdir()
    assert mapped.save(other) == layout
    written = (tmp_path / INDEX_FILE).read_bytes()
    (tmp_path / INDEX_FILE).unlink()
    check_all(mapped, sources)
    check_all(mapped.updated(), sources)
    assert (other / INDEX_FILE).read_bytes() == written
    check_all(Store.load(other, layout), sources)


def test_an_index_whose_lists_are_in_another_file_is_refused(tmp_path: Path) -> None:
    layout = Store.build(small()).save(tmp_path)
    path = tmp_path / INDEX_FILE
    mapped = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
    faiss.write_index(mapped, str(tmp_path / "reference"))
    path.rename(tmp_path / "elsewhere")
    (tmp_path / "reference").rename(path)
    (tmp_path / "elsewhere").rename(tmp_path / "lists")
    layout["files"] = {INDEX_FILE: path.stat().st_size}
    with pytest.raises(CorruptCollectionError, match="cannot be used"):
        Store.load(tmp_path, layout)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    store = Store.build(small())
    layout = store.save(tmp_path)
    path = tmp_path / INDEX_FILE
    whole = path.read_bytes()

    def refused(match: str, layout: dict[str, Any] = layout) -> None:
        with pytest.raises(CorruptCollectionError, match=match):
            Store.load(tmp_path, layout)

    for size in (0, 10, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:size])
        refused(f"{size} bytes, not {len(whole)}")
        refused("cannot be used", {**layout, "files": {INDEX_FILE: size}})
    path.write_bytes(b"\0" * len(whole))
    refused("cannot be used")
    path.unlink()
    refused("No such file")
    flat = faiss.IndexFlatIP(store.layout[IMAGES].dimension)
    faiss.write_index(flat, str(path))
    refused("it is a IndexFlatIP", {**layout, "files": {INDEX_FILE: path.stat().st_size}})


def test_layouts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    layout = Store.build(small()).save(tmp_path)
    first = layout["partitions"][0]
    others = layout["partitions"][1:]
    for change, message in (
        ({"count": first["count"] + 1}, "segments: 1200, not 1201"),
        ({"lists": 2}, "lists: 3, not 4"),
        ({"dimension": 4000}, "wider than the index"),
        ({"modality": "smell"}, "smell"),
        ({"count": -1}, "whole number"),
        ({"space": "wide", "modality": "text"}, "twice"),
    ):
        with pytest.raises(CorruptCollectionError, match=message):
            Store.load(tmp_path, {**layout, "partitions": [{**first, **change}, *others]})
    swapped = [{**first, "count": 399}, {**others[0], "count": 401}, *others[1:]]
    with pytest.raises(CorruptCollectionError, match="400, not 399"):
        Store.load(tmp_path, {**layout, "partitions": swapped})
    for bad in ({}, {**layout, "version": 99}, {**layout, "dimension": 64}, {**layout, "files": 3}):
        with pytest.raises(CorruptCollectionError):
            Store.load(tmp_path, bad)


FILL_THE_DISK = """
import resource, signal, sys, numpy as np
from pathlib import Path
from anysense.embed.errors import StorageError
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.store import Store
from anysense.embed.types import Modality
store = Store.build({Partition("s", Modality.IMAGE): ArraySource(
    np.arange(5000), np.ones((5000, 64), np.float32))})
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    store.save(Path(sys.argv[1]))
except StorageError as error:
    print("refused:", error)
"""


@pytest.mark.parametrize("limit", [0, 300_000, 679_000])  # the whole is a little over 680,000
def test_a_full_disk_is_said(tmp_path: Path, limit: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "refused:" in done.stdout
    assert "cannot be written" in done.stdout


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        Store.build({}).save(tmp_path / "absent")
