"""Each column of a row is kept, and each is covered by the row's checksum."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from specimen import created, vector

from anysense.embed.errors import CorruptCollectionError
from anysense.embed.types import WHOLE, EncodedSegment, Kind, Modality, Origin, Place, Unit
from anysense.index.catalog.integrity import catalog_problems
from anysense.index.catalog.records import (
    FileRecord,
    ItemRecord,
    QuarantinedFile,
    Segment,
    Sidecar,
)
from anysense.index.catalog.rows import LATEST, place_columns, place_of, row_format
from anysense.index.catalog.schema import CATALOG, SCHEMA
from anysense.index.catalog.sqlite.seals import seal
from anysense.index.catalog.words.tables import is_of_words
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLACES = [
    WHOLE,
    Place.of_seconds(0.1, 10.25),
    Place.of_characters(0, 12, page=3),
    Place.of_page(7),
    Place(box=(0.1, 0.2, 1 / 3, 1.0)),
    Place(start=1, end=2, unit=Unit.PAGES, page=1, box=(0.0, 0.0, 1.0, 0.5)),
]
SIDECARS = (Sidecar("scan.txt", 12, 1_700_000_000_123_456_789), Sidecar("größe.xmp", 0, -1))
RECORD = ItemRecord(
    "all",
    "/scan.pdf",
    Kind.DOCUMENT,
    {"n": 1},
    [
        EncodedSegment(
            "tiny",
            Modality.TEXT if i % 2 else Modality.IMAGE,
            vector("all", 0, i),
            place,
            f"passage {i}" if i % 2 else None,
            origin,
            ("A", "B") if i % 2 else (),
        )
        for i, (place, origin) in enumerate(zip(PLACES, [*Origin, *Origin], strict=False))
    ],
    "h",
    [FileRecord("/scan.pdf", 5, 6, "h", SIDECARS), FileRecord("/copy.pdf", 5, 6, "h")],
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with created(tmp_path / "c") as collection:
        collection.write([RECORD])
        collection.folder.quarantine([QuarantinedFile("/q", 1, 2, "broken")])
    return tmp_path / "c"


@pytest.fixture
def collection(path: Path) -> Iterator[Collection]:
    with Collection.open(path) as opened:
        yield opened


def test_segments_come_back_with_their_places_and_origins(collection: Collection) -> None:
    item = collection.folder.snapshot().item("all")
    assert item.kind is Kind.DOCUMENT

    def told(segment: EncodedSegment | Segment) -> tuple[object, ...]:
        s = segment
        return (s.space, s.modality, s.place, s.text, s.origin, s.heading)

    assert list(map(told, item.segments)) == list(map(told, RECORD.segments))
    assert {type(v) for s in item.segments for v in (s.place.start, s.place.end)} == {
        float,
        type(None),
    }
    rows = collection.folder.snapshot().rows([s.id for s in item.segments])
    assert [row and row.segment for row in rows] == item.segments
    assert {(row.item_id, row.source, row.kind) for row in rows if row} == {
        ("all", "/scan.pdf", Kind.DOCUMENT)
    }


def test_vectors_of_an_item_are_told_by_their_modality(collection: Collection) -> None:
    vectors = collection.folder.snapshot().item_vectors("all")
    assert {p.modality: len(v) for p, v in vectors.items()} == {
        Modality.IMAGE: 3,
        Modality.TEXT: 3,
    }
    for partition, rows in vectors.items():
        wanted = [s.vector for s in RECORD.segments if s.modality is partition.modality]
        np.testing.assert_allclose(rows, np.stack(wanted), atol=1e-3)


def test_an_item_as_plain_values(collection: Collection) -> None:
    told = collection.folder.snapshot().item("all").to_dict()
    assert (told["kind"], told["aliases"]) == ("document", ["/copy.pdf"])
    passage = told["segments"][3]
    assert passage == {
        "id": 4, "space": "tiny", "modality": "text", "start": 7.0, "end": 8.0, "unit": "pages",
        "page": 7, "box": None, "origin": "caption", "heading": ["A", "B"], "text": "passage 3",
    }  # fmt: skip
    assert told["segments"][4]["box"] == [0.1, 0.2, 1 / 3, 1.0]


def test_files_come_back_with_their_sidecars(collection: Collection) -> None:
    files = collection.folder.files()
    assert files["/scan.pdf"].record == RECORD.files[0]
    assert files["/scan.pdf"].record.sidecars == SIDECARS
    assert files["/copy.pdf"].record.sidecars == ()


def test_sidecars_stay_with_the_files_of_an_item_that_is_replaced(collection: Collection) -> None:
    """Its other files are written again, as they were."""
    same = replace(RECORD, metadata={"n": 2}, files=[FileRecord("/copy.pdf", 9, 9, "h")])
    collection.write([same])
    files = collection.folder.files()
    assert files["/scan.pdf"].record == RECORD.files[0]
    assert files["/copy.pdf"].record.size == 9
    collection.folder.assign_files([(FileRecord("/copy.pdf", 9, 9, "h", SIDECARS[:1]), "all")])
    assert collection.folder.files()["/copy.pdf"].record.sidecars == SIDECARS[:1]
    assert catalog_problems(collection.folder.catalog) == []


@pytest.mark.parametrize("place", PLACES)
def test_a_place_is_what_its_columns_say(place: Place) -> None:
    unit, start, end, page, box = place_columns(place)
    assert (
        place_of((1, 1, 1, "text", 0, unit, start, end, page, box, "content", None, None, 0))
        == place
    )


def test_a_new_catalog_is_of_the_latest_format(collection: Collection, path: Path) -> None:
    with collection.folder.catalog.transaction() as connection:
        assert row_format(path, connection) is LATEST
        rows = connection.execute("SELECT name, sql FROM sqlite_master")
        tables = {sql for name, sql in rows if sql and not is_of_words(name)}
    assert tables == set(SCHEMA)


# Damage: each column of each row, changed behind the back of its checksum


def changed(table: str, column: str) -> str:
    """A statement that changes one column of all rows of a table, and nothing else."""
    values = {
        "metadata": """'{"n":7}'""",
        "modality": "'audio'",
        "kind": "CASE kind WHEN 'document' THEN 'video' ELSE 'items|image' END",
        "unit": "CASE unit WHEN 'pages' THEN 'seconds' ELSE 'pages' END",
        "origin": "CASE origin WHEN 'ocr' THEN 'content' ELSE 'ocr' END",
        "box": "CASE WHEN box IS NULL THEN '[0.0, 0.0, 1.0, 1.0]' ELSE NULL END",
        "heading": """CASE WHEN heading IS NULL THEN '["A"]' ELSE NULL END""",
        "sidecars": """CASE WHEN sidecars IS NULL THEN '[["a.txt",1,1]]' ELSE NULL END""",
    }
    texts = ("id", "source", "content_hash", "text", "path", "reason")
    other = f"""coalesce("{column}", '') || 'x'""" if column in texts else None
    value = values.get(column) or other or f'coalesce("{column}", 0) + 1000'
    return f'UPDATE {table} SET "{column}" = {value}'


def columns() -> list[tuple[str, str]]:
    """The columns of all rows that carry a checksum of their own, the checksum among them."""
    connection = sqlite3.connect(":memory:")
    for statement in SCHEMA:
        connection.execute(statement)
    return [
        (table, name)
        for table in ("items", "segments", "files", "quarantine")
        for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))
    ]


def spoil(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path / CATALOG)
    connection.execute(statement)
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


@pytest.mark.parametrize(("table", "column"), columns())
def test_no_column_can_change_unnoticed(path: Path, table: str, column: str) -> None:
    spoil(path, changed(table, column))
    with pytest.raises(CorruptCollectionError):
        Collection.open(path).close()
    seal(path)  # as if the file had been found sound: each row is still checked as it is read
    if column != "item_pk" or table == "items":  # a row of no item is not read at all
        with pytest.raises(CorruptCollectionError), Collection.open(path) as opened:
            read_everything(opened)
    with Collection.open(path) as opened:
        assert opened.verify().problems


def read_everything(collection: Collection) -> Any:
    snapshot = collection.folder.snapshot()
    snapshot.rows(range(1, 7))
    snapshot.item("all")
    return collection.folder.files(), collection.folder.quarantined()
