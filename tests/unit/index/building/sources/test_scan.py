from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from source_files import names, touch, write_table

from anysense.embed.errors import MediaError, UsageError
from anysense.index.building.sources.scan import FileScan

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_scanned_in_order_without_hidden_and_foreign_files(tmp_path: Path) -> None:
    touch(
        tmp_path / "b.JPG",
        tmp_path / "a.txt",
        tmp_path / "z/c.wav",
        tmp_path / ".hidden.jpg",
        tmp_path / ".git/d.txt",
        tmp_path / "program.exe",
    )
    run = FileScan([tmp_path]).run()
    assert names(run, tmp_path) == ["a.txt", "b.JPG", "z/c.wav"]
    assert run.entries[0].size == 5
    assert run.entries[0].stamp == (tmp_path / "a.txt").stat().st_mtime_ns


def test_a_hidden_folder_that_is_named_is_scanned(tmp_path: Path) -> None:
    touch(tmp_path / ".hidden/a.txt")
    assert names(FileScan([tmp_path / ".hidden"]).run(), tmp_path) == [".hidden/a.txt"]


def test_the_collection_itself_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt", tmp_path / "out/media/b.txt")
    assert names(FileScan([tmp_path], collection=tmp_path / "out").run(), tmp_path) == ["a.txt"]


def test_links_to_folders_are_not_followed_and_files_only_inside(tmp_path: Path) -> None:
    photos, other = tmp_path / "photos", tmp_path / "other"
    touch(photos / "a.txt", other / "secret.txt")
    (photos / "loop").symlink_to(photos, target_is_directory=True)
    (photos / "away").symlink_to(other, target_is_directory=True)
    (photos / "inside.txt").symlink_to(photos / "a.txt")
    (photos / "outside.txt").symlink_to(other / "secret.txt")
    (photos / "broken.txt").symlink_to(photos / "nothing.txt")
    run = FileScan([photos]).run()
    assert names(run, photos) == ["a.txt", "inside.txt"]
    assert run.outside_links == 2
    both = FileScan([photos, other]).run()
    assert both.outside_links == 0
    assert "outside.txt" in names(both, photos)


@pytest.mark.parametrize("name", ["secret", "secret.txt"])
def test_a_link_whose_target_nobody_tells_is_not_followed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a.txt")
    (tmp_path / name).symlink_to(tmp_path / "a.txt")

    def readlink(path: str) -> str:
        raise PermissionError(13, "Permission denied", path)  # as below /proc on Linux

    monkeypatch.setattr("os.readlink", readlink)
    run = FileScan([tmp_path]).run()
    assert names(run, tmp_path) == ["a.txt"]
    assert run.outside_links == 1


def test_a_folder_reached_through_a_link_has_its_real_path(tmp_path: Path) -> None:
    touch(tmp_path / "real/a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert (
        FileScan([tmp_path / "link"]).run().entries == FileScan([tmp_path / "real"]).run().entries
    )


@pytest.mark.parametrize("name", ["missing", "missing/*.jpg", "[z-a]*.jpg"])
def test_sources_that_mean_nothing_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        FileScan([tmp_path / name])


def test_no_source_at_all_is_refused() -> None:
    with pytest.raises(UsageError):
        FileScan([])


def test_a_file_named_by_itself_counts_whatever_its_suffix(tmp_path: Path) -> None:
    touch(tmp_path / "photo.weird")
    [entry] = FileScan([tmp_path / "photo.weird"]).run().entries
    assert entry.path == os.path.realpath(tmp_path / "photo.weird")
    assert entry.item is None


def test_a_path_met_twice_has_one_entry(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt")
    rows = write_table(tmp_path, {"path": "a.txt", "year": 2020})
    run = FileScan([rows, tmp_path, tmp_path / "a.txt", tmp_path / "*.txt"]).run()
    assert names(run, tmp_path) == ["a.txt"]
    assert run.entries[0].item is not None
    assert run.entries[0].item.metadata == {"year": 2020}


def test_gone_is_only_what_was_looked_for_and_is_not_there(tmp_path: Path) -> None:
    touch(tmp_path / "in/a.txt", tmp_path / "out/b.txt")
    real = os.path.realpath(tmp_path)
    run = FileScan([tmp_path / "in"]).run()
    assert run.is_gone(f"{real}/in/gone.txt")
    assert run.is_gone(f"{real}/in/sub/gone.txt")
    assert not run.is_gone(f"{real}/in/a.txt")
    assert not run.is_gone(f"{real}/out/gone.txt")
    assert not run.is_gone(f"{real}/input/gone.txt")
    pattern = FileScan([tmp_path / "in/*.txt"]).run()
    assert pattern.is_gone(f"{real}/in/gone.txt")
    assert not pattern.is_gone(f"{real}/in/gone.jpg")
    assert not pattern.is_gone(f"{real}/in/sub/gone.txt")


def test_what_is_under_a_folder_that_cannot_be_listed_is_not_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "a.txt", tmp_path / "locked/b.txt")
    real = os.path.realpath(tmp_path)
    list_folder = os.scandir

    def refuse(folder: str) -> object:  # as for a user without permission; tests may run as root
        if folder.endswith("locked"):
            raise PermissionError(13, "Permission denied", folder)
        return list_folder(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    run = FileScan([tmp_path]).run()
    assert names(run, tmp_path) == ["a.txt"]
    assert [problem.path for problem in run.problems] == [f"{real}/locked"]
    assert not run.is_gone(f"{real}/locked/c.txt")
    assert run.is_gone(f"{real}/c.txt")
    with pytest.raises(MediaError, match="locked"):
        FileScan([tmp_path / "locked"]).run()


def test_a_name_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "w") as file:  # noqa: PTH123
        file.write("x")
    run = FileScan([tmp_path]).run()
    assert run.entries == []
    assert "UTF-8" in run.problems[0].reason
    run.problems[0].path.encode()


def test_files_of_other_kinds_are_counted_by_suffix(tmp_path: Path) -> None:
    touch(
        *(tmp_path / name for name in ("a.jpg", "a.xmp", "b.xmp", "c.PSDX", "d.psdx", "e.blend")),
        *(tmp_path / name for name in ("Makefile", "Thumbs.db", "desktop.ini", ".DS_Store")),
        *(
            tmp_path / name
            for name in ("letter to. aunt may", "inner/f.psdx", "out/catalog.sqlite")
        ),
    )
    os.mkfifo(tmp_path / "pipe.psdx")
    (tmp_path / "link.psdx").symlink_to(tmp_path / "c.PSDX")
    scan = FileScan([tmp_path, tmp_path / "inner"], collection=tmp_path / "out").run()
    assert list(scan.unread_kinds.items())[:2] == [(".psdx", 3), ("", 2)]
    assert scan.unread_kinds == {
        ".psdx": 3,
        "": 2,
        ".blend": 1,
        ".xmp": 1,
        "named pipe": 1,
    }
    assert FileScan([tmp_path], with_sidecars=False).run().unread_kinds[".xmp"] == 2


def test_of_a_glob_only_what_it_asks_for_is_counted(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "b.psdx", tmp_path / "inner/c.psdx", tmp_path / "d.blend")
    for pattern, kinds in (
        ("*.jpg", {}),
        ("*.psdx", {".psdx": 1}),
        ("**/*", {".psdx": 2, ".blend": 1}),
        ("inn*", {".psdx": 1}),
    ):
        assert FileScan([f"{tmp_path}/{pattern}"]).run().unread_kinds == kinds, pattern


def test_one_source_may_stand_by_itself_and_an_empty_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    assert len(FileScan(str(tmp_path)).run().entries) == 1
    for sources in ([""], [tmp_path, ""]):
        with pytest.raises(UsageError, match="A source is empty"):
            FileScan(sources)
