"""Rows of items, segments and files as SQLite gives them, in each format that a catalog may have.

A catalog of an earlier format is read as it is, until the first change brings it to that of today
(`anysense.index.catalog.migration`). In format 2 passages had no headings. In format 1 besides, an
item had one modality, which was that of all of its segments, and a segment's unit followed from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.errors import IncompatibleCollectionError
from anysense.embed.types import Modality, Origin, Place, Unit
from anysense.index.catalog.records import Segment
from anysense.index.catalog.schema import FORMAT, SCHEMA, from_sql

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = [
    "FORMAT_1",
    "FORMAT_2",
    "FORMAT_3",
    "LATEST",
    "RowFormat",
    "heading_column",
    "item_columns",
    "place_columns",
    "place_of",
    "read_box",
    "read_heading",
    "row_format",
    "segment_columns",
    "segment_of",
    "write_box",
]

Row: TypeAlias = "tuple[Any, ...]"
Box: TypeAlias = "tuple[float, float, float, float]"


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
        as_segment: such a row as the latest format has it.
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
    return (*row[:5], unit, row[5], row[6], None, None, "content", None, *row[7:])


_ITEMS_1 = """CREATE TABLE items (
        item_pk INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, source TEXT NOT NULL,
        modality TEXT NOT NULL, metadata TEXT NOT NULL, content_hash TEXT,
        added_at REAL NOT NULL, crc INTEGER NOT NULL
    )"""
_SEGMENTS_2 = """CREATE TABLE segments (
        segment_pk INTEGER PRIMARY KEY, item_pk INTEGER NOT NULL, space_pk INTEGER NOT NULL,
        modality TEXT NOT NULL, ordinal INTEGER NOT NULL, unit TEXT, start REAL, "end" REAL,
        page INTEGER, box TEXT, origin TEXT NOT NULL, text TEXT, crc INTEGER NOT NULL
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


def _schema(**tables: str) -> tuple[str, ...]:
    """The statements of today, but for those of some tables."""
    return tuple(
        tables.get(statement.split()[2], statement)
        if statement.startswith("CREATE TABLE")
        else statement
        for statement in SCHEMA
    )


FORMAT_1 = RowFormat(
    number=1,
    schema=_schema(items=_ITEMS_1, segments=_SEGMENTS_1, files=_FILES_1),
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
    schema=_schema(segments=_SEGMENTS_2),
    kind="kind",
    segments=(
        's.segment_pk, s.item_pk, s.space_pk, s.modality, s.ordinal, s.unit, s.start, s."end", '
        "s.page, s.box, s.origin, s.text, s.crc"
    ),
    files="f.path, f.size, f.mtime_ns, f.content_hash, f.item_pk, f.sidecars, f.crc",
    file_columns=6,
    as_segment=lambda row: (*row[:11], None, *row[11:]),
)
FORMAT_3 = RowFormat(
    number=3,
    schema=SCHEMA,
    kind="kind",
    segments=(
        's.segment_pk, s.item_pk, s.space_pk, s.modality, s.ordinal, s.unit, s.start, s."end", '
        "s.page, s.box, s.origin, s.heading, s.text, s.crc"
    ),
    files=FORMAT_2.files,
    file_columns=6,
    as_segment=lambda row: row,
)
LATEST = FORMAT_3
_FORMATS = {0: FORMAT_1, 2: FORMAT_2, 3: FORMAT_3}  # format 1 left SQLite's number at 0


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
    """Where a segment is, of a row as the latest format has it."""
    box, lines = read_box(row[9])
    return Place(row[6], row[7], row[5] and Unit(row[5]), row[8], box, lines)


def write_box(place: Place) -> str | None:
    """The box of a place as the catalog keeps it, and behind its numbers those of its lines."""
    return None if place.box is None else json.dumps([*place.box, *place.lines])


def read_box(text: str | None) -> tuple[Box | None, tuple[Box, ...]]:
    """The reverse of `write_box`: the box, and those of lines."""
    if not text:
        return None, ()
    left, top, right, bottom, *lines = json.loads(text)
    return (left, top, right, bottom), tuple((a, b, c, d) for a, b, c, d in lines)


def place_columns(place: Place) -> Row:
    """The columns of a place: unit, start, end, page, box."""
    start = None if place.start is None else float(place.start)
    end = None if place.end is None else float(place.end)
    return place.unit and place.unit.value, start, end, place.page, write_box(place)


def segment_of(row: Row, space: str) -> Segment:
    """A segment, of a row as the latest format has it, and the id of its space."""
    return Segment(
        id=row[0],
        space=space,
        modality=Modality(row[3]),
        place=place_of(row),
        text=row[12] and from_sql(row[12]),
        origin=Origin(row[10]),
        heading=read_heading(row[11]),
    )


def read_heading(column: str | bytes | None) -> tuple[str, ...]:
    """The reverse of `heading_column`."""
    return tuple(json.loads(column)) if column else ()


def heading_column(heading: Sequence[str]) -> str | None:
    """A path of headings as the catalog keeps it; None for none."""
    return json.dumps(list(heading), ensure_ascii=False) if heading else None
