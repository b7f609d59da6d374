"""What a text says of itself is metadata, for as long as it says so, under what others say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tiny_files import summary

from anysense.embed.media.document import document
from anysense.embed.media.structure.front_matter import FrontMatter
from anysense.index.building.build import build
from anysense.index.catalog.records import SAID
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "notes" / "a.md"
    path.parent.mkdir()
    path.write_text("---\nyear: 2020\nby: Ada\n---\nred\n")
    return path


def metadata(collection: Collection) -> dict[str, Any]:
    [item_id] = {file.item_id for file in collection.folder.files().values()}
    return collection.folder.snapshot().item(item_id).metadata


def test_it_is_metadata_of_the_item(collection: Collection, note: Path) -> None:
    build(collection, [note.parent])
    assert metadata(collection) == {"year": 2020, "by": "Ada"}
    [hit] = collection.search("red", where="year >= 2020 and by = 'Ada'")
    assert (hit.text, hit.start) == ("red", 0)


def test_it_goes_when_the_text_says_it_no_more(collection: Collection, note: Path) -> None:
    build(collection, [note.parent])
    [hit] = collection.search("red")
    collection.describe({hit.id: {"year": 2020, "by": "me", "more": 1}})
    note.write_text("---\nyear: 2021\n---\nred\n")
    assert summary(build(collection, [note.parent])) == {"updated": 1}
    assert metadata(collection) == {"year": 2021, "by": "me", "more": 1}
    assert len(collection.folder.notes(SAID)) == 1
    note.write_text("red and green")
    build(collection, [note.parent])
    assert metadata(collection) == {"by": "me", "more": 1}
    assert collection.folder.notes(SAID) == {}


def test_a_metadata_file_counts_more_and_is_taken_back(
    collection: Collection, note: Path, tmp_path: Path
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text(json.dumps({"path": str(note), "year": 1999, "kind_of": "note"}))
    build(collection, [note.parent])
    assert build(collection, [note.parent], metadata=rows).described == 1
    assert metadata(collection) == {"year": 1999, "by": "Ada", "kind_of": "note"}
    assert summary(build(collection, [note.parent], metadata=rows)) == {"unchanged": 1}
    rows.write_text(json.dumps({"path": "other.md", "year": 1}))
    build(collection, [note.parent], metadata=rows)
    assert metadata(collection) == {"year": 2020, "by": "Ada"}


def test_it_goes_with_its_content(collection: Collection, note: Path) -> None:
    build(collection, [note.parent])
    moved = note.with_name("b.md")
    note.rename(moved)
    assert summary(build(collection, [note.parent])) == {"moved": 1}
    moved.write_text("green")
    build(collection, [note.parent])
    assert metadata(collection) == {}


def test_what_is_given_with_an_item_counts_more(collection: Collection, note: Path) -> None:
    collection.add([NewItem(note, metadata={"year": 1})])
    assert metadata(collection) == {"year": 1, "by": "Ada"}
    assert collection.verify().problems == []


@pytest.mark.parametrize("said", [{"n": 10**5_000}, {"n": float("nan")}, {"n": object()}])
def test_what_cannot_be_kept_fails_its_file_alone(
    collection: Collection, note: Path, monkeypatch: pytest.MonkeyPatch, said: dict[str, Any]
) -> None:
    (note.parent / "b.txt").write_text("green")
    monkeypatch.setattr(document, "part_front_matter", lambda *_: FrontMatter(said, 3))
    report = build(collection, [note.parent])
    [problem] = report.quarantined
    assert (report.added, problem.path) == (1, str(note.resolve()))
    assert "a.md cannot be kept as JSON: " in problem.reason
    note.with_name("a.md.json").write_text('{"n": 1}')  # which counts more, and hides it
    assert len(build(collection, [note.parent], retry_failed=True).quarantined) == 1
    added = collection.add([NewItem(note), NewItem("red")])
    assert (added.added, len(added.failed)) == (1, 1)
    monkeypatch.undo()
    assert build(collection, [note.parent], retry_failed=True).quarantined == []


def test_one_text_with_a_countless_number_stops_no_build(
    collection: Collection, note: Path, caplog: pytest.LogCaptureFixture
) -> None:
    note.write_text(f"---\nn: 0x{'f' * 4_000}\n---\nred\n")
    (note.parent / "b.txt").write_text("green")
    report = build(collection, [note.parent])
    assert (report.added, report.quarantined) == (2, [])
    assert "a.md: its front matter is broken, and kept as text: " in caplog.text
