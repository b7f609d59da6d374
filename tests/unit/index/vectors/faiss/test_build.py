"""An index is built from sources, and updated: it holds what it was given, no more and no less."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from clusters import (
    IMAGES,
    MANY,
    SOUNDS,
    TEXTS,
    World,
    brute_force,
    check_all,
    probing,
    small,
    unit,
)

from anysense.embed.errors import CorruptCollectionError, UsageError
from anysense.embed.types import Modality
from anysense.index.types import ArraySource, Partition
from anysense.index.vectors.faiss.files import INDEX_FILE
from anysense.index.vectors.faiss.store import FaissStore
from anysense.index.vectors.layout import lists_for
from anysense.index.vectors.recall import recall_at_k

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def test_the_same_input_and_seed_give_the_same_file(many: ArraySource, tmp_path: Path) -> None:
    contents = []
    for seed in (0, 0, 1):
        store = FaissStore.build({IMAGES: many}, seed=seed)
        store.save(tmp_path)
        contents.append((tmp_path / INDEX_FILE).read_bytes())
    assert contents[0] == contents[1]
    assert contents[0] != contents[2]


def test_half_precision_sources_give_the_same_index(tmp_path: Path) -> None:
    sources = small()
    halves = {p: ArraySource(s.ids, s.vectors.astype(np.float16)) for p, s in sources.items()}
    contents = []
    for each in (sources, halves):
        FaissStore.build(each).save(tmp_path)
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
    store = FaissStore.build(
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
        FaissStore.build({IMAGES: ArraySource(ids, vectors)})
    with pytest.raises(UsageError, match=message):
        FaissStore.build({}).updated({IMAGES: (ids, vectors)})


def test_an_id_in_two_partitions_is_refused() -> None:
    source = ArraySource(np.array([3]), np.ones((1, 4), np.float32))
    with pytest.raises(UsageError, match="Segment 3 is given twice"):
        FaissStore.build({IMAGES: source, TEXTS: source})


def test_vectors_of_another_length_are_refused() -> None:
    store = FaissStore.build(small(n=5))
    with pytest.raises(UsageError, match="shape"):
        store.updated({IMAGES: (np.array([10**6]), np.ones((1, 20), np.float32))})


@pytest.mark.parametrize("announced", [3, 30_000])
def test_a_source_that_breaks_its_word_is_refused(announced: int) -> None:
    class Short:
        count, dimension = announced, 4

        def batches(self) -> Iterator[tuple[Any, Any]]:
            yield np.arange(2), np.ones((2, 4), np.float32)

    with pytest.raises(CorruptCollectionError, match=f"2 vectors .*announced {announced}"):
        FaissStore.build({IMAGES: Short()})


def test_a_build_keeps_lists_that_fit(
    clustered: FaissStore, many: ArraySource, world: World
) -> None:
    new = world.draw(100)
    grown = ArraySource(
        np.r_[many.ids, np.arange(10**7, 10**7 + 100)], np.concatenate([many.vectors, new])
    )
    kept = FaissStore.build({IMAGES: grown}, previous=clustered, seed=5)
    assert (kept.lists.centroids(IMAGES) == clustered.lists.centroids(IMAGES)).all()
    assert kept.layout[IMAGES].trained == MANY
    doubled = ArraySource(np.arange(2 * MANY + 1), world.draw(2 * MANY + 1))
    fresh = FaissStore.build({IMAGES: doubled}, previous=clustered)
    assert fresh.layout[IMAGES].lists == lists_for(2 * MANY + 1)
    assert fresh.layout[IMAGES].trained == 2 * MANY + 1


def test_updates_add_replace_and_remove() -> None:
    sources = small()
    store = FaissStore.build(sources)
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
    store = FaissStore.build(sources)
    extra = Partition("wider", Modality.IMAGE)
    vectors = unit(np.random.default_rng(3).standard_normal((40, 100)))
    ids = np.arange(10**6, 10**6 + 40)
    changed = store.updated({extra: (ids, vectors)})
    check_all(changed, {**sources, extra: ArraySource(ids, vectors)})
    check_all(
        FaissStore.load(tmp_path, changed.save(tmp_path)),
        {**sources, extra: ArraySource(ids, vectors)},
    )
    emptied = changed.updated(remove=ids)
    assert emptied.partitions[extra] == 0
    check_all(
        emptied.updated({extra: (ids, vectors)}), {**sources, extra: ArraySource(ids, vectors)}
    )


def test_updates_of_a_clustered_partition_keep_its_lists(
    clustered: FaissStore, many: ArraySource, world: World
) -> None:
    new = world.draw(500)
    ids = np.arange(10**7, 10**7 + 500)
    changed = clustered.updated({IMAGES: (ids, new)}, remove=many.ids[:300])
    assert (changed.lists.centroids(IMAGES) == clustered.lists.centroids(IMAGES)).all()
    assert changed.layout[IMAGES].trained == MANY
    assert changed.partitions[IMAGES] == MANY + 200
    every = ArraySource(np.r_[many.ids[300:], ids], np.concatenate([many.vectors[300:], new]))
    queries = world.draw(100)
    nprobe, *_ = clustered.choose_effort(IMAGES, queries)
    _, nearby = changed.search(IMAGES, queries, 10, probing(nprobe))
    assert recall_at_k(nearby, brute_force(every.vectors, every.ids, queries, 10)[1]) >= 0.94
    _, nearest = changed.search(IMAGES, new, 1, probing(4))
    assert (nearest[:, 0] == ids).mean() > 0.99
