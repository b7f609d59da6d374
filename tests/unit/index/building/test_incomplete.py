"""An item of whose picture a part is missing says so, for as long as it is missing."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from media_files import saved
from PIL import Image
from tiny_files import real, summary

from anysense.index.building.build import build
from anysense.index.catalog.records import make_id
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

RED = Image.fromarray(
    np.random.default_rng(0).integers(0, 60, (128, 128, 3), np.uint8) + np.uint8([190, 0, 0])
)
WHOLE = saved(RED, "JPEG", quality=95)
CUT = WHOLE[: len(WHOLE) * 3 // 4]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture that lost a quarter of its lines."""
    path = tmp_path / "media" / "photo.jpg"
    path.parent.mkdir()
    path.write_bytes(CUT)
    return path


def metadata(collection: Collection, path: Path) -> dict[str, Any]:
    return dict(collection.folder.snapshot().item(make_id(real(path))).metadata)


def test_a_cut_picture_is_marked_until_its_file_is_mended(
    collection: Collection, photo: Path
) -> None:
    assert summary(build(collection, [photo.parent])) == {"added": 1}
    assert metadata(collection, photo) == {"complete": False}
    [hit] = collection.search("red", where="complete = false")
    assert hit.metadata == {"complete": False}
    photo.write_bytes(WHOLE)
    assert summary(build(collection, [photo.parent])) == {"updated": 1}
    assert metadata(collection, photo) == {}
    assert list(collection.search("red", where="complete = false")) == []


def test_a_picture_that_lost_its_end_later_is_marked(collection: Collection, photo: Path) -> None:
    photo.write_bytes(WHOLE)
    build(collection, [photo.parent])
    assert metadata(collection, photo) == {}
    photo.write_bytes(CUT)
    build(collection, [photo.parent])
    assert metadata(collection, photo) == {"complete": False}
    os.utime(photo, (1, 1))
    assert summary(build(collection, [photo.parent])) == {"unchanged": 1}
    build(collection, [photo.parent], reread=True)
    assert metadata(collection, photo) == {"complete": False}


def test_what_else_is_said_of_it_lies_over_the_mark(collection: Collection, photo: Path) -> None:
    about = photo.parent.parent / "about.jsonl"

    def describe(**values: Any) -> dict[str, int]:
        about.write_text(json.dumps({"path": str(photo), **values}) + "\n")
        return summary(build(collection, [photo.parent], metadata=about))

    assert describe(year=2001) == {"added": 1}
    assert metadata(collection, photo) == {"complete": False, "year": 2001}
    assert describe(year=2001) == {"unchanged": 1}
    assert describe(year=2002) == {"described": 1, "unchanged": 1}
    assert metadata(collection, photo) == {"complete": False, "year": 2002}
    assert describe(complete="as far as I can see") == {"described": 1, "unchanged": 1}
    assert metadata(collection, photo) == {"complete": "as far as I can see"}
    photo.write_bytes(WHOLE)
    assert describe(year=2002) == {"updated": 1}
    assert metadata(collection, photo) == {"year": 2002}


def test_metadata_that_was_given_outlives_the_mark(collection: Collection, photo: Path) -> None:
    about = photo.parent.parent / "about.jsonl"
    about.write_text(json.dumps({"path": str(photo), "year": 2001}) + "\n")
    build(collection, [photo.parent], metadata=about)
    photo.write_bytes(WHOLE)
    build(collection, [photo.parent])
    assert metadata(collection, photo) == {"year": 2001}


def test_a_row_of_a_table_keeps_the_mark(collection: Collection, photo: Path) -> None:
    table = photo.parent.parent / "rows.jsonl"
    for year, changes in ((2001, {"added": 1}), (2002, {"described": 1, "unchanged": 1})):
        table.write_text(json.dumps({"path": str(photo), "id": "p", "year": year}) + "\n")
        assert summary(build(collection, [table])) == changes
        item = collection.folder.snapshot().item("p")
        assert item.metadata == {"complete": False, "year": year}
        assert summary(build(collection, [table])) == {"unchanged": 1}


def test_added_items_are_marked_too(collection: Collection, photo: Path) -> None:
    items = [NewItem(photo, id="file"), NewItem(CUT, id="bytes", metadata={"n": 1})]
    collection.add([*items, NewItem(WHOLE, id="whole")])
    snapshot = collection.folder.snapshot()
    assert snapshot.item("file").metadata == {"complete": False}
    assert snapshot.item("bytes").metadata == {"complete": False, "n": 1}
    assert snapshot.item("whole").metadata == {}


def test_a_cut_picture_can_be_searched_by(collection: Collection, photo: Path) -> None:
    collection.add([NewItem(WHOLE, id="whole"), NewItem("blue high", id="text")])
    for query in (photo, CUT):
        assert collection.search(query, k=1)[0].id == "whole"
