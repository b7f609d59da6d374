"""Where the collections of folders are, and what is noted of them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from anysense.embed.errors import StorageError
from anysense.index.building.sources.scan import FileScan
from anysense.server.cli.finding.cached import (
    FolderNote,
    cached_around,
    cached_collections,
    cached_of,
)

pytestmark = pytest.mark.usefixtures("own_cache")


def test_each_folder_has_a_place_of_its_own() -> None:
    one, other = cached_of("/home/ada/My Pictures"), cached_of("/home/bob/My Pictures")
    assert one.home != other.home
    assert one.home.name.startswith("My-Pictures-")
    assert cached_of("/home/ada/My Pictures") == one
    assert cached_of("/").home.name.isalnum()
    assert cached_of("/\udcff" + "x" * 300).home.name.startswith("x" * 40 + "-")


def test_what_is_noted_is_read_again() -> None:
    cached = cached_of("/home/ada/\udcff")
    cached.make_home()
    assert cached_of(cached.folder).note == FolderNote("/home/ada/\udcff")
    cached.noting(exclude=("*.tmp",), ignore_files=False, pace=2.5, fingerprint="x")
    note = FolderNote("/home/ada/\udcff", ("*.tmp",), False, 2.5, "x")
    assert cached_of(cached.folder).note == note
    assert [found.note for found in cached_collections()] == [note]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        '{"folder": "/x", "pace": "fast"}',
        '{"folder": "/x", "pace": 1' + "0" * 400 + "}",
        "[" * 9999,
    ],
)
def test_a_note_that_cannot_be_read_is_none(text: str) -> None:
    cached = cached_of("/x")
    cached.make_home()
    (cached.home / "folder.json").write_text(text)
    assert cached_collections() == []
    assert cached_of("/x").note == FolderNote("/x")


def test_only_this_user_may_read_it(own_cache: Path) -> None:
    cached = cached_of("/x")
    cached.make_home()
    for folder in (cached.home, cached.home.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_it_is_known_as_a_cache(own_cache: Path, tmp_path: Path) -> None:
    cached = cached_of("/x")
    cached.make_home()
    (cached.home / "note.txt").write_text("what a collection might keep")
    (tmp_path / "own.txt").write_text("the user's")
    assert [Path(path).name for path in FileScan([tmp_path]).run().paths] == ["own.txt"]


def test_a_cache_that_cannot_be_written_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ANYSENSE_CACHE", str(tmp_path / "file"))
    assert cached_collections() == []
    with pytest.raises(StorageError, match="file"):
        cached_of("/x").make_home()


def test_those_around_a_folder_come_nearest_first(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "a"):
        cached_of(str(folder)).path.mkdir(parents=True)
    around = [cached.folder for cached in cached_around(str(tmp_path / "a" / "b"))]
    assert around == [str(tmp_path / "a"), str(tmp_path)]
    assert [c.folder for c in cached_around(str(tmp_path / "a"))] == [str(tmp_path)]


def test_its_use_is_noted() -> None:
    cached = cached_of("/x")
    assert cached.used_at == 0
    cached.note_use()  # there is nothing to note it on yet
    cached.make_home()
    os.utime(cached.home / "folder.json", (1, 1))
    assert cached.used_at == 1
    cached.note_use()
    assert cached.used_at > 10**9
