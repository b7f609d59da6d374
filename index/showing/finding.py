"""Which file an item has, opened as the one that was added."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import MediaGoneError, NoMediaError
from anysense.embed.types import Kind
from anysense.index.building.sources.paths import PathKind, is_file, parse_path, table_of
from anysense.index.catalog.browse import find_item, item_files
from anysense.index.objects.addresses import is_object
from anysense.index.showing.members import open_member
from anysense.index.showing.names import file_name, safe_name
from anysense.index.showing.objects import open_object
from anysense.index.showing.opening import ItemFile, open_catalogued
from anysense.index.showing.rows import open_row, row_name

if TYPE_CHECKING:
    from anysense.index.catalog.browse import ItemRow
    from anysense.index.catalog.records import FileRecord
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["NamedFile", "open_item_file"]


class NamedFile(NamedTuple):
    """The open file of an item, and what people call it."""

    file: ItemFile
    name: str


def open_item_file(
    folder: CollectionFolder, item_id: str, *, reach_objects: bool = True
) -> NamedFile:
    """Open the file of an item: its source, or else another one with the same content.

    Args:
        folder: the collection.
        item_id: of the item.
        reach_objects: whether storage services may be asked for objects.

    Raises:
        ItemNotFoundError: there is no item of that id.
        NoMediaError: it was not made from a file, or from one that is not asked for.
        MediaGoneError: its file is gone, or another one by now.
    """
    catalog = folder.snapshot().catalog
    item = find_item(catalog, item_id)
    files = item_files(catalog, item)
    _check_has_file(item, [file.path for file in files], reach_objects=reach_objects)
    for record in files:
        if is_object(record.path):
            found = open_object(record, item.added_at) if reach_objects else None
            if found is not None:
                return NamedFile(found, _name(item, record, is_stored=False))
            continue
        is_stored = folder.media.catalog_path(record.path) != record.path
        kind = PathKind.FILE if is_file(record.path) else parse_path(record.path).kind
        if kind is PathKind.MEMBER:
            opened = open_member(record)
        elif kind is PathKind.ROW:
            opened = open_row(record, item)
        else:
            opened = open_catalogued(record, item.added_at, is_stored=is_stored)
        if opened is not None:
            return NamedFile(opened, _name(item, record, is_stored=is_stored))
    raise MediaGoneError(
        f"The file of the item {item_id} is gone, or is not the one that was added."
    )


def _check_has_file(item: ItemRow, paths: list[str], *, reach_objects: bool) -> None:
    if not paths:
        raise NoMediaError(
            f"The item {item.id} was not made from a file; its text is in its segments."
        )
    if not reach_objects and all(map(is_object, paths)):
        raise NoMediaError(
            f"The item {item.id} is an object in storage, which is not asked for it from here."
        )
    if item.kind is Kind.TEXT and not any(map(is_file, paths)) and all(map(table_of, paths)):
        table = file_name(table_of(paths[0]) or "")
        raise NoMediaError(f"The item {item.id} is a text in a row of {table}, not in a file.")


def _name(item: ItemRow, record: FileRecord, *, is_stored: bool) -> str:
    given = item.metadata.get("filename") if is_stored else row_name(record, item)
    return safe_name(given if isinstance(given, str) else None, file_name(record.path))
