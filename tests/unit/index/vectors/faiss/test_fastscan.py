"""The fast-scan sidecar: it finds what the vectors themselves would, and is never the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import faiss
import numpy as np
import pytest

from anysense.embed.errors import CorruptCollectionError
from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss import fastscan
from anysense.index.vectors.faiss.fastscan import depth_for, place_numbers, split_places
from anysense.index.vectors.faiss.store import Store
from anysense.index.vectors.recall import ranks_in, recall_at_k

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

IMAGES = Partition("narrow", Modality.IMAGE)
WIDE = Partition("wide", Modality.TEXT)
MANY, DIMENSION = 30_000, 48


def unit(vectors: Any) -> Any:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


class World:
    """Vectors about topics; queries are a little further from them than the vectors are."""

    def __init__(self, seed: int = 3) -> None:
        self.rng = np.random.default_rng(seed)
        self.topics = self.rng.standard_normal((300, DIMENSION))

    def draw(self, n: int, noise: float = 0.7) -> Any:
        topics = self.topics[self.rng.integers(0, len(self.topics), n)]
        return unit(topics + noise * self.rng.standard_normal(topics.shape))


@pytest.fixture(scope="module", autouse=True)
def small_limits() -> Iterator[None]:
    """A sidecar from 20,000 segments on, that answers whatever it costs."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fastscan, "FAST_SCAN_LIMIT", 20_000)
        patch.setattr(fastscan, "SCANNED_PER_CANDIDATE", 0)
        patch.setattr(fastscan, "SCANNED_PER_SEARCH", 0)
        yield


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def sources(world: World) -> dict[Partition, ArraySource]:
    """A large partition in an index that another space makes wider."""
    ids = np.random.default_rng(1).permutation(2 * MANY)[:MANY].astype(np.int64)
    wide = unit(np.random.default_rng(2).standard_normal((50, 80)))
    return {
        IMAGES: ArraySource(ids, world.draw(MANY)),
        WIDE: ArraySource(np.arange(50) + 10**6, wide),
    }


@pytest.fixture(scope="module")
def store(sources: dict[Partition, ArraySource]) -> Store:
    return Store.build(sources)


@pytest.fixture(scope="module")
def queries(world: World) -> Any:
    return world.draw(200)


def found(store: Store, queries: Any, k: int = 10, **options: Any) -> tuple[Any, Any]:
    effort = store.choose_effort(IMAGES, queries)
    assert effort.depth
    return store.search(IMAGES, queries, k, nprobe=effort.nprobe, depth=effort.depth, **options)


def test_only_a_large_partition_has_one(store: Store) -> None:
    assert set(store.fast_scans) == {IMAGES}


def test_candidates_reach_the_target(store: Store, world: World, queries: Any) -> None:
    effort = store.choose_effort(IMAGES, world.draw(300))
    assert effort.recall >= 0.95
    assert 10 < effort.depth < fastscan.MOST_CANDIDATES
    assert 0 < effort.scanned < 0.5
    options = {"nprobe": effort.nprobe, "depth": effort.depth}
    _, true = store.search(IMAGES, queries, 10)
    _, ids = store.search(IMAGES, queries, 10, **options)
    assert recall_at_k(ids, true) >= 0.93
    one_by_one = [store.search(IMAGES, query[None], 10, **options)[1][0] for query in queries[:20]]
    np.testing.assert_array_equal(one_by_one, ids[:20])
    _, few = store.search(IMAGES, queries, 10, nprobe=effort.nprobe, depth=10)
    assert recall_at_k(few, true) < recall_at_k(ids, true)  # it is the sidecar that answers


def test_what_codes_do_not_find_is_scanned() -> None:
    ids, rng = np.arange(MANY), np.random.default_rng(0)
    store = Store.build({IMAGES: ArraySource(ids, unit(rng.standard_normal((MANY, 1))))})
    for query in (np.ones((1, 1)), -np.ones((1, 1)), np.zeros((1, 1))):
        scores, found = store.search(IMAGES, query, 5, nprobe=9, depth=10, excluded=ids[:9])
        np.testing.assert_allclose(scores, abs(query) * np.ones((1, 5)))
        assert (found >= 9).all()


def test_what_codes_cannot_tell_apart_is_scanned() -> None:
    rng = np.random.default_rng(0)  # a dozen kinds of near-duplicates
    kinds = rng.standard_normal((12, DIMENSION))[rng.integers(0, 12, MANY)]
    vectors = unit(kinds + 0.02 * rng.standard_normal(kinds.shape))
    store = Store.build({IMAGES: ArraySource(np.arange(MANY), vectors)})
    effort = store.choose_effort(IMAGES, vectors[:256], query_ids=np.arange(256))
    assert effort.recall >= 0.95
    assert effort.depth == 0


def test_new_lists_get_a_new_code_book(sources: dict[Partition, ArraySource], store: Store) -> None:
    def book(of: Store) -> Any:
        return faiss.vector_to_array(of.fast_scans[IMAGES].pq.centroids)

    changed = unit(sources[IMAGES].vectors + np.linspace(0, 0.5, DIMENSION))
    now = {IMAGES: ArraySource(sources[IMAGES].ids, changed)}
    kept = Store.build(now, previous=store)
    np.testing.assert_array_equal(book(kept), book(store))
    renewed = Store.build(now, previous=store, renew=[IMAGES])
    np.testing.assert_array_equal(book(renewed), book(Store.build(now)))


@pytest.mark.parametrize("k", [1, 50, 300])
def test_depth_grows_with_k(store: Store, queries: Any, k: int) -> None:
    _, all_lists = store.search(IMAGES, queries, k)
    effort = store.choose_effort(IMAGES, queries)
    _, scanned = store.search(IMAGES, queries, k, nprobe=effort.nprobe)
    _, ids = store.search(IMAGES, queries, k, nprobe=effort.nprobe, depth=effort.depth)
    assert recall_at_k(ids, all_lists) > recall_at_k(scanned, all_lists) - 0.03


def test_scores_are_those_of_the_vectors(store: Store, queries: Any) -> None:
    scores, ids = found(store, queries)
    vectors = store.vectors(IMAGES, ids.ravel()).reshape(*ids.shape, DIMENSION)
    np.testing.assert_allclose(scores, np.einsum("qkd,qd->qk", vectors, queries), atol=1e-5)
    assert (np.diff(scores, axis=1) <= 0).all()


def test_what_is_excluded_is_not_found(store: Store, queries: Any) -> None:
    _, before = found(store, queries)
    gone = np.unique(before[:, :3])
    _, true = store.search(IMAGES, queries, 10, excluded=gone)
    _, ids = found(store, queries, excluded=gone)
    assert not np.isin(ids, gone).any()
    assert recall_at_k(ids, true) >= 0.93


def test_what_is_excluded_elsewhere_needs_no_candidates(store: Store, queries: Any) -> None:
    options = {"nprobe": 3, "depth": 10}
    far = np.unique(store.search(IMAGES, -queries[:1], 1_000)[1])
    _, true = store.search(IMAGES, queries[:1], 10)
    assert recall_at_k(store.search(IMAGES, queries[:1], 10, **options)[1], true) < 0.8
    _, ids = store.search(IMAGES, queries[:1], 10, excluded=far, **options)
    assert recall_at_k(ids, true) < 0.8  # so it took no more than ten


def test_filters_are_answered_by_the_vectors(store: Store, queries: Any) -> None:
    allowed = store.all_ids()[::40]
    expected = store.search(IMAGES, queries, 10, allowed=allowed)
    got = found(store, queries, allowed=allowed)
    np.testing.assert_array_equal(got[1], expected[1])


def test_an_update_packs_what_has_changed(
    store: Store, sources: dict[Partition, ArraySource], world: World, queries: Any
) -> None:
    new = world.draw(40)
    replaced = sources[IMAGES].ids[:20]
    ids = np.concatenate([np.arange(20) + 10**7, replaced])
    gone = sources[IMAGES].ids[100:200]
    changed = store.updated({IMAGES: (ids, new)}, gone)
    anew = Store(changed._index, list(changed.layout.values())).packed(store)
    assert changed.fast_scans[IMAGES].ntotal == MANY + 20 - 100
    for row, vector in zip(ids, new, strict=True):
        assert found(changed, vector[None], 1)[1][0, 0] == row
    padded, probes = np.pad(queries, ((0, 0), (0, 32))), np.tile(np.arange(20), (len(queries), 1))
    np.testing.assert_array_equal(
        changed.scan_codes(IMAGES, padded, probes, 50), anew.scan_codes(IMAGES, padded, probes, 50)
    )
    _, true = changed.search(IMAGES, queries, 10)
    assert recall_at_k(found(changed, queries)[1], true) >= 0.93


def test_packing_only_the_changes_gives_the_same(store: Store, world: World) -> None:
    changed = store.updated({IMAGES: (np.arange(3) + 10**7, world.draw(3))})
    book = faiss.vector_to_array(store.fast_scans[IMAGES].pq.centroids)
    kept = faiss.vector_to_array(changed.fast_scans[IMAGES].pq.centroids)
    np.testing.assert_array_equal(book, kept)
    same = changed.same_lists(changed.layout[IMAGES], store)
    assert changed.layout[IMAGES].lists - 3 <= len(same) < changed.layout[IMAGES].lists
    every, none = changed._pack(changed.layout[IMAGES], store), changed.fast_scans[IMAGES]
    for number in range(changed.layout[IMAGES].lists):
        size = every.invlists.list_size(number)
        assert size == none.invlists.list_size(number)
        blocks = -(-size // 32) * 32 * DIMENSION // 4
        codes = [faiss.rev_swig_ptr(i.invlists.get_codes(number), blocks) for i in (every, none)]
        np.testing.assert_array_equal(*codes)


def test_it_is_saved_and_loaded(store: Store, queries: Any, tmp_path: Path) -> None:
    layout = store.save(tmp_path)
    assert set(layout["files"]) == {"segments.faiss", "fast-scan-0.faiss"}
    again = Store.load(tmp_path, layout)
    for one, other in zip(found(again, queries), found(store, queries), strict=True):
        np.testing.assert_array_equal(one, other)
    changed = again.updated(remove=again.all_ids()[:5])  # of lists that are mapped
    assert changed.fast_scans[IMAGES].ntotal == changed.layout[IMAGES].count
    second = tmp_path / "second"
    second.mkdir()
    assert again.save(second) == layout
    assert (second / "fast-scan-0.faiss").read_bytes() == (
        tmp_path / "fast-scan-0.faiss"
    ).read_bytes()


@pytest.mark.parametrize("damage", ["missing", "short", "another", "narrower", "text"])
def test_a_damaged_one_is_noticed(store: Store, tmp_path: Path, damage: str) -> None:
    layout = store.save(tmp_path)
    path = tmp_path / "fast-scan-0.faiss"
    if damage == "missing":
        path.unlink()
    elif damage == "short":
        path.write_bytes(path.read_bytes()[:-1])
    else:
        if damage == "another":
            faiss.write_index(faiss.IndexFlatIP(DIMENSION), str(path))
        elif damage == "narrower":
            pq = faiss.IndexIVFPQ(faiss.IndexFlatIP(16), 16, 5, 8, 4, faiss.METRIC_INNER_PRODUCT)
            faiss.write_index(faiss.IndexIVFPQFastScan(pq), str(path))
        else:
            path.write_text("no index")
        layout["files"][path.name] = path.stat().st_size
    with pytest.raises(CorruptCollectionError, match=r"fast-scan-0\.faiss: the index cannot"):
        Store.load(tmp_path, layout)


def test_the_cost_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fastscan, "SCANNED_PER_CANDIDATE", 14)
    monkeypatch.setattr(fastscan, "SCANNED_PER_SEARCH", 1_000)
    assert depth_for(10, 100, 0, 2_500) == 100
    assert depth_for(10, 100, 0, 2_300) is None  # to scan the vectors costs less
    assert depth_for(80, 100, 0, 10_000) == 400
    assert depth_for(10, 100, 7, 3_000) == 107
    assert depth_for(500, 20, 0, 10**6) == 500
    assert depth_for(10, 0, 0, 10**6) is None  # there is none


def test_place_numbers_read_back() -> None:
    lists, offsets = np.array([0, 3, 2**20]), np.array([5, 0, 2**31 - 1], np.int32)
    for one, other in zip(
        split_places(place_numbers(lists, offsets)), (lists, offsets), strict=True
    ):
        np.testing.assert_array_equal(one, other)


def test_ranks_in() -> None:
    ranks = ranks_in(np.array([[7, 5, 9], [1, 2, -1]]), np.array([[9, 7, 4], [2, 3, -1]]))
    assert ranks.tolist() == [[2, 0, 3], [1, 3, -1]]
