"""Whole items of a catalog, as they were written: with their files, and vectors to the bit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.types import EncodedSegment
from anysense.index.catalog.browse import checked_item, item_files
from anysense.index.catalog.records import SAID, ItemRecord
from anysense.index.catalog.rows import segment_columns, segment_of
from anysense.index.catalog.schema import from_sql, to_sql, vector_crc
from anysense.index.catalog.sqlite.connections import check_row, damaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence

    from anysense.index.catalog.reader import Catalog

__all__ = ["claims_of", "count_items", "find_records", "item_claim", "path_claim", "records_after"]


def item_claim(item_id: str) -> str:
    """What two inputs both say that have an item of this id."""
    return f"i{item_id}"


def path_claim(path: str) -> str:
    """What two inputs both say that have an item of this file."""
    return f"f{path}"


def claims_of(catalog: Catalog, most: int = 10_000) -> Iterator[str]:
    """What the items of a catalog claim: their ids, and the paths of their files.

    Args:
        catalog: where they are.
        most: so many are in memory at once.
    """
    with catalog.transaction() as connection:
        ids = connection.execute("SELECT id FROM items")
        while rows := ids.fetchmany(most):
            yield from (item_claim(from_sql(name)) for (name,) in rows)
        paths = connection.execute("SELECT path FROM files")
        while rows := paths.fetchmany(most):
            yield from (path_claim(catalog.place(path)) for (path,) in rows)


def count_items(catalog: Catalog) -> int:
    """How many items a catalog has."""
    with catalog.transaction() as connection:
        return int(connection.execute("SELECT count(*) FROM items").fetchone()[0])


def records_after(catalog: Catalog, after: int, limit: int) -> tuple[list[ItemRecord], int]:
    """Items in the order in which they were added, and the position of the last.

    Args:
        catalog: where they are.
        after: the position of the last item of the piece before; 0 for the first piece.
        limit: how many at most.
    """
    with catalog.transaction() as connection:
        query = f"{catalog.row_format(connection).items} WHERE i.item_pk > ? ORDER BY i.item_pk"
        rows = connection.execute(f"{query} LIMIT ?", (after, limit)).fetchall()
        return _records(catalog, connection, rows), rows[-1][0] if rows else after


def find_records(catalog: Catalog, ids: Sequence[str]) -> dict[str, ItemRecord]:
    """Those of some ids that items have, with the items."""
    with catalog.transaction() as connection:
        query = f"{catalog.row_format(connection).items} WHERE i.id = ?"
        found = (connection.execute(query, (to_sql(name),)).fetchone() for name in ids)
        rows = [row for row in found if row is not None]
        return {record.id: record for record in _records(catalog, connection, rows)}


def _records(
    catalog: Catalog, connection: sqlite3.Connection, rows: Sequence[tuple[Any, ...]]
) -> list[ItemRecord]:
    said = _said(catalog, connection, [row[5] for row in rows if row[5] is not None])
    records = []
    for row in rows:
        item, content_hash = checked_item(catalog, row), row[5]
        segments = _segments(catalog, connection, item.position)
        if segments:  # else it is found by encoders alone that are not complete yet
            files = item_files(catalog, item)
            records.append(
                ItemRecord(
                    id=item.id,
                    source=item.source,
                    kind=item.kind,
                    metadata=item.metadata,
                    segments=segments,
                    content_hash=content_hash,
                    files=files,
                    said=said.get(content_hash, {}),
                )
            )
    return records


def _said(
    catalog: Catalog, connection: sqlite3.Connection, hashes: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """What contents say of themselves, by their hashes."""
    keys = json.dumps([SAID + content_hash for content_hash in hashes])
    query = "SELECT key, value, crc FROM meta WHERE key IN (SELECT value FROM json_each(?))"
    said = {}
    for key, value, crc in connection.execute(query, (keys,)):
        check_row(catalog.path, "meta", key, crc, key, value)
        said[key.removeprefix(SAID)] = json.loads(value)
    return said


def _segments(
    catalog: Catalog, connection: sqlite3.Connection, item_pk: int
) -> list[EncodedSegment]:
    """The segments of an item in their order, with their vectors as they are kept."""
    rows = catalog.row_format(connection)
    query = f"""
        SELECT v.vector, v.crc, {rows.segments}
        FROM segments AS s CROSS JOIN vectors AS v USING (segment_pk)
        WHERE s.item_pk = ? AND {catalog.is_seen} ORDER BY s.ordinal, s.space_pk
    """  # noqa: S608 - names of columns and numbers alone
    segments = []
    for vector, crc, *columns in connection.execute(query, (item_pk,)).fetchall():
        row = tuple(columns)
        check_row(catalog.path, "segments", row[0], row[-1], *segment_columns(row))
        row = rows.as_segment(row)
        space = catalog.spaces[row[2]]
        if vector_crc(row[0], vector) != crc or len(vector) != 2 * space.dimension:
            raise damaged(catalog.path, f"the vector {row[0]} does not match its checksum")
        segment = segment_of(row, space.id)
        segments.append(
            EncodedSegment(
                space=space.id,
                modality=segment.modality,
                vector=np.frombuffer(vector, "<f2"),
                place=segment.place,
                text=segment.text,
                origin=segment.origin,
                heading=segment.heading,
            )
        )
    return segments
