"""Whether a catalog is what was written: every page, every index, every row, none missing."""

from __future__ import annotations

import sqlite3
from collections import Counter
from typing import TYPE_CHECKING, Any

from anysense.index.catalog import Catalog, item_columns, read_state
from anysense.index.database import (
    APPLICATION_ID,
    SCHEMA,
    SUM_MASK,
    damaged,
    from_sql,
    row_crc,
    vector_crc,
)
from anysense.index.sidecar import ACKNOWLEDGED, acknowledged, is_sealed, seal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["catalog_problems", "check_acknowledged", "ensure_sound"]

_MOST_PROBLEMS = 20


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


def ensure_sound(catalog: Catalog, folder: Path, *, writer: bool = False) -> None:
    """Check the whole catalog, unless its file is as it was when it was last known to be sound.

    Raises:
        CorruptCollectionError: it is damaged.
    """
    if is_sealed(folder):
        return
    problems = catalog_problems(catalog)
    if problems:
        raise damaged(catalog.path, problems[0])
    seal(folder, touch=writer)


def catalog_problems(catalog: Catalog) -> list[str]:
    """What is wrong with a catalog, the first few things; empty if nothing is."""
    with catalog.transaction() as connection:
        try:
            return _problems(catalog, connection)
        except sqlite3.DatabaseError as error:
            return [str(error)]


def _problems(catalog: Catalog, connection: sqlite3.Connection) -> list[str]:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        return ["it is not a catalog of anysense"]
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")
    if sorted(sql for (sql,) in rows) != sorted(SCHEMA):
        return ["its tables are not those of this format"]
    # Pages, order of keys, and whether each index has exactly the rows of its table.
    pages = [text for (text,) in connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})")]
    if pages != ["ok"]:
        return pages
    read_state(catalog.path, connection)
    problems: list[str] = []
    rows_of: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    for kind, name, actual, crc in _every_row(connection):
        rows_of[kind] += not name.startswith("vector ")  # counted with its segment
        sums[kind] += crc
        if actual != crc:
            problems.append(f"{name} does not match its checksum")
            if len(problems) == _MOST_PROBLEMS:
                return problems
    for kind, count, total in connection.execute("SELECT kind, rows, crc FROM totals"):
        if rows_of.pop(kind, 0) != count or sums[kind] & SUM_MASK != total:
            problems.append(f"the rows of {kind} are not those that were written")
    problems += [f"the rows of {kind} are not in its totals" for kind in rows_of]
    return problems


def _every_row(connection: sqlite3.Connection) -> Iterator[tuple[str, str, int, int]]:
    """For each row: what it counts as, its name, the crc of what it holds, the crc it has."""
    for row in connection.execute(
        "SELECT item_pk, id, source, modality, metadata, content_hash, added_at, crc FROM items"
    ):
        yield f"items|{row[3]}", f"item {row[1]!r}", row_crc(*item_columns(row)), row[7]
    yield from _segments(connection)
    for pk, change, crc in connection.execute("SELECT * FROM tombstones"):
        yield "tombstones", f"tombstone {pk}", row_crc(pk, change), crc
    for path, *columns, crc in connection.execute("SELECT * FROM files"):
        yield "files", f"file {path!r}", row_crc(from_sql(path), *columns), crc
    for path, size, time, reason, crc in connection.execute("SELECT * FROM quarantine"):
        actual = row_crc(from_sql(path), size, time, from_sql(reason))
        yield "quarantine", f"quarantined file {path!r}", actual, crc
    for key, value, crc in connection.execute("SELECT * FROM meta"):
        if row_crc(key, value) != crc:
            yield "meta", f"meta {key}", row_crc(key, value), crc


def _segments(connection: sqlite3.Connection) -> Iterator[tuple[str, str, int, int]]:
    kinds: dict[tuple[Any, ...], str] = {}
    rows = connection.execute(
        'SELECT segment_pk, item_pk, space_pk, modality, ordinal, start, "end", text, crc, '
        "(SELECT count(*) FROM items AS i WHERE i.item_pk = segments.item_pk) FROM segments"
    )
    kind_of_pk: dict[int, str] = {}
    for *columns, text, crc, owners in rows:
        pk, key = columns[0], (columns[2], columns[3])
        kind = kinds.setdefault(key, f"segments|{columns[2]}|{columns[3]}")
        kind_of_pk[pk] = kind
        actual = row_crc(*columns, text and from_sql(text))
        yield kind, f"segment {pk}", actual if owners == 1 else -1, crc
    for pk, vector, crc in connection.execute("SELECT segment_pk, vector, crc FROM vectors"):
        yield kind_of_pk.get(pk, "vectors"), f"vector {pk}", vector_crc(pk, vector), crc
