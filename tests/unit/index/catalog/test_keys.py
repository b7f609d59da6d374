"""Items by their keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from specimen import IMAGES, TEXTS, created, record

from anysense.embed.types import Modality
from anysense.index.catalog.browse import find_item
from anysense.index.catalog.keys import (
    first_segments,
    keys_of_items,
    keys_of_segments,
    spaces_of_segments,
)
from anysense.index.catalog.sqlite.ranges import segment_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.collection import Collection


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    """Items of one segment each; the first has been replaced, and the third removed."""
    with created(tmp_path / "c") as made:
        made.write([record(name) for name in ("a", "b", "c", "bad\udcff", "nul\0l")])
        made.write([record("a")])
        made.remove(["c"])
        yield made


def test_the_item_of_each_segment_in_the_order_asked_for(collection: Collection) -> None:
    catalog = collection.folder.catalog
    a, b = (find_item(catalog, name).position for name in "ab")
    segments = np.array([6, 2, -1, 1, 3, 99, 6])
    assert keys_of_segments(catalog, segments) == [a, b, None, None, None, None, a]
    assert keys_of_segments(catalog, []) == []


def test_the_keys_of_items_whatever_they_are_called(collection: Collection) -> None:
    catalog = collection.folder.catalog
    names = ["b", "bad\udcff", "nul\0l"]
    keys = {find_item(catalog, name).position for name in names}
    assert keys_of_items(catalog, [*names, "c", "never"]) == keys
    assert len(keys) == 3
    assert keys_of_items(catalog, []) == frozenset()


def test_segments_tell_their_spaces_and_items_their_first_segments(tmp_path: Path) -> None:
    with created(tmp_path / "c") as collection:
        collection.write([record("a", segments=3), record("b", modality=Modality.TEXT)])
        catalog = collection.folder.catalog
        assert spaces_of_segments(catalog, np.array([4, 1, 99])) == [1, 1, None]
        items = np.array([1, 2, 99])
        assert first_segments(catalog, items, ["image", "text"], 4) == {
            1: (1, IMAGES),
            2: (4, TEXTS),
        }
        assert first_segments(catalog, items, ["image"], 4) == {1: (1, IMAGES)}
        assert first_segments(catalog, items, ["text", "audio"], 3) == {}


def test_segments_are_read_a_range_at_a_time(tmp_path: Path) -> None:
    with created(tmp_path / "c") as collection:
        collection.write([record(f"n{i}", segments=1 + i % 3) for i in range(9)])
        collection.remove(["n4"])
        catalog = collection.folder.catalog
        source = "FROM segments AS s WHERE s.ordinal <= ? AND s.item_pk >= ? AND s.item_pk < ?"
        every = "SELECT s.segment_pk FROM segments AS s WHERE s.ordinal <= 1"
        with catalog.transaction() as connection:
            expected = sorted(pk for (pk,) in connection.execute(every))
            for step in (1, 4, 100):
                parts = list(segment_parts(connection, source, (1,), 10, step))
                assert sorted(np.concatenate(parts).tolist()) == expected
            assert list(segment_parts(connection, source, (-1,), 10)) == []
