"""Passages under headings: built, found by them, and cut anew for those who ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tiny import TinyEncoder
from tiny_files import summary

from anysense.index.building.build import build

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection

MARKDOWN = "# Low\n\n## Red\n\nA passage.\n\n# Else\n\nMore.\n"


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.md").write_text(MARKDOWN)
    return folder


def headings(collection: Collection) -> list[tuple[str, ...]]:
    snapshot = collection.folder.snapshot()
    [item] = {file.item_id for file in collection.folder.files().values()}
    return [segment.heading for segment in snapshot.item(item).segments]


def test_a_passage_is_found_by_its_headings(collection: Collection, notes: Path) -> None:
    build(collection, [notes])
    [hit] = collection.search("red low")
    assert (hit.heading, hit.text) == (("Low", "Red"), "A passage.")
    assert MARKDOWN[int(hit.start or 0) : int(hit.end or 0)] == "A passage."
    assert hit.to_dict()["heading"] == ["Low", "Red"]
    assert headings(collection) == [("Low", "Red"), ("Else",)]
    assert collection.verify().problems == []


def test_a_collection_built_before_keeps_its_passages_until_it_is_read_again(
    collection: Collection, notes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(
            "anysense.embed.media.document.text_pieces.markdown_structure", lambda *_: None
        )
        build(collection, [notes])
    assert headings(collection) == [()]
    [encoder] = collection.encoders()
    assert isinstance(encoder, TinyEncoder)
    encoded = encoder.encoded
    assert summary(build(collection, [notes])) == {"unchanged": 1}
    assert (headings(collection), encoder.encoded) == ([()], encoded)
    assert summary(build(collection, [notes], reread=True)) == {"updated": 1}
    assert headings(collection) == [("Low", "Red"), ("Else",)]


def test_a_text_of_another_kind_has_no_headings(collection: Collection, tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt").write_text(MARKDOWN)
    build(collection, [folder])
    assert headings(collection) == [()]
