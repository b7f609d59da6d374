from __future__ import annotations

import csv
from typing import TYPE_CHECKING

import pytest
from tiny_files import real, summary

from anysense.embed.errors import UsageError
from anysense.index.building.build import build
from anysense.index.catalog.records import make_id

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


def test_a_metadata_file_describes_by_path_and_id(collection: Collection, media: Path) -> None:
    described = media.parent / "about.csv"
    with described.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "id", "year"])
        writer.writerow(["media/red.png", "", 2001])
        writer.writerow(["blue.png", "", 2002])
        writer.writerow(["", make_id(real(media / "note.txt")), 2003])
        writer.writerow(["nowhere.png", "", 2004])
    report = build(collection, [media], metadata=described)
    assert report.unmatched_metadata == 1
    assert [hit.source for hit in collection.search("x", where="year = 2002")] == [
        real(media / "blue.png")
    ]
    item = collection.folder.snapshot().item(make_id(real(media / "note.txt")))
    assert item.metadata == {"year": 2003}
    assert summary(build(collection, [media])) == {"unchanged": 5}
    assert collection.folder.snapshot().item(item.id).metadata == {"year": 2003}
    described.write_text("path,year\nred.png,1999\n")
    assert summary(build(collection, [media], metadata=described)) == {
        "described": 1,
        "unchanged": 5,
    }


@pytest.mark.parametrize(
    ("name", "text"), [("m.txt", "x"), ("m.jsonl", "{"), ("m.csv", "year\n2020\n")]
)
def test_a_metadata_file_that_cannot_be_used_stops_before_anything_is_done(
    collection: Collection, media: Path, name: str, text: str
) -> None:
    path = media.parent / name
    path.write_text(text)
    with pytest.raises(UsageError, match=name):
        build(collection, [media], metadata=path)
    assert collection.info()["items"] == 0
