"""Whether a catalog is what was written: every page, every index, every row, none missing."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import TYPE_CHECKING

from anysense.index.catalog.reader import Catalog, read_state
from anysense.index.catalog.rows import RowFormat, item_columns, segment_columns
from anysense.index.catalog.schema import (
    APPLICATION_ID,
    SUM_MASK,
    from_sql,
    row_crc,
    vector_crc,
)
from anysense.index.catalog.sqlite.connections import damaged
from anysense.index.catalog.sqlite.seals import ACKNOWLEDGED, acknowledged, is_sealed, seal
from anysense.index.catalog.totals import items_name, segments_name
from anysense.index.catalog.words.tables import is_of_words

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["catalog_problems", "check_acknowledged", "ensure_sound"]

_MOST_PROBLEMS = 20
_VECTOR_SUMS = """
    SELECT 'segments|' || s.space_pk || '|' || s.modality, count(*), sum(v.crc)
    FROM segments AS s CROSS JOIN vectors AS v USING (segment_pk)
    GROUP BY s.space_pk, s.modality
"""
_STRAYS = """
    SELECT count(*) FROM segments AS s
    WHERE NOT EXISTS (SELECT 1 FROM items AS i WHERE i.item_pk = s.item_pk)
"""


def check_acknowledged(catalog: Catalog, folder: Path) -> None:
    """See that the catalog has every change that was acknowledged.

    Raises:
        CorruptCollectionError: it does not.
    """
    expected = acknowledged(folder)  # first: a writer may be adding now
    change = catalog.state().change
    if change < expected:
        raise damaged(
            catalog.path,
            f"it ends at change {change} and change {expected} was acknowledged; to go on without "
            f"the changes between, delete the file {ACKNOWLEDGED} beside it",
        )


def ensure_sound(
    catalog: Catalog, folder: Path, *, writer: bool = False, always: bool = False
) -> None:
    """Check the whole catalog, unless its file is as it was when it was last known to be sound.

    Vectors are compared with their checksums whenever they are read, so that is left out here.

    Args:
        catalog: what to check.
        folder: its collection.
        writer: whether the caller holds the lock.
        always: check a file that is as it was, too.

    Raises:
        CorruptCollectionError: it is damaged.
    """
    if is_sealed(folder) and not always:
        return
    problems = catalog_problems(catalog, vectors=False)
    if problems:
        raise damaged(catalog.path, problems[0])
    seal(folder, touch=writer)


def catalog_problems(catalog: Catalog, *, vectors: bool = True) -> list[str]:
    """What is wrong with a catalog, the first few things; empty if nothing is.

    Args:
        catalog: what to check.
        vectors: whether to compare each vector with its checksum. That none is missing is
            checked in any case.
    """
    with catalog.transaction() as connection:
        try:
            return _problems(catalog, connection, vectors)
        except sqlite3.DatabaseError as error:
            return [str(error)]


def _problems(catalog: Catalog, connection: sqlite3.Connection, vectors: bool) -> list[str]:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return ["it is not a catalog of anysense"]
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
    row_format = catalog.row_format(connection)
    if sorted(sql for name, sql in rows if not is_of_words(name)) != sorted(row_format.schema):
        return ["its tables are not those of this format"]
    # Pages, order of keys, and whether each index has exactly the rows of its table.
    pages = [text for (text,) in connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})")]
    if pages != ["ok"]:
        return pages
    read_state(catalog.path, connection)
    for key, value, crc in connection.execute("SELECT key, value, crc FROM meta"):
        if row_crc(key, value) != crc:
            return [f"meta {key} does not match its checksum"]
    problems = _row_problems(connection, row_format)
    if vectors:
        rows = connection.execute("SELECT segment_pk, vector, crc FROM vectors")
        wrong = (pk for pk, vector, crc in rows if vector_crc(pk, vector) != crc)
        problems += [f"vector {pk} does not match its checksum" for pk in wrong]
    (strays,) = connection.execute(_STRAYS).fetchone()
    if strays:
        problems.append(f"{strays} segments belong to no item")
    return problems[:_MOST_PROBLEMS]


def _row_problems(connection: sqlite3.Connection, rows: RowFormat) -> list[str]:
    """Rows that do not match their checksums, and kinds of rows of which some are missing."""
    problems: list[str] = []
    counts: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for kind, name, actual, crc in _every_row(connection, rows):
        counts[kind] += 1
        sums[kind] += crc
        if actual != crc:
            problems.append(f"{name} does not match its checksum")
            if len(problems) == _MOST_PROBLEMS:
                return problems
    for kind, count, total in connection.execute(_VECTOR_SUMS):
        if counts[kind] != count:
            problems.append(f"{counts[kind]} segments of {kind} have {count} vectors")
        sums[kind] += total
    for kind, count, total in connection.execute("SELECT kind, rows, crc FROM totals"):
        if is_of_words(kind):
            continue  # they are derived: `anysense.index.catalog.words.check` looks at them
        if counts.pop(kind, 0) != count or sums[kind] & SUM_MASK != total:
            problems.append(f"the rows of {kind} are not those that were written")
    return problems + [f"the rows of {kind} are not in its totals" for kind in counts]


def _every_row(
    connection: sqlite3.Connection, rows: RowFormat
) -> Iterator[tuple[str, str, int, int]]:
    """For each row: what it counts as, its name, the crc of what it holds, the crc it has."""
    for row in connection.execute(f"{rows.items} ORDER BY i.item_pk"):
        yield items_name(row[3]), f"item {row[1]!r}", row_crc(*item_columns(row)), row[7]
    for row in connection.execute(f"SELECT {rows.segments} FROM segments AS s"):  # noqa: S608
        actual = row_crc(*segment_columns(row))
        yield segments_name(row[2], row[3]), f"segment {row[0]}", actual, row[-1]
    for pk, change, crc in connection.execute("SELECT * FROM tombstones"):
        yield "tombstones", f"tombstone {pk}", row_crc(pk, change), crc
    for *columns, crc in connection.execute(f"SELECT {rows.files} FROM files AS f"):  # noqa: S608
        actual = row_crc(*rows.covered_of_file(columns))
        yield "files", f"file {columns[0]!r}", actual, crc
    for path, size, time, reason, crc in connection.execute("SELECT * FROM quarantine"):
        actual = row_crc(from_sql(path), size, time, from_sql(reason))
        yield "quarantine", f"quarantined file {path!r}", actual, crc
