"""From an earlier format of the catalog to that of today, in one transaction: all or nothing.

The tables whose columns differ are made anew and filled from the old ones, with new checksums, and
the totals are summed anew. Vectors, which are most of a catalog, are not touched. A process that is
killed leaves the catalog as it was; so does a disk without room. Words are not made here, but by
the writer when it finds none; an older version, which would change rows without their words, is
kept out.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from anysense.index.catalog.rows import FORMAT_1, FORMAT_2, row_format
from anysense.index.catalog.schema import CATALOG, FORMAT, SCHEMA, SUM_MASK, from_sql, row_crc
from anysense.index.catalog.sqlite.connections import connect, storage_errors
from anysense.index.catalog.sqlite.gate import using
from anysense.index.catalog.sqlite.seals import seal
from anysense.index.catalog.transaction import with_crc

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["migrate", "rewrite"]

_log = logging.getLogger("anysense")

# A PDF was a text; now it is a document, and says so whatever it will hold when it is read again.
_ITEMS_OF_1 = """
    INSERT INTO items
    SELECT item_pk, id, source, kind, metadata, content_hash, added_at,
           row_crc(item_pk, id, source, kind, metadata, content_hash, added_at)
    FROM (
        SELECT *, CASE
            WHEN modality = 'text' AND (lower(CAST(source AS TEXT)) LIKE '%.pdf' OR EXISTS (
                SELECT 1 FROM files_old AS f
                WHERE f.item_pk = items_old.item_pk AND lower(CAST(f.path AS TEXT)) LIKE '%.pdf'
            )) THEN 'document' ELSE modality END AS kind
        FROM items_old
    )
"""
_SEGMENTS_OF_1 = """
    INSERT INTO segments
    SELECT segment_pk, item_pk, space_pk, modality, ordinal, unit, start, "end", NULL, NULL,
           'content', NULL, text,
           row_crc(segment_pk, item_pk, space_pk, modality, ordinal, unit, start, "end", NULL,
                   NULL, 'content', NULL, text)
    FROM (
        SELECT *, CASE modality WHEN 'audio' THEN 'seconds' WHEN 'text' THEN 'characters' END
            AS unit
        FROM segments_old
    )
"""
_SEGMENTS_OF_2 = """
    INSERT INTO segments
    SELECT segment_pk, item_pk, space_pk, modality, ordinal, unit, start, "end", page, box, origin,
           NULL, text,
           row_crc(segment_pk, item_pk, space_pk, modality, ordinal, unit, start, "end", page, box,
                   origin, NULL, text)
    FROM segments_old
"""
_FILES_OF_1 = """
    INSERT INTO files
    SELECT path, size, mtime_ns, content_hash, item_pk, NULL,
           row_crc(path, size, mtime_ns, content_hash, item_pk, NULL)
    FROM files_old
"""
_TOTALS = (  # with the mask as a number: these are constants of this code
    "DELETE FROM totals WHERE kind = 'files' OR kind LIKE 'items|%' OR kind LIKE 'segments|%'",
    f"""INSERT INTO totals
        SELECT 'items|' || kind, count(*), sum(crc) & {SUM_MASK} FROM items GROUP BY kind""",  # noqa: S608
    f"""INSERT INTO totals
        SELECT 'segments|' || s.space_pk || '|' || s.modality, count(*),
               sum(s.crc + v.crc) & {SUM_MASK}
        FROM segments AS s CROSS JOIN vectors AS v USING (segment_pk)
        GROUP BY s.space_pk, s.modality""",  # noqa: S608
    f"""INSERT INTO totals
        SELECT 'files', count(*), sum(crc) & {SUM_MASK} FROM files HAVING count(*) > 0""",  # noqa: S608
)
_COPIES = {
    FORMAT_1.number: {
        "items": _ITEMS_OF_1,
        "segments": _SEGMENTS_OF_1,
        "files": _FILES_OF_1,
    },
    FORMAT_2.number: {"segments": _SEGMENTS_OF_2},
}
"""What fills the tables that are made anew, by the format that they were of."""


def migrate(folder: Path, meta: Mapping[str, str]) -> None:
    """Bring the catalog of a collection, whose lock is held, to the format of today.

    Args:
        folder: the collection.
        meta: notes that are kept with it from now on.

    Raises:
        StorageError: the disk refused; the catalog is as it was.
    """
    path = folder / CATALOG
    with storage_errors(path), using(path):
        connection = connect(path, writable=True)
        try:
            number = row_format(path, connection).number
            if number == FORMAT:
                return
            _log.warning("%s is brought to format %d, once.", folder, FORMAT)
            connection.create_function("row_crc", -1, _row_crc, deterministic=True)
            connection.execute("BEGIN IMMEDIATE")
            try:
                rewrite(connection, number)
                for note in meta.items():
                    row = with_crc(note)
                    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?, ?)", row)
                connection.execute(f"PRAGMA user_version = {FORMAT}")
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            _, log, done = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            connection.close()
    if log == done:
        seal(folder)


def rewrite(connection: sqlite3.Connection, number: int) -> None:
    """Make the tables of today out of those of an earlier format; SQL knows `row_crc`."""
    copies = _COPIES[number]
    for table in copies:  # with its indexes, which go with it in the end
        connection.execute(f"ALTER TABLE {table} RENAME TO {table}_old")
    for statement in SCHEMA:
        if statement.startswith("CREATE TABLE") and statement.split()[2] in copies:
            connection.execute(statement)
    for copy in copies.values():
        connection.execute(copy)
    for table in copies:
        connection.execute(f"DROP TABLE {table}_old")
    for statement in SCHEMA:
        if statement.startswith("CREATE INDEX") and statement.split()[4] in copies:
            connection.execute(statement)
    for statement in _TOTALS:
        connection.execute(statement)


def _row_crc(*columns: str | bytes | int | float | None) -> int:
    return row_crc(*(from_sql(c) if isinstance(c, bytes) else c for c in columns))
