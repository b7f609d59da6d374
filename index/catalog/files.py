"""Items and the files that hold them: single changes, as parts of a transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.catalog.records import FileRecord, ItemChanges, make_id, write_sidecars
from anysense.index.catalog.rows import LATEST, item_columns
from anysense.index.catalog.schema import from_sql, row_crc, to_sql
from anysense.index.catalog.totals import items_name, segments_name
from anysense.index.catalog.transaction import Transaction, with_crc

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "drop_file",
    "drop_quarantine",
    "put_file",
    "remove_item",
    "rename_item",
    "settle_items",
    "take_file",
    "update_item",
]


def remove_item(transaction: Transaction, name: str) -> bool:
    """Remove an item with its segments and vectors; tells whether there is one of that id."""
    connection = transaction.connection
    item = connection.execute(
        "SELECT item_pk, kind, crc FROM items WHERE id = ?", (to_sql(name),)
    ).fetchone()
    if item is None:
        return False
    item_pk, kind, crc = item
    transaction.words.drop(transaction, item_pk)
    segments = connection.execute(
        "SELECT s.segment_pk, s.space_pk, s.modality, s.crc + v.crc FROM segments AS s "
        "CROSS JOIN vectors AS v USING (segment_pk) WHERE s.item_pk = ?",
        (item_pk,),
    ).fetchall()
    for pk, space_pk, modality, crcs in segments:
        transaction.count(segments_name(space_pk, modality), crcs, -1)
        if space_pk not in transaction.hidden:
            tombstone = with_crc((pk, transaction.change))
            connection.execute("INSERT INTO tombstones VALUES (?, ?, ?)", tombstone)
            transaction.count("tombstones", tombstone[-1])
        connection.execute("DELETE FROM vectors WHERE segment_pk = ?", (pk,))
    connection.execute("DELETE FROM segments WHERE item_pk = ?", (item_pk,))
    connection.execute("DELETE FROM items WHERE item_pk = ?", (item_pk,))
    transaction.count(items_name(kind), crc, -1)
    for (path,) in connection.execute(
        "SELECT path FROM files WHERE item_pk = ?", (item_pk,)
    ).fetchall():
        drop_file(transaction, from_sql(path))
    return True


def update_item(transaction: Transaction, old: tuple[Any, ...], new: tuple[Any, ...]) -> None:
    """Give an item another id, source and metadata."""
    crc = row_crc(*item_columns(new))
    is_renamed = old[1:3] != new[1:3]
    if is_renamed:
        transaction.words.drop_name(transaction, old[0])
    transaction.connection.execute(
        "UPDATE items SET id = ?, source = ?, metadata = ?, crc = ? WHERE item_pk = ?",
        (new[1], new[2], new[4], crc, old[0]),
    )
    if is_renamed:
        transaction.words.add_name(transaction, old[0])
    transaction.count(items_name(old[3]), old[7], -1)
    transaction.count(items_name(old[3]), crc)


def take_file(transaction: Transaction, path: str, losses: dict[int, set[str]]) -> None:
    """Take a file from its item, if it has one, and note it among the losses of that."""
    row = transaction.connection.execute(
        "SELECT item_pk FROM files WHERE path = ?", (to_sql(path),)
    ).fetchone()
    if row is not None:
        losses.setdefault(row[0], set()).add(path)
        drop_file(transaction, path)


def settle_items(transaction: Transaction, losses: Mapping[int, set[str]]) -> ItemChanges:
    """Remove items that have lost all their files; rename those that have lost their source.

    Args:
        transaction: in which they lost them.
        losses: the paths that each item has lost, by its key; it may have some of them again.
    """
    connection = transaction.connection
    outcome = ItemChanges([], {})
    sourceless: list[tuple[Any, ...]] = []
    for item_pk, lost in losses.items():
        row = connection.execute(f"{LATEST.items} WHERE i.item_pk = ?", (item_pk,)).fetchone()
        paths = _paths(transaction, item_pk)
        if not paths:
            remove_item(transaction, from_sql(row[1]))
            outcome.removed.append(from_sql(row[1]))
        elif from_sql(row[2]) in lost and from_sql(row[2]) not in paths:
            sourceless.append(row)
    for row in sourceless:  # first, as one of them may take the id of another
        _free_id(transaction, row)
    for row in sourceless:
        old, new = from_sql(row[1]), rename_item(transaction, row)
        if new is None:
            outcome.removed.append(old)
        elif new != old:
            outcome.renamed[old] = new
    return outcome


def _paths(transaction: Transaction, item_pk: int) -> list[str]:
    """The paths of the files of an item, in order."""
    rows = transaction.connection.execute(
        "SELECT path FROM files WHERE item_pk = ? ORDER BY path", (item_pk,)
    )
    return [from_sql(path) for (path,) in rows]


def _free_id(transaction: Transaction, row: tuple[Any, ...]) -> None:
    """Give an item that will be renamed an id that no item can have."""
    transaction.words.drop_name(transaction, row[0])
    transaction.connection.execute(
        "UPDATE items SET id = ? WHERE item_pk = ?", (f"\0{row[0]}", row[0])
    )
    transaction.words.add_name(transaction, row[0])


def rename_item(
    transaction: Transaction, row: tuple[Any, ...], *, keep_given: bool = True
) -> str | None:
    """Give an item one of its files as its source, and the id that goes with that.

    Returns its id; None if it was removed, as other items have all the ids that it might get.

    Args:
        transaction: in which it lost its source.
        row: the item as it was.
        keep_given: whether an id that is not its source's stays.
    """
    old, source = from_sql(row[1]), from_sql(row[2])
    is_kept = keep_given and old != make_id(source)
    for path in _paths(transaction, row[0]):
        new = old if is_kept else make_id(path)
        taken = "SELECT 1 FROM items WHERE id = ? AND item_pk <> ?"
        if not transaction.connection.execute(taken, (to_sql(new), row[0])).fetchone():
            update_item(transaction, row, (row[0], to_sql(new), to_sql(path), *row[3:7]))
            return new
    _free_id(transaction, row)
    remove_item(transaction, f"\0{row[0]}")  # the next build adds its files anew
    return None


def put_file(transaction: Transaction, file: FileRecord, item_pk: int) -> None:
    """Note that an item is held by a file, which is noted no longer as one that cannot be read."""
    drop_file(transaction, file.path)
    row = with_crc((*file[:4], item_pk, write_sidecars(file.sidecars)))
    transaction.connection.execute(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", (to_sql(file.path), *row[1:])
    )
    transaction.count("files", row[-1])
    drop_quarantine(transaction, file.path)


def drop_file(transaction: Transaction, path: str) -> None:
    """Forget a file; its item stays."""
    dropped = transaction.connection.execute(
        "DELETE FROM files WHERE path = ? RETURNING crc", (to_sql(path),)
    ).fetchall()
    for (crc,) in dropped:
        transaction.count("files", crc, -1)


def drop_quarantine(transaction: Transaction, path: str) -> None:
    """Forget that a file could not be read."""
    dropped = transaction.connection.execute(
        "DELETE FROM quarantine WHERE path = ? RETURNING crc", (to_sql(path),)
    ).fetchall()
    for (crc,) in dropped:
        transaction.count("quarantine", crc, -1)
