"""What patterns leave out of folders and globs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from source_files import names, touch, write_table

from anysense.embed.errors import UsageError
from anysense.index.building.build import build, check_sources
from anysense.index.building.sources.ignoring import EXCLUDE
from anysense.index.building.sources.scan import FileScan

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


def write(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def found(folder: Path, *exclude: str, ignore_files: bool = True) -> list[str]:
    scan = FileScan([folder], exclude=exclude, ignore_files=ignore_files).run()
    return sorted(names(scan, folder))


@pytest.mark.parametrize("name", [".gitignore", ".ignore"])
def test_ignore_files_of_a_folder_leave_out_what_they_name(tmp_path: Path, name: str) -> None:
    touch(*(tmp_path / path for path in ("a.jpg", "b.txt", "c/b.txt", "drafts/d.jpg", "e/f.txt")))
    write(tmp_path / name, "# a comment", "", "/b.txt", "drafts/", "e/*.txt\r")
    scan = FileScan([tmp_path]).run()
    assert sorted(names(scan, tmp_path)) == ["a.jpg", "c/b.txt"]
    file = str(tmp_path / name)
    left_out = ("b.txt", "drafts", "e/f.txt")
    assert scan.ignored == {str(tmp_path / path): file for path in left_out}
    assert scan.is_gone(str(tmp_path / "drafts/d.jpg"))
    assert found(tmp_path, ignore_files=False) == [
        *("a.jpg", "b.txt", "c/b.txt", "drafts/d.jpg", "e/f.txt")
    ]


def test_the_nearest_file_decides_and_takes_back_in(tmp_path: Path) -> None:
    touch(*(tmp_path / path for path in ("a.txt", "in/a.txt", "in/deep/a.txt", "in/deep/b.txt")))
    write(tmp_path / ".gitignore", "*.txt")
    write(tmp_path / "in/.gitignore", "!a.txt")
    write(tmp_path / "in/deep/.gitignore", "/a.txt")
    assert found(tmp_path) == ["in/a.txt"]


def test_what_is_in_a_folder_that_is_left_out_stays_out(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt", tmp_path / "out/b.txt")
    write(tmp_path / ".gitignore", "out/", "!out/b.txt")
    write(tmp_path / "out/.gitignore", "!*")
    assert found(tmp_path) == ["a.txt"]


def test_ignore_goes_before_gitignore_and_patterns_before_both(tmp_path: Path) -> None:
    touch(*(tmp_path / f"{name}.txt" for name in "abc"))
    write(tmp_path / ".gitignore", "a.txt", "b.txt")
    write(tmp_path / ".ignore", "!a.txt", "!b.txt")
    assert found(tmp_path) == ["a.txt", "b.txt", "c.txt"]
    assert found(tmp_path, "a.txt") == ["b.txt", "c.txt"]
    write(tmp_path / ".ignore", "*.txt")
    assert found(tmp_path, "!c.txt") == ["c.txt"]
    assert found(tmp_path, "!c.txt", "c.*", ignore_files=False) == ["a.txt", "b.txt"]


def test_patterns_start_at_each_folder_and_at_the_base_of_a_glob(tmp_path: Path) -> None:
    touch(*(tmp_path / path for path in ("one/a.txt", "one/in/a.txt", "two/a.txt", "two/b.jpg")))
    for sources in (
        [tmp_path / "one", tmp_path / "two"],
        [f"{tmp_path}/one/**", f"{tmp_path}/two/*"],
    ):
        scan = FileScan(sources, exclude=["/a.txt"]).run()
        assert names(scan, tmp_path) == ["one/in/a.txt", "two/b.jpg"]
        assert set(scan.ignored.values()) == {EXCLUDE}


def test_globs_note_only_what_they_ask_for(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.txt")
    write(tmp_path / ".ignore", "b.jpg", "c.txt")
    scan = FileScan([f"{tmp_path}/*.jpg"]).run()
    assert names(scan, tmp_path) == ["a.jpg"]
    assert list(scan.ignored) == [str(tmp_path / "b.jpg")]


def test_a_file_and_a_row_that_are_named_count(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "c.jpg")
    write(tmp_path / ".ignore", "*")
    table = write_table(tmp_path, {"path": "b.jpg"})
    scan = FileScan([tmp_path, tmp_path / "a.jpg", table], exclude=["*.jpg"]).run()
    assert names(scan, tmp_path) == ["a.jpg", "b.jpg"]
    assert list(scan.ignored) == [str(tmp_path / "c.jpg")]


def test_words_beside_a_picture_are_left_out_too(tmp_path: Path) -> None:
    touch(tmp_path / "a.jpg", tmp_path / "a.txt", tmp_path / "b.jpg", tmp_path / "b.txt")
    scan = FileScan([tmp_path], exclude=["a.txt", "b.jpg"]).run()
    assert {entry.path: entry.sidecars for entry in scan.entries if entry.path.endswith("jpg")} == {
        str(tmp_path / "a.jpg"): ()
    }
    assert names(scan, tmp_path) == ["a.jpg", "b.txt"]


def test_a_repository_counts_from_its_root_on(tmp_path: Path) -> None:
    write(tmp_path / ".ignore", "*")  # outside of it
    repository = tmp_path / "repository"
    touch(*(repository / path for path in ("in/a.txt", "in/b.txt", "in/c.txt", "in/deep/d.txt")))
    write(repository / ".git/info/exclude", "c.txt")
    write(repository / ".gitignore", "b.txt", "/in/deep")
    assert found(repository / "in") == ["a.txt"]
    assert found(repository / "in/deep") == ["d.txt"], "it is named"
    (repository / ".git/info/exclude").unlink()
    (repository / ".git/info").rmdir()
    (repository / ".git").rmdir()
    assert found(repository / "in") == ["a.txt", "b.txt", "c.txt", "deep/d.txt"]


def test_a_repository_inside_of_another_one_has_rules_of_its_own(tmp_path: Path) -> None:
    touch(*(tmp_path / path for path in ("a.txt", "a.jpg", "inner/a.txt", "inner/a.jpg")))
    for path in (".git", "inner/.git"):
        (tmp_path / path).mkdir()
    write(tmp_path / ".gitignore", "*.txt")
    write(tmp_path / ".ignore", "*.jpg")
    assert found(tmp_path) == ["inner/a.txt"]


def test_broken_ignore_files_are_warned_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    touch(tmp_path / "a.txt", tmp_path / "b.txt", tmp_path / "in/c.txt")
    write(tmp_path / ".gitignore", "!", "a.txt", "x" * 5000, "[z-a]")
    (tmp_path / ".ignore").mkdir()
    (tmp_path / "in/.ignore").write_bytes(b"c.txt\n" * 200_000)
    (tmp_path / "in/.gitignore").symlink_to(tmp_path / ".gitignore")
    with caplog.at_level(logging.WARNING, "anysense"):
        assert found(tmp_path) == ["b.txt", "in/c.txt"]
    messages = [record.getMessage() for record in caplog.records]
    assert messages == [
        f"{tmp_path}/.gitignore: line 1 is no pattern and leaves nothing out",
        f"{tmp_path}/.gitignore: line 3 is no pattern and leaves nothing out",
        f"{tmp_path}/.gitignore: line 4 is no pattern and leaves nothing out",
        f"{tmp_path}/in/.gitignore leaves nothing out: it is a link",
        f"{tmp_path}/in/.ignore leaves nothing out: it has over 131072 bytes",
    ]


def test_names_that_are_not_unicode_are_named_by_their_bytes(tmp_path: Path) -> None:
    touch(tmp_path / "a.txt")
    (tmp_path / "caf\udce9.txt").write_text("a name in Latin 1")
    (tmp_path / ".ignore").write_bytes(b"\xef\xbb\xbfcaf\xe9.txt\n")
    scan = FileScan([tmp_path]).run()
    assert names(scan, tmp_path) == ["a.txt"]
    assert scan.problems == []


@pytest.mark.parametrize("pattern", ["!", "", "  ", "x" * 5000, "[z-a]"])
def test_a_pattern_that_is_none_is_refused(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(UsageError, match=r"is no pattern of what to leave out: .* '\*\.tmp\.jpg'"):
        FileScan([tmp_path], exclude=["a", pattern])


def test_a_build_removes_what_is_left_out_now_and_brings_it_back(
    collection: Collection, media: Path
) -> None:
    everything = build(collection, [media])
    assert (everything.added, everything.ignored) == (5, {})
    without = build(collection, [media], exclude=["*.png"])
    assert (without.removed, without.added, without.ignored) == (3, 0, {EXCLUDE: 3})
    write(media / ".gitignore", "*.txt")
    ignored = build(collection, [media], exclude="*.png")
    assert (ignored.removed, sum(ignored.ignored.values())) == (1, 4)
    assert ignored.ignored[str(media / ".gitignore")] == 1
    assert build(collection, [media]).added == 3
    back = build(collection, [media], ignore_files=False)
    assert (back.added, back.unchanged, back.removed) == (1, 4, 0)
    kept = build(collection, [media], exclude=["*.png"], keep_missing=True)
    assert kept.removed == 0


def test_a_source_is_not_emptied_by_a_pattern(collection: Collection, media: Path) -> None:
    build(collection, [media])
    write(media / ".gitignore", "*")
    with pytest.raises(
        UsageError, match=r"patterns do not leave out now, and 5 files .*--no-ignor"
    ):
        build(collection, [media])
    assert build(collection, [media], ignore_files=False).unchanged == 5


def test_a_new_collection_of_nothing_says_what_leaves_it_out(media: Path) -> None:
    write(media / ".gitignore", "*")
    with pytest.raises(UsageError, match=r"is not left out by .*\.gitignore; --no-ignore reads"):
        check_sources([media])
