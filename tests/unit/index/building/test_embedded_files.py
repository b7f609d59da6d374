"""Builds of Parquet files whose rows hold pictures and sounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from media_files import sndfile, tone
from parquet_files import embedded, write_parquet
from tiny_files import COLOURS, inputs_encoded, picture_bytes, real, summary

from anysense.embed.types import Origin
from anysense.index.building.build import build
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from pathlib import Path


def write_rows(path: Path, captions: list[str], ids: list[float | None] | None = None) -> Path:
    names = list(COLOURS)[: len(captions)]
    files = embedded(*((picture_bytes(name), f"{name}.png") for name in names))
    columns = {"id": ids} if ids is not None else {}
    return write_parquet(path, image=files, text=captions, year=range(len(names)), **columns)


def test_pictures_in_rows_are_items_and_their_texts_captions(
    collection: Collection, tmp_path: Path
) -> None:
    table = write_rows(tmp_path / "a.parquet", ["low", "middle", ""], [1.0, 2.0, None])
    assert summary(build(collection, [table])) == {"added": 3}
    item = collection.folder.snapshot().item("1")
    assert (item.kind, item.source) == ("image", f"{real(table)}#1")
    assert item.metadata == {"path": "red.png", "text": "low", "year": 0}
    assert [(s.modality, s.origin, s.text) for s in item.segments] == [
        ("image", Origin.CONTENT, None),
        ("text", Origin.CAPTION, "low"),
    ]
    assert collection.search("middle", k=1)[0].id == "2"
    assert collection.search("red", k=1, modalities=["image"])[0].id == "1"


def test_a_row_may_have_several_captions(collection: Collection, tmp_path: Path) -> None:
    texts = [["low", "middle", None, " "]]
    table = write_parquet(tmp_path / "a.parquet", jpg=[picture_bytes("red")], text=texts)
    build(collection, [table])
    [item] = collection.search("middle", k=9)
    assert [s.text for s in collection.folder.snapshot().item(item.id).segments] == [
        None,
        "low",
        "middle",
    ]


def test_what_has_not_changed_is_not_encoded_again(collection: Collection, tmp_path: Path) -> None:
    table = write_rows(tmp_path / "a.parquet", ["low", "middle", "high"])
    build(collection, [table])
    encoded = inputs_encoded(collection)
    with Collection.open(collection.path) as other:
        assert summary(build(other, [table])) == {"unchanged": 3}
        assert other.loaded_encoders == []
    write_rows(table, ["low", "dark", "high"])
    assert summary(build(collection, [table])) == {"added": 1, "removed": 1, "unchanged": 2}
    assert inputs_encoded(collection) == encoded + 2
    assert summary(build(collection, [table], sidecars=False)) == {"added": 3, "removed": 3}
    assert len(collection.search("dark", k=9, modalities=["text"])) == 0


def test_an_edited_caption_keeps_the_id_of_its_row(collection: Collection, tmp_path: Path) -> None:
    table = write_rows(tmp_path / "a.parquet", ["low", "middle"], [1, 2])
    build(collection, [table])
    write_rows(table, ["low", "dark"], [1, 2])
    assert summary(build(collection, [table])) == {"updated": 1, "unchanged": 1}
    assert collection.search("dark", k=1)[0].id == "2"


def test_rows_of_which_each_holds_something_else(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("a note")
    table = write_parquet(
        tmp_path / "a.parquet",
        file=embedded(
            (sndfile(tone(0.5, 8000)), "a.wav"),
            (None, "note.txt"),
            (None, "missing.png"),
            (b"no file at all \x00", "b.png"),
            None,
        ),
        text=["low", None, None, None, "words alone"],
    )
    report = build(collection, [table])
    assert summary(report) == {"added": 3, "quarantined": 2}
    kinds = [hit.kind for hit in collection.search("low", k=9)]
    assert sorted(kinds) == ["audio", "text", "text"]
    reasons = sorted(problem.reason for problem in report.quarantined)
    assert reasons[0].startswith("is no kind of file")
    assert reasons[1].startswith("missing.png: no such file")
    assert summary(build(collection, [table])) == {"unchanged": 3, "quarantined": 2}


def test_bytes_that_are_a_text_are_no_picture_bytes(collection: Collection, tmp_path: Path) -> None:
    table = write_parquet(tmp_path / "a.parquet", image=[picture_bytes("red"), b"junk"])
    report = build(collection, [table])
    assert summary(report) == {"added": 1, "quarantined": 1}
    assert "no picture, sound or document, but a text" in report.quarantined[0].reason
