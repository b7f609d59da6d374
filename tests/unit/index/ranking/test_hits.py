"""What is read of the catalog for a page of hits, and that no more of it would change them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from anysense.index.collection import Collection
from anysense.index.ranking import hits as hits_module
from anysense.index.ranking.retriever import Retriever
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = ("red", "green", "blue", "bicycle", "boat", "house", "song")


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Items of one segment and of many."""
    with Collection.create(tmp_path / "c", ["tiny"]) as made:
        texts = [f"a {a} {b} {n}" for n, (a, b) in enumerate(pairwise(WORDS))]
        long = ". ".join(f"{word} {n}" for n in range(40) for word in WORDS)
        made.add([NewItem(text) for text in [*texts * 5, long, long[::-1]]])
        yield made


@pytest.mark.parametrize("k", [1, 3, 10, 50])
@pytest.mark.parametrize("text", ["red bicycle", "a song 3", "nothing of it"])
def test_the_rows_that_are_left_out_change_nothing(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, k: int, text: str
) -> None:
    retriever = Retriever(collection)
    hits = retriever.retrieve(text, k=k)
    # Private: there is no other way to have all rows read.
    monkeypatch.setattr(hits_module, "_needed", lambda route, products, *_: len(products))
    assert retriever.retrieve(text, k=k) == hits


def test_a_short_page_reads_few_rows(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    snapshot = type(collection.folder.snapshot())
    read = snapshot.rows

    def rows(self: object, ids: list[int]) -> object:
        asked.append(len(ids))
        return read(self, ids)  # type: ignore[arg-type]

    monkeypatch.setattr(snapshot, "rows", rows)
    assert len(Retriever(collection).retrieve("red bicycle", k=1)) == 1
    assert asked
    assert max(asked) < hits_module.LEAST_DEPTH
