"""Which file an item has, and as what it may be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import MediaError
from anysense.embed.media.files import OpenedFile
from anysense.index.building.sources.paths import is_file, table_of
from anysense.index.catalog.browse import find_item, item_files
from anysense.server.http.errors import RequestError
from anysense.server.http.media.opening import ServedFile, open_catalogued
from anysense.server.http.service.names import file_name, safe_name

if TYPE_CHECKING:
    from anysense.index.catalog.browse import ItemRow
    from anysense.index.catalog.records import FileRecord
    from anysense.server.http.service.served import ServedCollection

__all__ = ["INLINE", "FileOfItem", "find_file", "safe_type"]

INLINE = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp", "image/avif"),
        *("image/tiff", "image/heic", "image/heif"),
        *("audio/wav", "audio/x-wav", "audio/flac", "audio/x-flac", "audio/ogg", "audio/opus"),
        *("audio/mpeg", "audio/mp4", "audio/aac", "audio/webm"),
    }
)
"""What browsers show without running anything; text is shown as plain, and the rest is saved."""


class FileOfItem(NamedTuple):
    """The open file of an item, and what people call it."""

    served: ServedFile
    name: str


def find_file(served: ServedCollection, item_id: str) -> FileOfItem:
    """Open the file of an item: its source, or else another one with the same content.

    Raises:
        ItemNotFoundError: there is no item of that id.
        RequestError: it has no file; or its file is gone, or another one by now.
    """
    catalog = served.catalog()
    item = find_item(catalog, item_id)
    files = item_files(catalog, item)
    _check_has_file(item_id, [file.path for file in files])
    for record in files:
        is_stored = served.media.catalog_path(record.path) != record.path
        opened = open_catalogued(record, item.added_at, is_stored=is_stored)
        if opened is not None:
            return FileOfItem(opened, _name(item, record, is_stored=is_stored))
    message = f"The file of the item {item_id} is gone, or is not the one that was added."
    raise RequestError(message, 410, "media_gone")


def _check_has_file(item_id: str, paths: list[str]) -> None:
    if not paths:
        message = f"The item {item_id} was not made from a file; its text is in its segments."
        raise RequestError(message, 404, "no_media")
    if not any(map(is_file, paths)) and all(map(table_of, paths)):
        table = file_name(table_of(paths[0]) or "")
        message = f"The item {item_id} stands in a row of {table}, not in a file."
        raise RequestError(message, 404, "no_media")


def _name(item: ItemRow, record: FileRecord, *, is_stored: bool) -> str:
    given = item.metadata.get("filename") if is_stored else None
    return safe_name(given if isinstance(given, str) else None, file_name(record.path))


def safe_type(served: ServedFile) -> str:
    """The type to send a file as: its own by its content, unless that could do harm."""
    from anysense.embed.media.identify import media_type

    try:
        content_type = media_type(OpenedFile(served.file, served.path))
    except MediaError:  # read as another format by an older version, or damaged at once
        return "application/octet-stream"
    if content_type in INLINE:
        return content_type
    return "text/plain" if content_type.startswith("text/") else "application/octet-stream"
