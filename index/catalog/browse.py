"""Going through a collection without searching: its items in order, and the files of one."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import ItemNotFoundError
from anysense.embed.types import Kind, Modality
from anysense.index.catalog.records import FileRecord, QuarantinedFile, read_sidecars
from anysense.index.catalog.rows import item_columns
from anysense.index.catalog.schema import from_sql, to_sql
from anysense.index.catalog.sqlite.connections import check_row

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from anysense.index.catalog.reader import Catalog
    from anysense.index.catalog.records import CatalogFile
    from anysense.index.filters.filter import Filter

__all__ = [
    "ItemRow",
    "checked_item",
    "content_hashes",
    "existing_ids",
    "file_item",
    "file_owners",
    "files_at",
    "files_named",
    "files_of_contents",
    "find_item",
    "forgotten_notes",
    "has_content",
    "has_file",
    "ids_with_files",
    "item_files",
    "item_of_content",
    "item_paths",
    "items_before",
    "list_items",
    "paths_of_items",
    "quarantined_files",
]

_LAST = (1 << 63) - 1


@dataclass(frozen=True)
class ItemRow:
    """An item without its segments. `position` is where it stands among all items."""

    position: int
    id: str
    source: str
    kind: Kind
    metadata: dict[str, Any]
    added_at: float

    def to_dict(self) -> dict[str, Any]:
        """The item as plain values, without its position."""
        return {
            "id": self.id,
            "source": self.source,
            "kind": self.kind.value,
            "metadata": self.metadata,
            "added_at": self.added_at,
        }


def items_before(
    catalog: Catalog, segment: int, kinds: Mapping[Kind, Collection[str]]
) -> Iterator[str]:
    """The ids of the items of some kinds that have a segment with a smaller number than this.

    Args:
        catalog: where they are.
        segment: the number.
        kinds: each with the suffixes of the files that count; empty where all do.
    """
    whole = [kind.value for kind, suffixes in kinds.items() if not suffixes]
    some = [(kind.value, f"%{end}") for kind, suffixes in kinds.items() for end in suffixes]
    conditions = ["kind = ?"] * len(whole) + ["kind = ? AND source LIKE ?"] * len(some)
    with catalog.transaction() as connection:
        rows = connection.execute(
            f"SELECT id FROM items WHERE ({' OR '.join(conditions)}) AND "  # noqa: S608
            "(SELECT min(segment_pk) FROM segments s WHERE s.item_pk = items.item_pk) < ?",
            (*whole, *(value for pair in some for value in pair), segment),
        )
        yield from (str(item) for (item,) in rows)


def files_named(
    catalog: Catalog, kind: Kind, suffixes: Iterable[str]
) -> Iterator[tuple[str, str, int]]:
    """The ids of the items of a kind with files of some suffixes, and these files' paths and times.

    The paths are those where the files are now, the times as the catalog has them.
    """
    patterns = [f"%{suffix}" for suffix in suffixes]
    conditions = " OR ".join(["f.path LIKE ?"] * len(patterns)) or "FALSE"
    with catalog.transaction() as connection:
        rows = connection.execute(
            "SELECT i.id, f.path, f.mtime_ns FROM items AS i JOIN files AS f USING (item_pk) "  # noqa: S608
            f"WHERE i.kind = ? AND ({conditions})",
            (kind.value, *patterns),
        )
        for item, path, mtime_ns in rows:
            yield from_sql(item), catalog.place(path), mtime_ns


def list_items(
    catalog: Catalog,
    after: int | None = None,
    limit: int = 100,
    *,
    where: Filter | None = None,
    newest_first: bool = False,
) -> list[ItemRow]:
    """The items that stand behind a position, in the order in which they were added.

    Positions are never used twice, so a listing in pieces misses no item that stays, and tells none
    twice; an item that is replaced meanwhile moves to the end.

    Args:
        catalog: where they are.
        after: the position of the last item of the piece before; None for the first piece.
        limit: how many at most.
        where: only items that this filter selects.
        newest_first: in the other direction.
    """
    sign, order = ("<", "DESC") if newest_first else (">", "ASC")
    start = after if after is not None else (_LAST if newest_first else 0)
    with catalog.transaction() as connection:
        condition = "TRUE" if where is None else catalog.condition(connection, where)
        query = f"""
            {catalog.row_format(connection).items}
            WHERE i.item_pk {sign} ? AND ({condition}) ORDER BY i.item_pk {order} LIMIT ?
        """
        parameters = () if where is None else where.parameters
        rows = connection.execute(query, (start, *parameters, limit)).fetchall()
    return [checked_item(catalog, row) for row in rows]


def find_item(catalog: Catalog, item_id: str) -> ItemRow:
    """One item.

    Raises:
        ItemNotFoundError: there is none of that id.
    """
    with catalog.transaction() as connection:
        items = catalog.row_format(connection).items
        row = connection.execute(f"{items} WHERE i.id = ?", (to_sql(item_id),)).fetchone()
    if row is None:
        raise ItemNotFoundError(f"No item {item_id} in {catalog.path.parent}.")
    return checked_item(catalog, row)


def item_modalities(catalog: Catalog) -> dict[str, frozenset[Modality]]:
    """The modalities of the segments of each item, by its id."""
    query = f"""
        SELECT DISTINCT i.id, s.modality
        FROM segments AS s CROSS JOIN items AS i ON i.item_pk = s.item_pk WHERE {catalog.is_seen}
    """  # noqa: S608 - numbers alone
    with catalog.transaction() as connection:
        rows = connection.execute(query).fetchall()
    modalities: dict[str, set[Modality]] = {}
    for item_id, modality in rows:
        modalities.setdefault(from_sql(item_id), set()).add(Modality(modality))
    return {item_id: frozenset(each) for item_id, each in modalities.items()}


def item_files(catalog: Catalog, item: ItemRow) -> list[FileRecord]:
    """The files that hold an item, its source first, at the paths where they are now."""
    with catalog.transaction() as connection:
        row_format = catalog.row_format(connection)
        query = f"SELECT {row_format.files} FROM files AS f WHERE f.item_pk = ? ORDER BY f.path"  # noqa: S608
        rows = connection.execute(query, (item.position,)).fetchall()
    files = []
    for *columns, crc in rows:
        path = from_sql(columns[0])
        check_row(catalog.path, "files", path, crc, *row_format.covered_of_file(columns))
        size, mtime_ns, content_hash = columns[1:4]
        place, sidecars = catalog.place(path), read_sidecars(columns[5])
        files.append(FileRecord(place, size, mtime_ns, content_hash, sidecars))
    return sorted(files, key=lambda file: file.path != item.source)


def paths_of_items(catalog: Catalog, ids: Iterable[str]) -> list[str]:
    """The paths of the files that hold some items, by id; an id that no item has is passed over."""
    paths = []
    for item_id in ids:
        with contextlib.suppress(ItemNotFoundError):
            paths += item_paths(catalog, find_item(catalog, item_id))
    return paths


def item_paths(catalog: Catalog, item: ItemRow) -> list[str]:
    """The paths of the files that hold an item, its source first; none if it is not from a file."""
    return [file.path for file in item_files(catalog, item)]


def has_file(catalog: Catalog, path: str) -> bool:
    """Whether an item has a file of this path, as the catalog keeps it."""
    with catalog.transaction() as connection:
        query = "SELECT 1 FROM files WHERE path = ?"
        return connection.execute(query, (to_sql(path),)).fetchone() is not None


def file_item(catalog: Catalog, path: str, content_hash: str) -> str | None:
    """The id of the item that has a file; None if there is none, or it has another content.

    Args:
        catalog: where the item is.
        path: of the file, as the catalog keeps it.
        content_hash: of the content that the file holds now.
    """
    query = """
        SELECT i.id FROM files AS f JOIN items AS i USING (item_pk)
        WHERE f.path = ? AND i.content_hash = ?
    """
    with catalog.transaction() as connection:
        row = connection.execute(query, (to_sql(path), content_hash)).fetchone()
    return None if row is None else from_sql(row[0])


def file_owners(catalog: Catalog, paths: Sequence[str]) -> dict[str, str]:
    """The ids of the items that have files, by the paths of these as the catalog keeps them."""
    query = "SELECT f.path, i.id FROM files AS f JOIN items AS i USING (item_pk) WHERE f.path = ?"
    with catalog.transaction() as connection:
        rows = [connection.execute(query, (to_sql(path),)).fetchone() for path in paths]
    return {from_sql(row[0]): from_sql(row[1]) for row in rows if row is not None}


def has_content(catalog: Catalog, item_id: str, content_hash: str) -> bool:
    """Whether there is an item of this id, and this is its content."""
    with catalog.transaction() as connection:
        query = "SELECT 1 FROM items WHERE id = ? AND content_hash = ?"
        return connection.execute(query, (to_sql(item_id), content_hash)).fetchone() is not None


def item_of_content(catalog: Catalog, content_hash: str) -> str | None:
    """The id of the oldest item with this content; None if there is none."""
    with catalog.transaction() as connection:
        items = catalog.row_format(connection).items
        query = f"{items} WHERE i.content_hash = ? ORDER BY i.item_pk"
        row = connection.execute(query, (content_hash,)).fetchone()
    return None if row is None else checked_item(catalog, row).id


def existing_ids(catalog: Catalog, ids: Sequence[str]) -> set[str]:
    """Those of some ids that items have."""
    text, others = _as_values(ids)
    query = "SELECT id FROM items WHERE id IN (SELECT value FROM json_each(?))"
    with catalog.transaction() as connection:
        rows = connection.execute(query, (text,)).fetchall()
        for value in others:
            rows += connection.execute("SELECT id FROM items WHERE id = ?", (value,))
    return {from_sql(name) for (name,) in rows}


def content_hashes(catalog: Catalog, ids: Sequence[str]) -> dict[str, str | None]:
    """The hashes of the contents of those of some ids that items have; ids are as `is_id` says."""
    query = "SELECT id, content_hash FROM items WHERE id IN (SELECT value FROM json_each(?))"
    with catalog.transaction() as connection:
        rows = connection.execute(query, (json.dumps(list(ids)),)).fetchall()
    return {from_sql(name): content_hash for name, content_hash in rows}


def files_at(
    catalog: Catalog, connection: sqlite3.Connection, paths: Iterable[str]
) -> Iterator[CatalogFile]:
    """The files of some paths, as the catalog keeps these, in a transaction; a few thousand."""
    text, others = _as_values(paths)
    start = "json_each(?) AS wanted CROSS JOIN files AS f ON f.path = wanted.value"
    yield from catalog.each_file(connection, start, text)
    for value in others:
        yield from catalog.each_file(connection, "(SELECT * FROM files WHERE path = ?) AS f", value)


def files_of_contents(catalog: Catalog, hashes: Iterable[str]) -> list[CatalogFile]:
    """All files of the items that have some contents, by path; of a few thousand contents."""
    start = """
        json_each(?) AS wanted CROSS JOIN items AS o ON o.content_hash = wanted.value
        CROSS JOIN files AS f ON f.item_pk = o.item_pk
    """
    with catalog.transaction() as connection:
        files = catalog.each_file(connection, start, json.dumps(list(hashes)))
        return sorted(files, key=lambda file: file.record.path)


def ids_with_files(catalog: Catalog, ids: Iterable[str]) -> set[str]:
    """Those of some ids that items have which came from files."""
    text, others = _as_values(ids)
    query = """
        SELECT i.id FROM items AS i WHERE i.id {} AND EXISTS (
            SELECT 1 FROM files AS f WHERE f.item_pk = i.item_pk
        )
    """
    with catalog.transaction() as connection:
        among = query.format("IN (SELECT value FROM json_each(?))")
        rows = connection.execute(among, (text,)).fetchall()
        for value in others:
            rows += connection.execute(query.format("= ?"), (value,))
    return {from_sql(name) for (name,) in rows}


def forgotten_notes(catalog: Catalog, prefix: str) -> list[str]:
    """The keys of notes of contents that neither an item nor a file has.

    Args:
        catalog: where they are.
        prefix: of the keys, which ends with ``|``; the hash of the content follows.
    """
    query = """
        SELECT key FROM meta WHERE key >= ? AND key < ? AND NOT EXISTS (
            SELECT 1 FROM items WHERE content_hash = substr(key, length(?) + 1)
        )
    """
    with catalog.transaction() as connection:
        rows = connection.execute(query, (prefix, prefix[:-1] + "}", prefix)).fetchall()
        gone = {key.removeprefix(prefix): key for (key,) in rows}
        if gone:
            for (content_hash,) in connection.execute("SELECT content_hash FROM files"):
                gone.pop(content_hash, None)
    return list(gone.values())


def _as_values(names: Iterable[str]) -> tuple[str, set[str | bytes]]:
    """Texts as values of ``json_each``; and those that SQLite's JSON cannot hold.

    It holds neither blobs, which names that are no UTF-8 are, nor zeros.
    """
    values = [to_sql(name) for name in names]
    plain = [value for value in values if isinstance(value, str) and "\0" not in value]
    return json.dumps(plain), set(values) - set(plain) if len(plain) < len(values) else set()


def quarantined_files(catalog: Catalog) -> list[QuarantinedFile]:
    """The files that could not be read, by path."""
    query = "SELECT path, size, mtime_ns, reason, crc FROM quarantine ORDER BY path"
    with catalog.transaction() as connection:
        rows = connection.execute(query).fetchall()
    files = []
    for path, size, mtime_ns, reason, crc in rows:
        file = QuarantinedFile(from_sql(path), size, mtime_ns, from_sql(reason))
        check_row(catalog.path, "quarantine", file.path, crc, *file)
        files.append(file)
    return files


def checked_item(catalog: Catalog, row: tuple[Any, ...]) -> ItemRow:
    """A row of `RowFormat.items`, compared with its checksum."""
    check_row(catalog.path, "items", row[0], row[7], *item_columns(row))
    return ItemRow(
        position=row[0],
        id=from_sql(row[1]),
        source=catalog.place(row[2]),
        kind=Kind(row[3]),
        metadata=json.loads(row[4]),
        added_at=row[6],
    )
