from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from anysense import Collection, NewItem, Retriever
from anysense.index.ranking.matches import is_match

if TYPE_CHECKING:
    from collections.abc import Iterator

COLOURS = ("red", "green", "blue")


@pytest.fixture(scope="module", params=["fresh", "published"])
def retriever(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Retriever]:
    import tiny

    tiny.register()
    with Collection.create(tmp_path_factory.mktemp("c") / "c", ["tiny"]) as collection:
        for i in range(60):
            text, shade = f"a {COLOURS[i % 3]} thing, number {i}", (i, 3 * i, 4 * i)
            collection.add(
                [
                    NewItem(text, id=f"text-{i}", metadata={"number": i}),
                    NewItem(Image.new("RGB", (32, 32), shade), id=f"image-{i}"),
                ]
            )
        if request.param == "published":
            collection.publish()
        yield Retriever(collection)


def test_a_match_is_better_than_the_best_of_so_many_would_be_by_chance() -> None:
    assert not is_match(2.9, 1000)
    assert is_match(3.4, 1000)
    assert is_match(0.4, 1)


@pytest.mark.parametrize("count", range(1, 60, 7))
def test_what_a_filter_leaves_out_is_not_counted(retriever: Retriever, count: int) -> None:
    hits = retriever.retrieve("thing", where=f"number < {count}", k=60)
    assert len(hits) == count
    assert hits.no_match == (not is_match(hits[0].score, count))


def test_a_filter_can_leave_a_match_that_more_items_would_hide(retriever: Retriever) -> None:
    best = retriever.retrieve("thing", where="number < 15", k=1)
    assert not best.no_match
    assert not is_match(best[0].score, 2 * 15)  # texts and pictures, were all counted twice
