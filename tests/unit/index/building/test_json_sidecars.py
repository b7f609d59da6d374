"""A JSON file beside a file is metadata of its item, and nothing is encoded again for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tiny import TinyEncoder
from tiny_files import summary

from anysense.index.building.build import build
from anysense.index.building.metadata import BESIDE
from anysense.index.catalog.records import make_id

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

FORMS = ("red.png.json", "red.json", "red.png.supplemental-metadata.json")


def metadata(collection: Collection, path: Path) -> dict[str, Any]:
    return collection.folder.snapshot().item(make_id(str(path.resolve()))).metadata


def encoded(collection: Collection) -> int:
    [encoder] = collection.encoders()
    assert isinstance(encoder, TinyEncoder)
    return encoder.encoded


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("name", FORMS)
def test_it_is_metadata(collection: Collection, media: Path, name: str) -> None:
    red = media / "red.png"
    write(media / name, {"year": 2020, "geo": {"lat": 1.5}})
    report = build(collection, [media])
    assert (report.added, report.described, report.unread_kinds) == (5, 0, {})
    assert metadata(collection, red) == {"year": 2020, "geo": {"lat": 1.5}}
    [hit, *_] = collection.search("red", where="geo.lat > 1", modalities=["image"])
    assert hit.source == str(red.resolve())
    assert summary(build(collection, [media])) == {"unchanged": 5}


def test_a_change_describes_anew_and_encodes_nothing(collection: Collection, media: Path) -> None:
    red = media / "red.png"
    beside = write(media / "red.json", {"year": 2020, "by": "Ada"})
    build(collection, [media])
    before = encoded(collection)
    write(beside, {"year": 2021})
    assert summary(build(collection, [media])) == {"described": 1, "unchanged": 5}
    assert metadata(collection, red) == {"year": 2021}
    beside.unlink()
    assert summary(build(collection, [media])) == {"described": 1, "unchanged": 5}
    assert metadata(collection, red) == {}
    assert collection.folder.notes(BESIDE) == {}
    write(beside, {"year": 2022})
    assert summary(build(collection, [media])) == {"described": 1, "unchanged": 5}
    assert (metadata(collection, red), encoded(collection)) == ({"year": 2022}, before)
    assert collection.verify().problems == []


def test_what_others_say_counts_more(collection: Collection, media: Path, tmp_path: Path) -> None:
    red = media / "red.png"
    beside = write(media / "red.json", {"year": 2020, "by": "Ada"})
    rows = tmp_path / "rows.jsonl"
    write(rows, {"path": str(red), "year": 1999})
    build(collection, [media], metadata=rows)
    assert metadata(collection, red) == {"year": 1999, "by": "Ada"}
    assert summary(build(collection, [media], metadata=rows)) == {"unchanged": 5}
    assert summary(build(collection, [media])) == {"unchanged": 5}
    write(beside, {"year": 2020, "by": "Bob"})
    build(collection, [media])
    assert metadata(collection, red) == {"year": 1999, "by": "Bob"}


def test_what_was_described_by_hand_stays(collection: Collection, media: Path) -> None:
    red = media / "red.png"
    beside = write(media / "red.json", {"year": 2020})
    build(collection, [media])
    collection.describe({make_id(str(red.resolve())): {"year": 1, "more": 2}})
    write(beside, {"year": 2021, "by": "Ada"})
    build(collection, [media])
    assert metadata(collection, red) == {"year": 1, "more": 2, "by": "Ada"}


def test_it_counts_more_than_front_matter(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    note = folder / "a.md"
    note.write_text("---\nyear: 1\nby: Ada\n---\nred")
    beside = write(folder / "a.md.json", {"year": 2})
    build(collection, [folder])
    assert metadata(collection, note) == {"year": 2, "by": "Ada"}
    note.write_text("---\nyear: 3\n---\nred green")
    build(collection, [folder])
    assert metadata(collection, note) == {"year": 2}
    beside.unlink()
    build(collection, [folder])
    assert metadata(collection, note) == {"year": 3}


def test_an_item_that_is_added_has_it(collection: Collection, media: Path) -> None:
    red = media / "red.png"
    beside = write(media / "red.json", {"year": 2020})
    collection.add([red])
    assert metadata(collection, red) == {"year": 2020}
    write(beside, {"year": 2021})
    build(collection, [media])
    assert metadata(collection, red) == {"year": 2021}


@pytest.mark.parametrize(
    "content",
    [
        b"[1]",
        b"{",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": ' + b"9" * 5_000 + b"}",
        b"\xff",
        b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"a": ' + b"[" * 100_000,
        b'{"a": "' + b"x" * 300_000 + b'"}',
    ],
)
def test_a_broken_one_is_left_out(
    collection: Collection, media: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (media / "red.json").write_bytes(content)
    assert build(collection, [media]).quarantined == []
    assert metadata(collection, media / "red.png") == {}
    assert "red.json: its metadata is left out: " in caplog.text
    assert "sys." not in caplog.text
    assert "recursion" not in caplog.text


def test_without_sidecars_it_is_another_file(collection: Collection, media: Path) -> None:
    write(media / "red.json", {"year": 2020})
    report = build(collection, [media], sidecars=False)
    assert (report.unread_kinds, metadata(collection, media / "red.png")) == ({".json": 1}, {})
