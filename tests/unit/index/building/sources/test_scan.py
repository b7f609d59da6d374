from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from anysense.embed.errors import MediaError, UsageError
from anysense.embed.types import Modality
from anysense.index.building.sources.opening import open_source
from anysense.index.building.sources.paths import is_file
from anysense.index.building.sources.scan import NewItem, Scan, scan


def touch(*paths: Path) -> None:
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)


def names(run: Scan, folder: Path) -> list[str]:
    return [os.path.relpath(found.path, os.path.realpath(folder)) for found in run.found]


def manifest(folder: Path, *rows: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_a_folder_is_scanned_in_order_without_hidden_and_foreign_files(tmp_path: Path) -> None:
    touch(
        tmp_path / "b.JPG",
        tmp_path / "a.txt",
        tmp_path / "z/c.wav",
        tmp_path / ".hidden.jpg",
        tmp_path / ".git/d.txt",
        tmp_path / "program.exe",
    )
    run = Scan([tmp_path]).run()
    assert names(run, tmp_path) == ["a.txt", "b.JPG", "z/c.wav"]
    assert run.found[0].size == 5
    assert run.found[0].mtime_ns == (tmp_path / "a.txt").stat().st_mtime_ns


def test_a_hidden_folder_that_is_named_is_scanned(tmp_path: Path) -> None:
    touch(tmp_path / ".hidden/a.txt")
    assert names(Scan([tmp_path / ".hidden"]).run(), tmp_path) == [".hidden/a.txt"]


def test_the_collection_itself_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt", tmp_path / "out/media/b.txt")
    assert names(Scan([tmp_path], exclude=tmp_path / "out").run(), tmp_path) == ["a.txt"]


def test_links_to_folders_are_not_followed_and_files_only_inside(tmp_path: Path) -> None:
    photos, other = tmp_path / "photos", tmp_path / "other"
    touch(photos / "a.txt", other / "secret.txt")
    (photos / "loop").symlink_to(photos, target_is_directory=True)
    (photos / "away").symlink_to(other, target_is_directory=True)
    (photos / "inside.txt").symlink_to(photos / "a.txt")
    (photos / "outside.txt").symlink_to(other / "secret.txt")
    (photos / "broken.txt").symlink_to(photos / "nothing.txt")
    run = Scan([photos]).run()
    assert names(run, photos) == ["a.txt", "inside.txt"]
    assert run.outside_links == 1
    both = Scan([photos, other]).run()
    assert both.outside_links == 0
    assert "outside.txt" in names(both, photos)


def test_a_folder_reached_through_a_link_has_its_real_path(tmp_path: Path) -> None:
    touch(tmp_path / "real/a.txt")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    assert Scan([tmp_path / "link"]).run().found == Scan([tmp_path / "real"]).run().found


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.txt", ["a.txt"]),
        ("**/*.txt", ["2020/b.txt", "2020/deep/c.txt", "a.txt"]),
        ("20*", ["2020/b.txt", "2020/deep/c.txt", "2021/d.wav"]),
        ("202[!0]/*", ["2021/d.wav"]),
        ("202?/?.txt", ["2020/b.txt"]),
        ("**", ["2020/b.txt", "2020/deep/c.txt", "2021/d.wav", "a.txt"]),
    ],
)
def test_globs(tmp_path: Path, pattern: str, expected: list[str]) -> None:
    touch(
        tmp_path / "a.txt",
        tmp_path / "2020/b.txt",
        tmp_path / "2020/deep/c.txt",
        tmp_path / "2021/d.wav",
        tmp_path / "2021/.e.wav",
    )
    assert sorted(names(Scan([tmp_path / pattern]).run(), tmp_path)) == expected


def test_a_folder_whose_name_looks_like_a_glob_is_a_folder(tmp_path: Path) -> None:
    touch(tmp_path / "[2020]*/a.txt")
    assert names(Scan([tmp_path / "[2020]*"]).run(), tmp_path) == ["[2020]*/a.txt"]


@pytest.mark.parametrize("name", ["missing", "missing/*.jpg", "[z-a]*.jpg"])
def test_sources_that_mean_nothing_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError):
        Scan([tmp_path / name])


def test_no_source_at_all_is_refused() -> None:
    with pytest.raises(UsageError):
        Scan([])


def test_a_file_named_by_itself_counts_whatever_its_suffix(tmp_path: Path) -> None:
    touch(tmp_path / "photo.weird")
    [item] = scan([tmp_path / "photo.weird"])
    path = os.path.realpath(tmp_path / "photo.weird")
    assert item == NewItem(Path(path), source=path)


def test_a_path_met_twice_is_found_once(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt")
    rows = manifest(tmp_path, {"path": "a.txt", "year": 2020})
    run = Scan([rows, tmp_path, tmp_path / "a.txt", tmp_path / "*.txt"]).run()
    assert names(run, tmp_path) == ["a.txt"]
    assert run.found[0].item is not None
    assert run.found[0].item.metadata == {"year": 2020}


def test_rows_of_a_manifest_are_items(tmp_path: Path) -> None:
    touch(tmp_path / "img/a.jpg")
    rows = manifest(
        tmp_path,
        {"path": "img/a.jpg", "id": 7, "modality": "image", "year": 1, "metadata": {"by": "me"}},
        {"text": "a note", "id": "n", "lang": "en"},
        {"text": "without an id"},
        {"file_name": "img/../img/a.jpg"},
    )
    run = Scan([rows]).run()
    real = os.path.realpath(tmp_path)
    first, note, third = (found.item for found in run.found)
    assert first == NewItem(
        Path(f"{real}/img/a.jpg"),
        "7",
        f"{real}/img/a.jpg",
        Modality.IMAGE,
        {"by": "me", "year": 1},
    )
    assert note == NewItem("a note", "n", f"{real}/rows.jsonl#n", Modality.TEXT, {"lang": "en"})
    assert third is not None
    assert third.source is not None
    assert third.source.startswith(f"{real}/rows.jsonl#")
    assert [p.reason for p in run.problems] == ["the same item as in row 1"]


def test_a_file_that_a_manifest_names_in_vain_is_told_with_the_folder(tmp_path: Path) -> None:
    touch(tmp_path / "ok.txt")
    paths = ["no.txt", "../no.txt", "/no/where.txt", f"{tmp_path}/no.txt", "..", "ok.txt"]
    run = Scan([manifest(tmp_path, *({"path": path} for path in paths))]).run()
    assert names(run, tmp_path) == ["ok.txt"]
    real = os.path.realpath(tmp_path)
    root = f"no such file in {real}, where its paths start; --root names another folder"
    assert [p.reason for p in run.problems] == [
        f"no.txt: {root}",
        f"../no.txt: {root}",
        "/no/where.txt: no such file",
        f"{tmp_path}/no.txt: no such file",
        f"..: outside {real}; if that is meant, name a folder above both with --root, "
        "where all paths of the rows start then",
    ]


def test_a_manifest_stays_under_its_folder(tmp_path: Path) -> None:
    data, outside = tmp_path / "data", tmp_path / "outside"
    touch(data / "ok.txt", outside / "secret.txt")
    (data / "link.txt").symlink_to(outside / "secret.txt")
    rows = manifest(
        data,
        {"path": "../outside/secret.txt"},
        {"path": str(outside / "secret.txt")},
        {"path": "link.txt"},
        {"path": "http://example.org/a.jpg"},
        {"path": "a\0b"},
        {"path": str(data / "ok.txt")},
    )
    run = Scan([rows]).run()
    assert names(run, data) == ["ok.txt"]
    assert [p.path.rpartition(":")[2] for p in run.problems] == ["1", "2", "3", "4", "5"]
    wider = Scan([rows], root=tmp_path).run()
    assert os.path.realpath(outside / "secret.txt") in [found.path for found in wider.found]


def test_rows_that_cannot_be_used_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt")
    (tmp_path / "folder").mkdir()
    rows = manifest(
        tmp_path,
        {"note": "nothing to index"},
        {"path": 5},
        {"path": "missing.txt"},
        {"path": "folder"},
        {"text": "x", "modality": "smell"},
        {"text": "one", "id": "same"},
        {"text": "two", "id": "same"},
        {"path": "a.txt"},
    )
    run = Scan([rows]).run()
    assert [p.path.rpartition(":")[2] for p in run.problems] == ["1", "2", "3", "4", "5", "7"]
    assert len(run.found) == 2


@pytest.mark.parametrize("odd", [" ", "a\nb", "x" * 513, " x"])
def test_an_id_of_a_manifest_is_as_an_id_may_be(tmp_path: Path, odd: str) -> None:
    rows = [{"text": "one", "id": odd}, {"text": "two", "id": "fine"}]
    run = Scan([manifest(tmp_path, *rows)]).run()
    assert [found.item.id for found in run.found if found.item is not None] == ["fine"]
    assert "an id is 1 to 512 printable characters" in run.problems[0].reason


def test_gone_is_only_what_was_looked_for_and_is_not_there(tmp_path: Path) -> None:
    touch(tmp_path / "in/a.txt", tmp_path / "out/b.txt")
    real = os.path.realpath(tmp_path)
    run = Scan([tmp_path / "in"]).run()
    assert run.is_gone(f"{real}/in/gone.txt")
    assert run.is_gone(f"{real}/in/sub/gone.txt")
    assert not run.is_gone(f"{real}/in/a.txt")
    assert not run.is_gone(f"{real}/out/gone.txt")
    assert not run.is_gone(f"{real}/input/gone.txt")
    pattern = Scan([tmp_path / "in/*.txt"]).run()
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
    run = Scan([tmp_path]).run()
    assert names(run, tmp_path) == ["a.txt"]
    assert [problem.path for problem in run.problems] == [f"{real}/locked"]
    assert not run.is_gone(f"{real}/locked/c.txt")
    assert run.is_gone(f"{real}/c.txt")
    with pytest.raises(MediaError, match="locked"):
        Scan([tmp_path / "locked"]).run()


def test_a_name_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    with open(os.fsencode(tmp_path) + b"/\xff.txt", "w") as file:  # noqa: PTH123
        file.write("x")
    run = Scan([tmp_path]).run()
    assert run.found == []
    assert "UTF-8" in run.problems[0].reason
    run.problems[0].path.encode()


def test_is_file_is_not_fooled_by_names_that_cannot_be(tmp_path: Path) -> None:
    touch(tmp_path / "a")
    assert is_file(str(tmp_path / "a"))
    assert not is_file(str(tmp_path))
    assert not is_file(str(tmp_path / "a/b"))
    assert not is_file(f"{tmp_path}/{'x' * 5000}")
    assert not is_file("a\0b")


def test_the_home_folder_may_be_said_shortly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_source("~").root == os.path.realpath(tmp_path)
