"""What is read of the catalog for a page of hits."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from anysense.index.collection import Collection
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.index.snapshots.snapshot import Snapshot
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.catalog.records import SegmentRow

WORDS = ("red", "green", "blue", "bicycle", "boat", "house", "song")


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Items of one segment and of many."""
    with Collection.create(tmp_path / "c", ["tiny"]) as made:
        texts = [f"a {a} {b} {n}" for n, (a, b) in enumerate(pairwise(WORDS))]
        long = ". ".join(f"{word} {n}" for n in range(40) for word in WORDS)
        made.add([NewItem(text) for text in [*texts * 5, long, long[::-1]]])
        yield made


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """The segments whose rows were read, once for each time."""
    asked: list[list[int]] = []
    rows = Snapshot.rows

    def noted(self: Snapshot, ids: list[int]) -> list[SegmentRow | None]:
        asked.append(list(ids))
        return rows(self, ids)

    monkeypatch.setattr(Snapshot, "rows", noted)
    return asked


@pytest.mark.parametrize("k", [1, 3, 10, 50])
@pytest.mark.parametrize("text", ["red bicycle", "a song 3", "nothing of it"])
def test_the_rows_that_are_read_are_those_of_the_page(
    collection: Collection, read: list[list[int]], k: int, text: str
) -> None:
    hits = CollectionRetriever(collection).retrieve(text, k=k)
    assert len(hits) == min(k, 8)
    assert [len(ids) for ids in read] == [sum(1 + len(hit.segments) for hit in hits)]


@pytest.mark.parametrize("published", [False, True])
def test_a_hit_tells_what_the_catalog_says_of_its_segments(
    collection: Collection, published: bool
) -> None:
    if published:
        collection.publish()
    hits = CollectionRetriever(collection).retrieve("red bicycle", k=40)
    assert sum(len(hit.segments) for hit in hits) > 1
    for hit in hits:
        item = collection.snapshot().item(hit.id)
        assert (hit.kind, hit.source, hit.metadata) == (item.kind, item.source, item.metadata)
        said = {(segment.place, segment.text) for segment in item.segments}
        told = [(segment.place, segment.text) for segment in (hit, *hit.segments)]
        assert len(set(told)) == len(told)
        assert set(told) <= said


def test_an_item_that_is_removed_in_the_same_moment_leaves_no_gap(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was ranked, and is gone when its row is read."""
    retriever = CollectionRetriever(collection)
    first, *others = retriever.retrieve("red bicycle", k=5)
    rows = Snapshot.rows

    def late(self: Snapshot, ids: list[int]) -> list[SegmentRow | None]:
        collection.remove([first.id])
        return rows(self, ids)

    monkeypatch.setattr(Snapshot, "rows", late)
    found = [hit.id for hit in retriever.retrieve("red bicycle", k=5)]
    assert found[:4] == [hit.id for hit in others]
    assert len(set(found)) == 5


def test_a_row_that_got_lost_ends_no_search(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its segment is there, so that it is found each time anew."""
    retriever = CollectionRetriever(collection)
    lost, *others = retriever.retrieve("red bicycle", k=5)
    rows, times = Snapshot.rows, 0

    def without(self: Snapshot, ids: list[int]) -> list[SegmentRow | None]:
        nonlocal times
        times += 1
        assert times < 10
        return [row if row and row.item_id != lost.id else None for row in rows(self, ids)]

    monkeypatch.setattr(Snapshot, "rows", without)
    found = [hit.id for hit in retriever.retrieve("red bicycle", k=5)]
    assert found[:4] == [hit.id for hit in others]
    assert len(set(found)) == 5
