"""Copies, and the items that they join."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
from http_client import png

from anysense.embed.errors import ItemNotFoundError
from anysense.index.catalog.browse import find_item, item_paths
from anysense.index.catalog.records import FileRecord
from anysense.index.types import NewItem
from anysense.server.http.errors import RequestError
from anysense.server.http.service.copies import item_with, join, text_with

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

RED = hashlib.blake2b(png("red"), digest_size=32).hexdigest()


def test_an_item_has_a_content_for_as_long_as_it_has_a_file(
    collection: Collection, tmp_path: Path
) -> None:
    folder = collection.folder
    assert item_with(folder, RED) == "red"
    assert item_with(folder, "0" * 64) is None
    (tmp_path / "files" / "red.png").unlink()
    assert item_with(folder, RED) is None
    copy = tmp_path / "copy.png"
    copy.write_bytes(png("red"))
    join(folder, "red", {}, file=FileRecord(str(copy), 1, 1, RED))
    assert item_with(folder, RED) == "red"
    folder.remove(["red"])
    assert item_with(folder, RED) is None


def test_of_several_items_that_have_a_content_that_of_the_file_comes_first(
    collection: Collection, tmp_path: Path
) -> None:
    newer = tmp_path / "newer.png"
    newer.write_bytes(png("red"))
    collection.add([NewItem(newer, id="newer")])
    path = str(newer.resolve())
    assert item_with(collection.folder, RED) == "red"
    assert item_with(collection.folder, RED, path) == "newer"
    assert item_with(collection.folder, RED, str(tmp_path / "no such.png")) == "red"
    assert item_with(collection.folder, "0" * 64, path) is None


def test_a_text_is_known_by_the_id_made_from_it(collection: Collection) -> None:
    digest = hashlib.blake2b(b"red", digest_size=32).hexdigest()  # that of red-text
    [made_id] = collection.add([NewItem("red")]).ids
    assert made_id is not None
    assert text_with(collection.folder, digest, made_id) == made_id
    collection.add([NewItem("blue", id=made_id)])
    assert text_with(collection.folder, digest, made_id) is None


def test_an_item_that_is_removed_between_two_looks_has_no_content(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(collection.folder), "by_hash", lambda *_: "removed")
    assert item_with(collection.folder, RED) is None


def test_an_item_that_is_gone_is_joined_by_no_copy(collection: Collection, tmp_path: Path) -> None:
    file = FileRecord(str(tmp_path / "copy.png"), 1, 1, RED)
    for record in (file, None):
        with pytest.raises(ItemNotFoundError):
            join(collection.folder, "nothing", {"n": 1}, file=record)
    assert file.path not in collection.folder.files()


def test_an_item_keeps_its_name_and_what_was_said_of_its_file(collection: Collection) -> None:
    folder = collection.folder
    folder.describe({"red": {"complete": False, "filename": "red.png", "n": 1}})
    join(folder, "red", {"filename": "a.png", "complete": True, "n": 2}, name="a.png")
    after = find_item(folder.catalog, "red").metadata
    assert after == {"complete": False, "filename": "red.png", "n": 2}
    join(folder, "red", {"filename": "said.png"}, name="a.png")
    assert find_item(folder.catalog, "red").metadata["filename"] == "said.png"


def test_a_copy_with_too_much_metadata_leaves_everything_as_it_is(
    collection: Collection, tmp_path: Path
) -> None:
    folder = collection.folder
    before = find_item(folder.catalog, "red")
    paths = item_paths(folder.catalog, before)
    file = FileRecord(str(tmp_path / "copy.png"), 1, 1, RED)
    with pytest.raises(RequestError, match="with that of the item red, metadata has at most"):
        join(folder, "red", {"long": "x" * 300_000}, file=file)
    assert find_item(folder.catalog, "red") == before
    assert item_paths(folder.catalog, before) == paths
