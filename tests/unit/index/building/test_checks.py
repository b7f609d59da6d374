from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest
from tiny_files import real

from anysense.embed.errors import UsageError
from anysense.index.building.build import build, check_sources
from anysense.index.catalog.records import make_id

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


def test_a_table_without_rows_is_said_to_be_empty(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("path,year\n")
    with pytest.raises(UsageError, match=r"none\.csv has no row that names a file or a text"):
        build(collection, [tmp_path / "none.csv"])


def test_a_missing_or_emptied_source_removes_nothing(collection: Collection, media: Path) -> None:
    build(collection, [media])
    away = media.with_name("unmounted")
    media.rename(away)
    with pytest.raises(UsageError, match="no such file or folder"):
        build(collection, [media])
    media.mkdir()  # as the mount point of a disk that is not there
    with pytest.raises(UsageError, match="--keep-missing"):
        build(collection, [media])
    (media / ".hidden").write_text("x")
    with pytest.raises(UsageError, match="--keep-missing"):
        build(collection, [media, away])
    assert collection.info()["items"] == 5
    build(collection, [media], keep_missing=True)
    assert collection.info()["items"] == 5


def test_the_advice_for_an_emptied_source_selects_its_items_alone(
    collection: Collection, tmp_path: Path
) -> None:
    odd, beside = tmp_path / 'it\'s a \\ "disk"', tmp_path / 'it\'s a \\ "disk" of others'
    for folder in (odd, beside):
        folder.mkdir()
        (folder / "a.txt").write_text(f"red {folder.name}")
    build(collection, [odd, beside])
    (odd / "a.txt").unlink()
    with pytest.raises(UsageError, match="1 file of the collection comes from it") as refused:
        build(collection, [odd])
    command = shlex.split(str(refused.value).split("`")[1])
    assert command[:4] == ["anysense", "remove", str(collection.path), "--where"]
    snapshot = collection.folder.snapshot()
    selected = snapshot.select(command[4])
    assert selected is not None
    [row] = snapshot.rows(selected.ids)
    assert row is not None
    assert row.item_id == make_id(real(odd / "a.txt"))


def test_an_empty_folder_is_one_sentence(tmp_path: Path, collection: Collection) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"empty holds no file that anysense reads; .*\.jpg"):
        check_sources([tmp_path / "empty"])
    with pytest.raises(UsageError, match="holds no file"):
        build(collection, [tmp_path / "empty"])
