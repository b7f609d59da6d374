from __future__ import annotations

from typing import TYPE_CHECKING

from tiny_files import real, source_names, summary

from anysense.embed.errors import CorruptMediaError
from anysense.embed.limits import Limits
from anysense.embed.media.digest import digest_file
from anysense.index.building import content
from anysense.index.building.build import build, run_build
from anysense.index.building.options import BuildOptions
from anysense.index.building.quarantine import failed_entry, failed_path, is_tried
from anysense.index.building.sources.entries import FileEntry

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from anysense.index.collection import Collection


def test_unreadable_files_are_quarantined_and_the_others_go_on(
    collection: Collection, media: Path
) -> None:
    (media / "broken.png").write_bytes((media / "red.png").read_bytes()[:40])
    (media / "empty.txt").write_bytes(b"")
    (media / "empty too.txt").write_bytes(b"")
    report = build(collection, [media])
    assert summary(report) == {"added": 5, "quarantined": 3}
    bad = [real(media / name) for name in ("broken.png", "empty too.txt", "empty.txt")]
    assert sorted(problem.path for problem in report.quarantined) == bad
    assert all(problem.reason for problem in report.quarantined)
    assert [file.path for file in collection.folder.quarantined()] == bad
    assert collection.info()["quarantined"] == 3


def test_quarantined_files_are_tried_again_when_changed_or_on_request(
    collection: Collection, media: Path
) -> None:
    good = (media / "red.png").read_bytes()
    (media / "broken.png").write_bytes(good[:40])
    build(collection, [media])
    left = build(collection, [media])
    assert summary(left) == {"unchanged": 5, "quarantined": 1}
    assert left.untried == 1
    again = build(collection, [media], retry_failed=True)
    assert summary(again) == {"unchanged": 5, "quarantined": 1}
    assert again.untried == 0
    (media / "broken.png").write_bytes(good + b"\0")
    assert summary(build(collection, [media])) == {"added": 1, "unchanged": 5}
    assert collection.folder.quarantined() == []


def test_a_quarantined_file_that_goes_is_forgotten(collection: Collection, media: Path) -> None:
    (media / "broken.png").write_bytes(b"x")
    build(collection, [media])
    (media / "broken.png").unlink()
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert collection.folder.quarantined() == []


def test_a_file_that_breaks_takes_its_old_item_with_it(collection: Collection, media: Path) -> None:
    build(collection, [media])
    (media / "red.png").write_bytes(b"no longer a picture")
    assert summary(build(collection, [media])) == {"removed": 1, "unchanged": 4, "quarantined": 1}
    assert "red.png" not in source_names(collection)


def test_a_text_of_a_table_that_was_bad_is_tried_when_it_changes(
    collection: Collection, media: Path
) -> None:
    table = media / "rows.jsonl"
    table.write_text('{"text": "   ", "id": "t"}\n{"text": "red", "id": "u"}\n')
    assert summary(build(collection, [table])) == {"added": 1, "quarantined": 1}
    assert summary(build(collection, [table])) == {"unchanged": 1, "quarantined": 1}
    table.write_text('{"text": "low", "id": "t"}\n{"text": "dim", "id": "u"}\n')  # as long
    assert summary(build(collection, [table])) == {"added": 1, "updated": 1}
    assert collection.folder.quarantined() == []


def test_copies_of_a_bad_file_are_all_quarantined(collection: Collection, media: Path) -> None:
    for name in ("bad0.png", "bad1.png", "zz.png"):
        (media / name).write_bytes(b"no picture")
    assert summary(build(collection, [media])) == {"added": 5, "quarantined": 3}


def test_a_file_that_is_too_large_is_quarantined_unread(
    collection: Collection, media: Path
) -> None:
    (media / "note.txt").write_text("red")
    report = run_build(collection, [media], BuildOptions(limits=Limits(file_bytes=10)))
    assert summary(report) == {"added": 1, "quarantined": 4}
    assert "of at most 10 bytes" in report.quarantined[0].reason


def test_a_failure_without_a_size_and_a_time_is_always_tried_again() -> None:
    failure = failed_path("/x", "cannot be read")
    assert not is_tried(FileEntry("/x", 3, 9), failure)
    assert not is_tried(FileEntry("/x", 0, 0), failure)
    assert is_tried(FileEntry("/x", 3, 9), failed_entry(FileEntry("/x", 3, 9), "broken"))


def test_a_file_that_cannot_be_opened_is_tried_again_by_each_build(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> str:
        if path.endswith("red.png"):
            raise CorruptMediaError(path, "cannot be read: Permission denied")
        return digest_file(path)

    monkeypatch.setattr(content, "digest_file", refuse)  # root, who may run this, may open all
    report = build(collection, [media])
    assert summary(report) == {"added": 4, "quarantined": 1}
    assert report.quarantined[0].reason == "cannot be read: Permission denied"
    assert summary(build(collection, [media])) == {"unchanged": 4, "quarantined": 1}
    assert len(collection.folder.quarantined()) == 1
    monkeypatch.undo()  # as by chmod, which changes neither size nor time
    assert summary(build(collection, [media])) == {"added": 1, "unchanged": 4}
    assert collection.folder.quarantined() == []
