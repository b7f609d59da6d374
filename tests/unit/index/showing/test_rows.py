"""What stands in rows of data sets and of tables is shown: the content that was added, or none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from data_set_files import embedded, save_to_disk, table_of, to_hub
from parquet_files import write_parquet
from tiny_files import picture_bytes

from anysense.embed.errors import MediaGoneError, NoMediaError
from anysense.index.building.build import build
from anysense.index.collection import Collection
from anysense.index.showing import rows
from anysense.index.showing.reader import CollectionReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RED, BLUE = picture_bytes("red"), picture_bytes("blue")
CELLS = embedded((RED, "red.png"), (BLUE, "blue.png"))


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with Collection.create(tmp_path / "collection", ("tiny",)) as created:
        yield created


def id_of(collection: Collection, name: str) -> str:
    """The id of the item whose row calls its file so."""
    snapshot = collection.folder.snapshot()
    ids = {file.item_id for file in collection.folder.files().values()}
    [found] = [each for each in ids if snapshot.item(each).metadata.get("path") == name]
    return found


@pytest.mark.parametrize("captions", [["a low door", None], [None, None]])
@pytest.mark.parametrize("layout", ["arrow", "hub", "table"])
def test_a_picture_in_a_row_is_shown(
    collection: Collection, tmp_path: Path, layout: str, captions: list[str | None]
) -> None:
    source = tmp_path / "data"
    if layout == "table":
        text = [caption or "" for caption in captions]
        source = write_parquet(tmp_path / "a.parquet", image=CELLS, text=text)
    else:
        write = save_to_disk if layout == "arrow" else to_hub
        write(source, table_of(None, image=CELLS, text=captions))
    assert build(collection, [source]).added == 2
    reader = CollectionReader(collection.folder)
    for name, data in (("red.png", RED), ("blue.png", BLUE)):
        shown = reader.media(id_of(collection, name))
        assert (shown.data, shown.mime_type, shown.name) == (data, "image/png", name)
        assert reader.thumbnail(id_of(collection, name), 160).mime_type == "image/jpeg"


def test_only_what_was_added_is_shown(collection: Collection, tmp_path: Path) -> None:
    [file] = to_hub(tmp_path / "data", table_of(None, image=CELLS))
    build(collection, [tmp_path / "data"])
    item_id, reader = id_of(collection, "red.png"), CollectionReader(collection.folder)
    times = file.stat()
    other = embedded((BLUE, "red.png"), (RED, "blue.png"))
    to_hub(tmp_path / "data", table_of(None, image=other))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert file.stat().st_size == times.st_size
    with pytest.raises(MediaGoneError):  # the same size and time
        reader.media(item_id)
    to_hub(tmp_path / "data", table_of(None, image=CELLS))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert reader.media(item_id).data == RED
    kept = file.rename(tmp_path / "kept.parquet")
    with pytest.raises(MediaGoneError):
        reader.media(item_id)
    file.symlink_to(kept)
    with pytest.raises(MediaGoneError):
        reader.media(item_id)


def test_a_row_outside_of_the_data_sets_folder_is_not_shown(
    collection: Collection, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    named = embedded((None, "red.png"), (BLUE, "blue.png"))
    save_to_disk(folder, table_of(None, image=named))
    (folder / "red.png").write_bytes(RED)
    build(collection, [folder])
    reader = CollectionReader(collection.folder)
    item_id = id_of(collection, "red.png")
    assert reader.media(item_id).data == RED
    (tmp_path / "outside.png").write_bytes(RED)
    (folder / "red.png").unlink()
    (folder / "red.png").symlink_to(tmp_path / "outside.png")
    with pytest.raises(MediaGoneError):
        reader.media(item_id)


def test_a_row_is_not_looked_for_in_a_table_that_is_too_large(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = write_parquet(tmp_path / "a.parquet", image=CELLS)
    build(collection, [table])
    monkeypatch.setattr(rows, "MOST_TABLE_BYTES", 10)
    with pytest.raises(NoMediaError, match="too much to look for one of its rows"):
        CollectionReader(collection.folder).media(id_of(collection, "red.png"))
