"""Going through items without searching."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from specimen import created, record

from anysense.embed.errors import ItemNotFoundError
from anysense.embed.types import Kind, Modality
from anysense.index.catalog.browse import find_item, item_paths, list_items

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.collection import Collection


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with created(tmp_path / "c") as made:
        made.write([record(name, metadata={"n": name}) for name in "abc"])
        made.write([record("t", modality=Modality.TEXT, files=["/b", "/a", "/c"])])
        yield made


def test_items_are_listed_in_the_order_in_which_they_were_added(collection: Collection) -> None:
    catalog = collection.folder.catalog
    rows = list_items(catalog)
    assert [(row.position, row.id, row.kind) for row in rows] == [
        (1, "a", Kind.IMAGE),
        (2, "b", Kind.IMAGE),
        (3, "c", Kind.IMAGE),
        (4, "t", Kind.TEXT),
    ]
    assert [row.id for row in list_items(catalog, after=1, limit=2)] == ["b", "c"]
    collection.write([record("b")])
    assert [row.id for row in list_items(catalog, after=1)] == ["c", "t", "b"]


def test_an_item_is_given_as_plain_values(collection: Collection) -> None:
    row = find_item(collection.folder.catalog, "a")
    assert row.to_dict() == {
        "id": "a",
        "source": "memory:a",
        "kind": "image",
        "metadata": {"n": "a"},
        "added_at": row.added_at,
    }
    with pytest.raises(ItemNotFoundError, match="No item nobody"):
        find_item(collection.folder.catalog, "nobody")


def test_the_paths_of_an_item_begin_with_its_source(collection: Collection) -> None:
    catalog = collection.folder.catalog
    assert item_paths(catalog, find_item(catalog, "t")) == ["/b", "/a", "/c"]
    assert item_paths(catalog, find_item(catalog, "a")) == []
