"""The tables of a catalog, and how its rows are written: as text, with checksums.

See docs/format.md for the reasons.
"""

from __future__ import annotations

import zlib

__all__ = [
    "APPLICATION_ID",
    "CATALOG",
    "FORMAT",
    "PAGE_SIZE",
    "SCHEMA",
    "SUM_MASK",
    "from_sql",
    "row_crc",
    "to_sql",
    "vector_crc",
]

CATALOG = "catalog.sqlite"
FORMAT = 3
"""The format of what this code writes, and the newest that it reads.

It stands in the manifest, and SQLite keeps it as the catalog's ``user_version``.
"""

APPLICATION_ID = 0x616E7973  # "anys": tells `file` and us what this SQLite file is
PAGE_SIZE = 8192  # a 1024-d fp16 vector wastes half of a 4096-byte page
SUM_MASK = (1 << 62) - 1  # row checksums are summed modulo this plus one

# Every row carries a crc of all its columns. `totals` has the number and the sum of the crcs of
# each kind of row, so a row that got lost is noticed too.
SCHEMA = (
    """CREATE TABLE meta (
        key TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL, crc INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE state (
        one INTEGER PRIMARY KEY CHECK (one = 1), change INTEGER NOT NULL,
        next_item INTEGER NOT NULL, next_segment INTEGER NOT NULL, purged INTEGER NOT NULL,
        crc INTEGER NOT NULL
    )""",
    """CREATE TABLE totals (
        kind TEXT PRIMARY KEY NOT NULL, rows INTEGER NOT NULL, crc INTEGER NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE spaces (
        space_pk INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, dimension INTEGER NOT NULL,
        crc INTEGER NOT NULL
    )""",
    """CREATE TABLE items (
        item_pk INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, source TEXT NOT NULL,
        kind TEXT NOT NULL, metadata TEXT NOT NULL, content_hash TEXT,
        added_at REAL NOT NULL, crc INTEGER NOT NULL
    )""",
    "CREATE INDEX items_by_hash ON items (content_hash) WHERE content_hash IS NOT NULL",
    """CREATE TABLE segments (
        segment_pk INTEGER PRIMARY KEY, item_pk INTEGER NOT NULL, space_pk INTEGER NOT NULL,
        modality TEXT NOT NULL, ordinal INTEGER NOT NULL, unit TEXT, start REAL, "end" REAL,
        page INTEGER, box TEXT, origin TEXT NOT NULL, heading TEXT, text TEXT,
        crc INTEGER NOT NULL
    )""",
    "CREATE INDEX segments_by_item ON segments (item_pk, space_pk, ordinal)",
    """CREATE TABLE vectors (
        segment_pk INTEGER PRIMARY KEY, vector BLOB NOT NULL, crc INTEGER NOT NULL
    )""",
    """CREATE TABLE tombstones (
        segment_pk INTEGER PRIMARY KEY, change INTEGER NOT NULL, crc INTEGER NOT NULL
    )""",
    "CREATE INDEX tombstones_by_change ON tombstones (change)",
    """CREATE TABLE files (
        path TEXT PRIMARY KEY NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        content_hash TEXT NOT NULL, item_pk INTEGER NOT NULL, sidecars TEXT, crc INTEGER NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX files_by_item ON files (item_pk)",
    """CREATE TABLE quarantine (
        path TEXT PRIMARY KEY NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL,
        reason TEXT NOT NULL, crc INTEGER NOT NULL
    ) WITHOUT ROWID""",
)


def row_crc(*columns: str | int | float | None) -> int:
    """The CRC-32 of a row: over its columns as text, U+001F between them."""
    return zlib.crc32("\x1f".join(map(str, columns)).encode("utf-8", "surrogatepass"))


def vector_crc(segment_pk: int, vector: bytes) -> int:
    """The CRC-32 of a vector, started with its key, so that two swapped vectors are noticed."""
    return zlib.crc32(vector, segment_pk & 0xFFFFFFFF)


def to_sql(text: str) -> str | bytes:
    """Text as SQLite can keep it: names of files that are not UTF-8 become blobs."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def from_sql(value: str | bytes) -> str:
    """The reverse of `to_sql`."""
    return value if isinstance(value, str) else value.decode("utf-8", "surrogatepass")
