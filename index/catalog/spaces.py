"""The spaces of a catalog: new ones, whose vectors nobody sees yet, and such as are given up.

Which spaces are seen is not for the catalog to say: the manifest names them. Segments of others are
hidden: they are part of their items, and go with these, but no index and no word leads to them, so
nothing has to be noted where they go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.index.catalog.browse import ItemRow, checked_item
from anysense.index.catalog.rows import heading_column, place_columns
from anysense.index.catalog.schema import row_crc, to_sql, vector_crc
from anysense.index.catalog.totals import segments_name
from anysense.index.catalog.transaction import Transaction, with_crc

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

    from anysense.embed.types import EncodedSegment
    from anysense.index.catalog.reader import Catalog

__all__ = [
    "EVERY",
    "Seen",
    "add_space",
    "count_items",
    "drop_vectors",
    "forget_space",
    "has_space",
    "insert_segments",
    "item_ids_outside",
    "items_lacking",
    "put_vectors",
    "read_keys",
]

_INSERT_SEGMENT = f"INSERT INTO segments VALUES ({', '.join('?' * 14)})"  # noqa: S608
_HAS_NONE = """
    NOT EXISTS (SELECT 1 FROM segments AS s WHERE s.item_pk = i.item_pk AND s.space_pk IN ({}))
"""


class Seen(NamedTuple):
    """Which spaces of a catalog searches go by.

    Attributes:
        names: their ids by their numbers; None where these are all spaces, by their own ids.
        texts: the ids of those that have texts, in the order of preference.
    """

    names: Mapping[int, str] | None = None
    texts: Sequence[str] = ()


EVERY = Seen()
"""All spaces that there are."""


def read_keys(
    connection: sqlite3.Connection, seen: Seen
) -> tuple[dict[str, tuple[int, int]], frozenset[int]]:
    """The number and the dimension of each space that is seen, by its id; and all other numbers."""
    rows = connection.execute("SELECT space_pk, id, dimension FROM spaces").fetchall()
    names = {pk: name for pk, name, _ in rows} if seen.names is None else seen.names
    keys = {names[pk]: (pk, dimension) for pk, _, dimension in rows if pk in names}
    return keys, frozenset(pk for pk, _, _ in rows if pk not in names)


def insert_segments(
    transaction: Transaction,
    item_pk: int,
    segments: Sequence[EncodedSegment],
    vectors: Sequence[bytes],
    keys: Mapping[str, tuple[int, int]],
) -> None:
    """Insert the segments of an item, which get the next numbers, with their vectors.

    Args:
        transaction: in which it is done.
        item_pk: the number of the item.
        segments: in their order.
        vectors: of each, as they are kept; see `anysense.index.catalog.stored`.
        keys: the number and the dimension of each space, by its id.
    """
    segment_rows, vector_rows = [], []
    for ordinal, (segment, vector) in enumerate(zip(segments, vectors, strict=True)):
        pk, transaction.next_segment = transaction.next_segment, transaction.next_segment + 1
        space_pk, modality = keys[segment.space][0], segment.modality.value
        key = (pk, item_pk, space_pk, modality, ordinal)
        place, heading = place_columns(segment.place), heading_column(segment.heading)
        columns = (*key, *place, segment.origin.value, heading)
        crc = row_crc(*columns, segment.text)
        text = None if segment.text is None else to_sql(segment.text)
        segment_rows.append((*columns, text, crc))
        vector_rows.append((pk, vector, vector_crc(pk, vector)))
        transaction.count(segments_name(space_pk, modality), crc + vector_rows[-1][2])
    transaction.connection.executemany(_INSERT_SEGMENT, segment_rows)
    transaction.connection.executemany("INSERT INTO vectors VALUES (?, ?, ?)", vector_rows)


def put_vectors(
    transaction: Transaction,
    item_pk: int,
    segments: Sequence[EncodedSegment],
    vectors: Sequence[bytes],
    keys: Mapping[str, tuple[int, int]],
) -> bool:
    """Give an item segments in hidden spaces, in place of those it has there; arguments as above.

    Returns:
        Whether there is an item of this number still.
    """
    query = "SELECT 1 FROM items WHERE item_pk = ?"
    if transaction.connection.execute(query, (item_pk,)).fetchone() is None:
        return False
    for space_pk in {pk for pk, _ in keys.values()}:
        _drop(transaction, "item_pk = ? AND space_pk = ?", (item_pk, space_pk))
    insert_segments(transaction, item_pk, segments, vectors, keys)
    return True


def add_space(transaction: Transaction, name: str, dimension: int) -> int:
    """Add a hidden space; returns its number, which no other has or had.

    Args:
        transaction: in which it is done.
        name: its id, which must be new.
        dimension: the length of its vectors.
    """
    connection = transaction.connection
    numbers = [pk for (pk,) in connection.execute("SELECT space_pk FROM spaces")]
    counted = connection.execute("SELECT kind FROM totals WHERE kind LIKE 'segments|%'")
    numbers += [int(kind.split("|")[1]) for (kind,) in counted]
    row = with_crc((max(numbers, default=0) + 1, name, dimension))
    connection.execute("INSERT INTO spaces VALUES (?, ?, ?, ?)", row)
    return int(row[0])


def has_space(connection: sqlite3.Connection, name: str) -> bool:
    """Whether the catalog has a space under an id, seen or not."""
    return connection.execute("SELECT 1 FROM spaces WHERE id = ?", (name,)).fetchone() is not None


def drop_vectors(transaction: Transaction, space_pk: int, most: int) -> int:
    """Delete up to so many segments of a hidden space, and tell how many those were."""
    where = "segment_pk IN (SELECT segment_pk FROM segments WHERE space_pk = ? LIMIT ?)"
    return _drop(transaction, where, (space_pk, most))


def _drop(transaction: Transaction, where: str, values: tuple[Any, ...]) -> int:
    connection = transaction.connection
    rows = connection.execute(
        "SELECT s.segment_pk, s.space_pk, s.modality, s.crc + v.crc FROM segments AS s "  # noqa: S608
        f"CROSS JOIN vectors AS v USING (segment_pk) WHERE {where}",
        values,
    ).fetchall()
    for pk, space_pk, modality, crcs in rows:
        transaction.count(segments_name(space_pk, modality), crcs, -1)
        connection.execute("DELETE FROM vectors WHERE segment_pk = ?", (pk,))
        connection.execute("DELETE FROM segments WHERE segment_pk = ?", (pk,))
    return len(rows)


def forget_space(transaction: Transaction, space_pk: int, names: Mapping[int, str]) -> None:
    """Forget a space that has no segments any more.

    Args:
        transaction: in which it is done.
        space_pk: its number.
        names: the ids of the spaces that are seen, by their numbers: such as had to go by another
            id beside the one that goes get their own.
    """
    connection = transaction.connection
    connection.execute("DELETE FROM spaces WHERE space_pk = ?", (space_pk,))
    for pk, name, dimension in connection.execute("SELECT space_pk, id, dimension FROM spaces"):
        wanted = names.get(pk, name)
        if wanted != name and not has_space(connection, wanted):
            row = with_crc((pk, wanted, dimension))
            query = "UPDATE spaces SET id = ?, crc = ? WHERE space_pk = ?"
            connection.execute(query, (wanted, row[-1], pk))


# What has vectors where


def items_lacking(
    catalog: Catalog, space_keys: Collection[int], after: int, limit: int
) -> list[ItemRow]:
    """The items that have no segment in any of some spaces, in the order of their numbers.

    Args:
        catalog: where they are.
        space_keys: the numbers of the spaces, seen or not.
        after: the number of the last item of the piece before; 0 for the first piece.
        limit: how many at most.
    """
    where = _HAS_NONE.format(", ".join(map(str, space_keys)))
    with catalog.transaction() as connection:
        items = catalog.row_format(connection).items
        query = f"{items} WHERE i.item_pk > ? AND {where} ORDER BY i.item_pk LIMIT ?"
        rows = connection.execute(query, (after, limit)).fetchall()
    return [checked_item(catalog, row) for row in rows]


def count_items(catalog: Catalog, space_keys: Collection[int]) -> int:
    """How many items have a segment in any of some spaces, seen or not."""
    keys = ", ".join(map(str, space_keys))
    query = f"SELECT count(DISTINCT item_pk) FROM segments WHERE space_pk IN ({keys})"  # noqa: S608
    with catalog.transaction() as connection:
        return int(connection.execute(query).fetchone()[0])


def item_ids_outside(catalog: Catalog, space_keys: Collection[int]) -> list[str]:
    """The ids of the items that have no segment in any of some spaces, so that none finds them."""
    found: list[ItemRow] = []
    while piece := items_lacking(catalog, space_keys, found[-1].position if found else 0, 1000):
        found += piece
    return [item.id for item in found]
