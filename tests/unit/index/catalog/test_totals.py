"""How many rows of each kind there are, after any change."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from specimen import created, record, vector

from anysense.embed.types import EncodedSegment, Kind, Modality, Place
from anysense.index.catalog.records import ItemRecord, QuarantinedFile
from anysense.index.catalog.totals import Totals, items_name, read_totals, segments_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.collection import Collection


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    with created(tmp_path / "c") as made:
        yield made


def totals(collection: Collection) -> Totals:
    with collection.folder.catalog.transaction() as connection:
        return read_totals(connection)


def document(name: str, passages: int, pages: int) -> ItemRecord:
    segments = [
        EncodedSegment("tiny", Modality.TEXT, vector(name, 0, i), Place.of_characters(i, i + 1))
        for i in range(passages)
    ]
    segments += [
        EncodedSegment("tiny", Modality.IMAGE, vector(name, 1, i), Place.of_page(i + 1))
        for i in range(pages)
    ]
    return ItemRecord(name, name, Kind.DOCUMENT, {}, segments)


def test_an_empty_catalog_has_nothing(collection: Collection) -> None:
    assert totals(collection) == Totals()


def test_items_count_by_kind_and_segments_by_modality(collection: Collection) -> None:
    collection.write([document("d", 3, 2), document("scan", 0, 4), record("photo", files=["/p"])])
    collection.folder.quarantine([QuarantinedFile("/q", 1, 1, "broken")])
    assert totals(collection) == Totals(
        items={Kind.DOCUMENT: 2, Kind.IMAGE: 1},
        segments={(1, Modality.IMAGE): 7, (1, Modality.TEXT): 3},
        files=1,
        quarantined=1,
    )
    info = collection.info()
    assert (info["items"], info["items_by_kind"]) == (3, {"document": 2, "image": 1})
    assert info["segments"] == 10
    assert info["segments_by_modality"] == {"image": 7, "text": 3}
    assert (info["files"], info["quarantined"]) == (1, 1)


def test_what_has_no_rows_left_is_not_told(collection: Collection) -> None:
    collection.write([document("d", 3, 2), record("photo", files=["/p"])])
    collection.write([document("d", 0, 1)])  # replaced: its passages are gone
    collection.remove(["photo"])
    assert totals(collection) == Totals({Kind.DOCUMENT: 1}, {(1, Modality.IMAGE): 1})
    assert collection.info()["items_by_kind"] == {"document": 1}


def test_an_item_that_becomes_another_kind_is_counted_anew(collection: Collection) -> None:
    collection.write([record("x")])
    collection.write([document("x", 1, 0)])
    collection.describe({"x": {"n": 1}})
    assert totals(collection) == Totals({Kind.DOCUMENT: 1}, {(1, Modality.TEXT): 1})


def test_names_are_those_of_the_format() -> None:
    assert items_name(Kind.VIDEO) == "items|video"
    assert segments_name(2, Modality.AUDIO) == "segments|2|audio"


@pytest.mark.parametrize("name", ["items|painting", "segments|1|video", "segments|one|text"])
def test_names_that_none_is_given_are_refused(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE totals (kind TEXT, rows INTEGER)")
    connection.execute("INSERT INTO totals VALUES (?, 1)", (name,))
    with pytest.raises(ValueError, match=r"Kind|Modality|invalid literal"):
        read_totals(connection)
