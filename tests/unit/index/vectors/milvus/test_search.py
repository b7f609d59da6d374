"""What a server leaves out, or has too much of, changes no answer."""

from __future__ import annotations

import numpy as np
import pytest
from array_reader import ArrayReader
from clusters import IMAGES, World, brute_force
from memory_engine import ADDRESS, MemoryEngine

from anysense.embed.errors import CorruptCollectionError
from anysense.index.segment_set import SegmentSet
from anysense.index.types import ArraySource
from anysense.index.vectors.milvus.address import Address
from anysense.index.vectors.milvus.layout import read_layout
from anysense.index.vectors.milvus.store import MilvusStore
from anysense.index.vectors.recall import Effort
from anysense.index.vectors.thresholds import Thresholds

SOURCE = ArraySource(np.arange(2_000), World().draw(2_000))
THRESHOLDS = Thresholds(elsewhere=50, exact=50)


@pytest.fixture
def reader() -> ArrayReader:
    return ArrayReader({IMAGES: SOURCE})


@pytest.fixture
def store(engine: MemoryEngine, reader: ArrayReader) -> MilvusStore:
    del engine  # which it is in
    address = Address.parse(ADDRESS)
    return MilvusStore.build({IMAGES: SOURCE}, reader, address, "a", thresholds=THRESHOLDS)


@pytest.mark.parametrize("most", [3, 40])
@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
def test_an_answer_that_is_cut_short_is_completed(
    store: MilvusStore, engine: MemoryEngine, most: int, share: float
) -> None:
    engine.most = most
    allowed = np.flatnonzero(np.random.default_rng(0).random(2_000) < share)
    queries = World(draws=1).draw(5, 1)
    _, ids = store.search(
        IMAGES, queries, 30, Effort(1, 1.0, depth=64), allowed=SegmentSet.of(allowed)
    )
    expected = brute_force(SOURCE.vectors[allowed], allowed, queries, 30)[1]
    assert bool(engine.searches) is (share > 0.1)  # so few are compared at once
    assert (ids == expected).all()


def test_what_the_catalog_has_no_more_is_not_found(
    store: MilvusStore, engine: MemoryEngine, reader: ArrayReader
) -> None:
    queries = World(draws=1).draw(5)
    nearest = np.unique(brute_force(SOURCE.vectors, SOURCE.ids, queries, 100)[1])
    reader.remove(nearest)
    left = np.setdiff1d(SOURCE.ids, nearest)
    _, ids = store.search(IMAGES, queries, 10, Effort(1, 1.0, depth=16))
    assert (ids == brute_force(SOURCE.vectors[left], left, queries, 10)[1]).all()
    assert (store.vectors(IMAGES, nearest[:3]) == 0).all()
    assert len(store.sample(IMAGES, 5_000)[0]) == len(left)


def test_rows_of_a_publishing_that_was_broken_off_are_not_found(
    store: MilvusStore, engine: MemoryEngine
) -> None:
    (partitions,) = engine.rows.values()
    query = World(draws=1).draw(1)
    partitions["image"].update(dict.fromkeys(range(5_000, 5_300), query[0]))
    _, ids = store.search(IMAGES, query, 10, Effort(1, 1.0, depth=16))
    assert (ids == brute_force(SOURCE.vectors, SOURCE.ids, query, 10)[1]).all()


def test_few_segments_are_compared_without_asking(store: MilvusStore, engine: MemoryEngine) -> None:
    few = SOURCE.ids[::50]
    engine.is_away = True
    query = World(draws=1).draw(3, 1)
    _, ids = store.search(IMAGES, query, 10, Effort(1, 1.0, depth=16), allowed=SegmentSet.of(few))
    assert (ids == brute_force(SOURCE.vectors[::50], few, query, 10)[1]).all()


def test_a_layout_is_read_as_it_was_written(store: MilvusStore, reader: ArrayReader) -> None:
    content = store.save(None)  # type: ignore[arg-type] - it writes no files
    again = MilvusStore.load(content, reader, thresholds=THRESHOLDS)
    assert again.place == store.place
    assert again.keeps_centroids(IMAGES, store)
    assert again.recounted().partitions == {IMAGES: 2_000}
    for broken in ({}, {**content, "engine_version": 9}, {**content, "partitions": [{}]}):
        with pytest.raises(CorruptCollectionError, match="anysense publish"):
            read_layout(broken)
