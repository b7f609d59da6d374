"""Pages of an approximate search: the deeper it looks, the more of the best it finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from specimen import created

from anysense import Modality, Retriever, Term
from anysense.embed.types import EncodedSegment, Kind
from anysense.index.catalog.records import ItemRecord
from anysense.index.ranking.paging import page_of

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.ranking.match import Match


@dataclass(frozen=True)
class Found:
    """A match, as far as pages look at it."""

    item: int

    @property
    def modality(self) -> Modality:
        """Three in turn."""
        return list(Modality)[self.item % 3]


def match(number: int) -> Match:
    return cast("Match", Found(number))


def deeper_finds_more(size: int) -> list[Match]:
    """Of the best of 400 items, a search for few misses every third, for more every tenth."""
    missed = 3 if size < 10 else 10 if size < 40 else 400
    return [match(n) for n in range(400) if n % missed != missed - 1][:size]


@pytest.mark.parametrize("k", [1, 5, 7, 50])
def test_pages_neither_repeat_nor_skip(k: int) -> None:
    pages = [page_of(deeper_finds_more, k, offset) for offset in range(0, 200, k)]
    assert pages[0] == deeper_finds_more(k)
    assert {len(page) for page in pages} == {k}
    ids = [found.item for page in pages for found in page]
    assert len(set(ids)) == len(ids)
    assert sorted(ids) == list(range(len(ids)))  # what was missed comes later
    assert page_of(deeper_finds_more, k, k) == pages[1]  # whatever was asked before


def test_a_quota_holds_over_all_pages() -> None:
    pages = [
        page_of(deeper_finds_more, 5, offset, per_modality_k=6, modalities=3)
        for offset in range(0, 30, 5)
    ]
    shown = [found for page in pages for found in page]
    assert len({found.item for found in shown}) == len(shown) == 18
    counts = {modality: sum(m.modality is modality for m in shown) for modality in Modality}
    assert set(counts.values()) == {6}
    assert pages[4:] == [[], []]


def test_a_quota_is_filled_by_what_lies_deeper() -> None:
    """Of the best, most lead by a modality whose quota is full."""
    asked: list[int] = []

    def lopsided(size: int) -> list[Match]:
        asked.append(size)
        matches = [match(3 * n) for n in range(10)] + [match(n) for n in range(100, 400)]
        return matches[:size]

    def texts_alone(size: int) -> list[Match]:
        asked.append(size)
        return [match(3 * n) for n in range(size)]

    page = page_of(lopsided, 6, per_modality_k=3, modalities=3)
    assert [found.modality for found in page].count(Modality.TEXT) == 3
    assert (len(page), asked) == (6, [6, 12, 24])
    asked.clear()
    assert (
        len(page_of(lopsided, 10, per_modality_k=3, modalities=3)) == 9
    )  # every quota is full: no use in looking on
    assert asked == [10, 20]
    asked.clear()
    assert len(page_of(texts_alone, 6, per_modality_k=3, modalities=3)) == 3
    assert asked == [6, 12, 24]  # and no further
    assert [m.item for m in page_of(lopsided, 6)] == [m.item for m in lopsided(6)]


def test_pages_of_a_collection_that_is_not_compared_whole(tmp_path: Path) -> None:
    """Thirty thousand segments are over the limit of exact search."""
    rng = np.random.default_rng(0)
    drawn = rng.standard_normal((300, 32))[rng.integers(0, 300, 30_000)]
    drawn += 0.5 * rng.standard_normal(drawn.shape)
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    image = Modality.IMAGE
    with created(tmp_path / "c") as collection:
        collection.write(
            [
                ItemRecord(str(i), str(i), Kind.IMAGE, {}, [EncodedSegment("tiny", image, v)])
                for i, v in enumerate(vectors)
            ]
        )
        collection.publish()
        assert not all(route["exact"] for route in collection.info()["routes"])
        retriever = Retriever(collection)
        for vector in vectors[:5]:
            term = Term(vector=vector, space="tiny", modality=image)
            pages = [retriever.retrieve(term, k=20, offset=o) for o in range(0, 300, 20)]
            assert pages[0] == retriever.retrieve(term, k=20)
            assert len({found.id for page in pages for found in page}) == 300
