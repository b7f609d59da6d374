"""What a scan takes as a text beside a file, from each kind of source, and what stays an item."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from source_files import names, touch, write_table

from anysense.embed.types import Modality
from anysense.index.building.sources.entries import FileEntry
from anysense.index.building.sources.scan import FileScan
from anysense.index.building.sources.sidecars import sidecars_beside, stat_sidecars

TEXT = frozenset({Modality.TEXT})


def pairs(scan: FileScan, folder: Path) -> dict[str, list[str]]:
    """The names of the texts beside each entry that has any, by its path from a folder."""
    entries = [entry for entry in scan.entries if isinstance(entry, FileEntry) and entry.sidecars]
    base = os.path.realpath(folder)
    return {os.path.relpath(e.path, base): [s.name for s in e.sidecars] for e in entries}


def test_a_text_beside_a_photo_in_a_folder_is_no_file_of_its_own(tmp_path: Path) -> None:
    touch(
        tmp_path / "a.jpg",
        tmp_path / "a.txt",
        tmp_path / "a.xmp",
        tmp_path / "b.txt",
        tmp_path / "sub/a.txt",
        tmp_path / "sub/c.wav",
        tmp_path / "sub/c.wav.txt",
        tmp_path / "sub/d.pdf",
        tmp_path / "sub/d.txt",
    )
    scan = FileScan([tmp_path]).run()
    assert names(scan, tmp_path) == [
        "a.jpg",
        "b.txt",
        "sub/a.txt",
        "sub/c.wav",
        "sub/d.pdf",
        "sub/d.txt",
    ]
    assert pairs(scan, tmp_path) == {"a.jpg": ["a.txt", "a.xmp"], "sub/c.wav": ["c.wav.txt"]}
    status = (tmp_path / "a.txt").stat()
    entry = scan.entries[0]
    assert isinstance(entry, FileEntry)
    assert entry.sidecars[0] == ("a.txt", status.st_size, status.st_mtime_ns)


def test_without_sidecars_every_text_is_a_file(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.txt", tmp_path / "a.xmp")
    rows = write_table(tmp_path, {"path": "a.jpg"})
    for sources in ([tmp_path], [tmp_path / "a.jpg", tmp_path / "a.txt"], [rows, tmp_path]):
        scan = FileScan(sources, with_sidecars=False).run()
        assert names(scan, tmp_path) == ["a.jpg", "a.txt"]
        assert pairs(scan, tmp_path) == {}


def test_two_photos_of_one_stem_have_the_text_in_common(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.png", tmp_path / "a.txt")
    scan = FileScan([tmp_path]).run()
    assert pairs(scan, tmp_path) == {"a.jpg": ["a.txt"], "a.png": ["a.txt"]}
    assert names(scan, tmp_path) == ["a.jpg", "a.png"]


def test_hidden_texts_are_left_out_and_belong_to_hidden_photos_alone(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / ".a.txt", tmp_path / ".b.jpg", tmp_path / ".b.txt")
    assert pairs(FileScan([tmp_path]).run(), tmp_path) == {}
    assert pairs(FileScan([tmp_path / ".b.jpg"]).run(), tmp_path) == {".b.jpg": [".b.txt"]}


@pytest.mark.parametrize(
    ("pattern", "entries", "beside"),
    [
        ("*.jpg", ["a.jpg"], {"a.jpg": ["a.txt"]}),
        ("*.txt", ["a.txt", "b.txt"], {}),  # what is asked for is what is built
        ("*", ["a.jpg", "b.txt"], {"a.jpg": ["a.txt"]}),
        ("a.*", ["a.jpg"], {"a.jpg": ["a.txt"]}),
    ],
)
def test_globs(
    tmp_path: Path, pattern: str, entries: list[str], beside: dict[str, list[str]]
) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.txt", tmp_path / "b.txt")
    scan = FileScan([tmp_path / pattern]).run()
    assert names(scan, tmp_path) == entries
    assert pairs(scan, tmp_path) == beside


def test_a_glob_of_texts_beside_one_of_photos(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.txt", tmp_path / "b.txt")
    for patterns in (["*.txt", "*.jpg"], ["*.jpg", "*.txt"]):
        scan = FileScan([tmp_path / pattern for pattern in patterns]).run()
        assert sorted(names(scan, tmp_path)) == ["a.jpg", "b.txt"]


def test_files_named_one_by_one_as_a_shell_does(tmp_path: Path) -> None:
    touch(tmp_path / "D.JPG", tmp_path / "d.TXT", tmp_path / "note.txt")
    scan = FileScan(sorted(tmp_path.iterdir())).run()
    assert names(scan, tmp_path) == ["D.JPG", "note.txt"]
    assert scan.entries == FileScan([tmp_path]).run().entries
    assert names(FileScan([tmp_path / "d.TXT"]).run(), tmp_path) == ["d.TXT"]
    assert pairs(FileScan([tmp_path / "D.JPG"]).run(), tmp_path) == {"D.JPG": ["d.TXT"]}


def test_a_folder_is_listed_once_for_all_the_files_named_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(*(tmp_path / f"{i}.jpg" for i in range(9)), tmp_path / "3.txt")
    listed, list_folder = [], os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: listed.append(path) or list_folder(path))
    scan = FileScan([tmp_path / f"{i}.jpg" for i in range(9)]).run()
    assert pairs(scan, tmp_path) == {"3.jpg": ["3.txt"]}
    assert listed == [os.path.realpath(tmp_path)]


def test_tables_name_photos_which_have_their_texts_and_texts_which_are_items(
    tmp_path: Path,
) -> None:
    touch(
        tmp_path / "in/a.jpg", tmp_path / "in/a.txt", tmp_path / "in/b.jpg", tmp_path / "in/b.txt"
    )
    rows = write_table(tmp_path, {"path": "in/a.jpg"}, {"path": "in/b.txt"}, {"text": "words"})
    scan = FileScan([rows]).run()
    assert [Path(entry.path).name for entry in scan.entries[:2]] == ["a.jpg", "b.txt"]
    assert pairs(scan, tmp_path) == {"in/a.jpg": ["a.txt"]}
    both = FileScan([rows, tmp_path / "in"]).run()
    files = [Path(entry.path).name for entry in both.entries if isinstance(entry, FileEntry)]
    assert files == ["a.jpg", "b.txt", "b.jpg"]
    assert pairs(both, tmp_path) == {"in/a.jpg": ["a.txt"], "in/b.jpg": ["b.txt"]}


def test_links_lead_to_texts_inside_the_sources_alone(tmp_path: Path) -> None:
    photos, other = tmp_path / "photos", tmp_path / "other"
    touch(photos / "a.jpg", photos / "b.jpg", photos / "words.md", other / "secret.txt")
    (photos / "a.txt").symlink_to(other / "secret.txt")
    (photos / "a.xmp").symlink_to(other / "secret.txt")
    (photos / "b.txt").symlink_to(photos / "words.md")
    scan = FileScan([photos]).run()
    assert pairs(scan, photos) == {"b.jpg": ["b.txt"]}
    assert scan.outside_links == 1
    rows = write_table(photos, {"path": "a.jpg"}, {"path": "b.jpg"})
    assert pairs(FileScan([rows]).run(), photos) == {"b.jpg": ["b.txt"]}
    assert pairs(FileScan([photos / "a.jpg", photos / "b.jpg"]).run(), photos) == {}
    assert pairs(FileScan([photos, other]).run(), photos) == {
        "a.jpg": ["a.txt", "a.xmp"],
        "b.jpg": ["b.txt"],
    }
    assert sidecars_beside(str(photos / "b.jpg")) == ()


def test_what_is_no_regular_file_is_no_text(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg")
    (tmp_path / "a.txt").mkdir()
    (tmp_path / "a.xmp").symlink_to(tmp_path / "nothing")
    assert pairs(FileScan([tmp_path]).run(), tmp_path) == {}
    assert stat_sidecars(str(tmp_path), ["a.txt", "gone.txt", "nul\0.txt"]) == ()


def test_texts_beside_what_no_encoder_takes_are_items(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.txt", tmp_path / "b.wav", tmp_path / "b.txt")
    scan = FileScan([tmp_path]).run()
    scan.leave_out(TEXT | {Modality.IMAGE})
    assert names(scan, tmp_path) == ["a.jpg", "b.txt"]
    assert [Path(entry.path).name for entry in scan.left_out] == ["b.wav"]
    scan = FileScan([tmp_path]).run()
    scan.leave_out(TEXT)
    assert names(scan, tmp_path) == ["a.txt", "b.txt"]
    assert len(scan.left_out) == 2
    assert scan.sidecars == frozenset()


def test_a_file_added_by_itself_finds_its_texts_without_listing_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(*(tmp_path / name for name in ("D.JPG", "D.TXT", "e.png", "e.png.txt", "e.txt", "e.xmp")))
    monkeypatch.setattr(os, "listdir", lambda path: pytest.fail("it may be large"))
    assert [s.name for s in sidecars_beside(str(tmp_path / "D.JPG"))] == ["D.TXT"]
    assert [s.name for s in sidecars_beside(str(tmp_path / "e.png"))] == ["e.png.txt", "e.xmp"]
    assert sidecars_beside(str(tmp_path / "D.TXT")) == ()
