"""The keys of items: the numbers by which ranking knows them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from anysense.index.catalog.reader import read_state
from anysense.index.catalog.schema import to_sql
from anysense.index.catalog.sqlite.ranges import segment_parts
from anysense.index.segment_set import SegmentSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anysense.index.catalog.reader import Catalog
    from anysense.index.types import Ids, Partition

__all__ = [
    "first_segments",
    "keys_of_items",
    "keys_of_segments",
    "segments_apart",
    "spaces_of_segments",
]


def keys_of_segments(catalog: Catalog, segment_ids: Sequence[int] | Ids) -> list[int | None]:
    """The key of the item of each segment, in order; None for a segment that is not there.

    They are read as one row, for SQLite lets other threads go first at each row. That row has no
    checksum: what is shown of a segment comes from `Catalog.rows`, which checks it.
    """
    ids = [int(pk) for pk in segment_ids]
    query = """
        SELECT json_group_array(json_array(s.segment_pk, s.item_pk))
        FROM json_each(?) AS wanted CROSS JOIN segments AS s ON s.segment_pk = wanted.value
    """
    with catalog.transaction() as connection:
        (pairs,) = connection.execute(query, (json.dumps(ids),)).fetchone()
    keys: dict[int, int] = dict(json.loads(pairs))
    return [keys.get(pk) for pk in ids]


def spaces_of_segments(catalog: Catalog, segment_ids: Ids) -> list[int | None]:
    """The key of the space of each segment, in order; None for one that is not seen."""
    query = f"""
        SELECT json_group_array(json_array(s.segment_pk, s.space_pk))
        FROM json_each(?) AS wanted CROSS JOIN segments AS s ON s.segment_pk = wanted.value
        WHERE {catalog.is_seen}
    """  # noqa: S608 - numbers alone
    with catalog.transaction() as connection:
        (pairs,) = connection.execute(query, (json.dumps(segment_ids.tolist()),)).fetchone()
    spaces: dict[int, int] = dict(json.loads(pairs))
    return [spaces.get(pk) for pk in segment_ids.tolist()]


def first_segments(
    catalog: Catalog, item_keys: Ids, modalities: Iterable[str], until: int
) -> dict[int, tuple[int, Partition]]:
    """The first segment of some modalities that each item has, with its partition, by item.

    Args:
        catalog: where they are.
        item_keys: of the items; those that have no such segment are left out.
        modalities: of the segments.
        until: no segment with a key over this.
    """
    query = f"""
        SELECT s.item_pk, min(s.segment_pk), s.space_pk, s.modality
        FROM json_each(?) AS wanted CROSS JOIN segments AS s ON s.item_pk = wanted.value
        WHERE s.modality IN (SELECT value FROM json_each(?)) AND s.segment_pk <= ?
            AND {catalog.is_seen}
        GROUP BY s.item_pk
    """  # noqa: S608 - numbers alone
    values = (json.dumps(item_keys.tolist()), json.dumps(sorted(modalities)), until)
    with catalog.transaction() as connection:
        rows = connection.execute(query, values).fetchall()
    return {row[0]: (row[1], catalog.partition(*row[2:])) for row in rows}


def segments_apart(catalog: Catalog, partition: Partition, other: Partition) -> SegmentSet:
    """The segments of a partition whose items have none in another one."""
    keys = {row.id: pk for pk, row in catalog.spaces.items()}
    query = """
        FROM segments AS s
        WHERE s.space_pk = ? AND s.modality = ? AND NOT EXISTS (
            SELECT 1 FROM segments AS o
            WHERE o.item_pk = s.item_pk AND o.space_pk = ? AND o.modality = ?
        ) AND s.segment_pk >= ? AND s.segment_pk < ?
    """
    values = (
        keys[partition.space],
        partition.modality.value,
        keys[other.space],
        other.modality.value,
    )
    with catalog.transaction() as connection:
        until = read_state(catalog.path, connection).next_segment
        return SegmentSet.gather(segment_parts(connection, query, values, until))


def keys_of_items(catalog: Catalog, item_ids: Iterable[str]) -> frozenset[int]:
    """The keys of some items, by id; an id that no item has is passed over."""
    query = "SELECT item_pk FROM items WHERE id = ?"
    with catalog.transaction() as connection:
        rows = [connection.execute(query, (to_sql(i),)).fetchone() for i in item_ids]
    return frozenset(row[0] for row in rows if row is not None)
