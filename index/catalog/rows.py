"""Rows of items, segments and files as SQLite gives them, in each format that a catalog may have.

A catalog of format 1 is read as it is, until the first change brings it to format 2
(`anysense.index.catalog.migration`). There an item had one modality, which was that of all of its
segments, and a segment's unit followed from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.errors import IncompatibleCollectionError
from anysense.embed.types import Place, Unit
from anysense.index.catalog.schema import FORMAT, SCHEMA, from_sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = [
    "FORMAT_1",
    "FORMAT_2",
    "RowFormat",
    "item_columns",
    "place_columns",
    "place_of",
    "row_format",
    "segment_columns",
]

Row: TypeAlias = "tuple[Any, ...]"


@dataclass(frozen=True)
class RowFormat:
    """How the rows of one format are selected and read.

    Attributes:
        number: of the format.
        schema: the statements that made its tables.
        kind: the column of items that says what an item is.
        segments: the columns of a segment (``s``), the last of them its crc.
        files: those of a file (``f``), the last of them its crc.
        file_columns: how many of these, from the first, its crc covers.
        as_segment: such a row as format 2 has it.
    """

    number: int
    schema: Sequence[str]
    kind: str
    segments: str
    files: str
    file_columns: int
    as_segment: Callable[[Row], Row]

    @property
    def items(self) -> str:
        """Selects items: key, id, source, kind, metadata, content hash, time, crc."""
        return f"SELECT {self.item_columns} FROM items AS i"  # noqa: S608 - names of columns alone

    @property
    def item_columns(self) -> str:
        """The columns of an item (``i``), the last of them its crc."""
        return (
            f"i.item_pk, i.id, i.source, i.{self.kind}, i.metadata, i.content_hash, i.added_at, "
            "i.crc"
        )

    def covered_of_file(self, row: Sequence[Any]) -> Row:
        """The columns of a row of a file that its crc covers."""
        return (from_sql(row[0]), *row[1 : self.file_columns])

    def condition(self, sql: str) -> str:
        """A filter's condition on the row ``i`` of items, by this format's names of columns."""
        return sql.replace("i.kind", f"i.{self.kind}")


def segment_columns(row: Row) -> Row:
    """The columns of a segment that its crc covers: all before it, the text as it was."""
    return (*row[:-2], row[-2] and from_sql(row[-2]))


def _from_format_1(row: Row) -> Row:
    unit = {"audio": Unit.SECONDS.value, "text": Unit.CHARACTERS.value}.get(row[3])
    return (*row[:5], unit, row[5], row[6], None, None, "content", *row[7:])


_ITEMS_1 = """CREATE TABLE items (
        item_pk INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, source TEXT NOT NULL,
        modality TEXT NOT NULL, metadata TEXT NOT NULL, content_hash TEXT,
        added_at REAL NOT NULL, crc INTEGER NOT NULL
    )"""
_SEGMENTS_1 = """CREATE TABLE segments (
        segment_pk INTEGER PRIMARY KEY, item_pk INTEGER NOT NULL, space_pk INTEGER NOT NULL,
        modality TEXT NOT NULL, ordinal INTEGER NOT NULL, start REAL, "end" REAL, text TEXT,
        crc INTEGER NOT NULL
    )"""
_FILES_1 = """CREATE TABLE files (
        path TEXT PRIMARY KEY NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        content_hash TEXT NOT NULL, item_pk INTEGER NOT NULL, crc INTEGER NOT NULL
    ) WITHOUT ROWID"""
_TABLES_1 = {"items": _ITEMS_1, "segments": _SEGMENTS_1, "files": _FILES_1}


def _table(statement: str) -> str:
    return statement.split()[2]


FORMAT_1 = RowFormat(
    number=1,
    schema=tuple(
        _TABLES_1.get(_table(s), s) if s.startswith("CREATE TABLE") else s for s in SCHEMA
    ),
    kind="modality",
    segments=(
        's.segment_pk, s.item_pk, s.space_pk, s.modality, s.ordinal, s.start, s."end", s.text, '
        "s.crc"
    ),
    files="f.path, f.size, f.mtime_ns, f.content_hash, f.item_pk, NULL, f.crc",
    file_columns=5,
    as_segment=_from_format_1,
)
FORMAT_2 = RowFormat(
    number=2,
    schema=SCHEMA,
    kind="kind",
    segments=(
        's.segment_pk, s.item_pk, s.space_pk, s.modality, s.ordinal, s.unit, s.start, s."end", '
        "s.page, s.box, s.origin, s.text, s.crc"
    ),
    files="f.path, f.size, f.mtime_ns, f.content_hash, f.item_pk, f.sidecars, f.crc",
    file_columns=6,
    as_segment=lambda row: row,
)
_FORMATS = {0: FORMAT_1, 2: FORMAT_2}  # format 1 left SQLite's number at 0


def row_format(path: Path, connection: sqlite3.Connection) -> RowFormat:
    """The format of a catalog, as its connection sees it now.

    Raises:
        IncompatibleCollectionError: a newer version of anysense wrote it.
    """
    number = connection.execute("PRAGMA user_version").fetchone()[0]
    if number not in _FORMATS:
        raise IncompatibleCollectionError(
            f"{path} has the format {number}, and this anysense reads up to {FORMAT}: update "
            "anysense with `pip install --upgrade anysense`."
        )
    return _FORMATS[number]


def item_columns(row: Row) -> Row:
    """The columns of an item that its checksum covers."""
    return (row[0], from_sql(row[1]), from_sql(row[2]), *row[3:7])


def place_of(row: Row) -> Place:
    """Where a segment is, of a row as format 2 has it."""
    box = row[9] and tuple(json.loads(row[9]))
    return Place(row[6], row[7], row[5] and Unit(row[5]), row[8], box)


def place_columns(place: Place) -> Row:
    """The columns of a place: unit, start, end, page, box."""
    start = None if place.start is None else float(place.start)
    end = None if place.end is None else float(place.end)
    box = None if place.box is None else json.dumps(place.box)
    return place.unit and place.unit.value, start, end, place.page, box
