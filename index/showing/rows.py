"""Opening the picture or the sound in a row of a data set or of a table: the one that was added.

The row is reached through no link, and its content must have the hash that the catalog has, with
the words in its row or without them.
"""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import MediaError, NoMediaError
from anysense.embed.media.digest import digest_bytes
from anysense.embed.media.files import readable_size
from anysense.index.building.content import hash_captioned
from anysense.index.building.sources.data_sets.reaching import is_shard
from anysense.index.building.sources.data_sets.rows import RowFile
from anysense.index.building.sources.paths import PathKind, parse_path
from anysense.index.building.sources.reaching import file_at
from anysense.index.showing.names import file_name
from anysense.index.showing.opening import ItemFile, open_without_links

if TYPE_CHECKING:
    from anysense.embed.types import EmbeddedFile
    from anysense.index.catalog.browse import ItemRow
    from anysense.index.catalog.records import FileRecord

__all__ = ["MOST_TABLE_BYTES", "open_row", "row_name"]

MOST_TABLE_BYTES = 256 * 1024**2
"""Of a table that is gone through for one row; those of data sets are found by their numbers."""


@dataclass(frozen=True)
class _RowContent(ItemFile):
    """What a row had when it was opened, in memory."""

    def is_unchanged(self) -> bool:
        return True


def open_row(record: FileRecord, item: ItemRow) -> ItemFile | None:
    """Open what is in a row; None if it is gone, or is another one by now.

    Args:
        record: the row as the catalog has it.
        item: that was made of it.

    Raises:
        NoMediaError: it would have to be looked for in a table that is too large for that.
    """
    try:
        _check_holder(parse_path(record.path).holder, record)
        content = file_at(record.path, record.mtime_ns)
        data = content.read()
        if not _is_same(content, data, record):
            return None
    except (OSError, ValueError, MediaError):
        return None
    tag = digest_bytes(repr((record.content_hash, record.mtime_ns)).encode())[:32]
    name = row_name(record, item) or file_name(record.path)
    added_ns = int(item.added_at) * 1_000_000_000
    return _RowContent(io.BytesIO(data), Path(name), len(data), added_ns, tag, record.content_hash)


def _check_holder(path: str, record: FileRecord) -> None:
    """Refuse a file that a link leads to, and a table that is too large to be gone through."""
    with open_without_links(Path(path)) as file:
        size = os.fstat(file.fileno()).st_size
    if size > MOST_TABLE_BYTES and not is_shard(path, record.mtime_ns):
        raise NoMediaError(
            f"{file_name(path)} has {readable_size(size)}, too much to look for one of its rows."
        )


def row_name(record: FileRecord, item: ItemRow) -> str | None:
    """What the file in a row was called, as far as the row says it."""
    if parse_path(record.path).kind is not PathKind.ROW:
        return None
    given = item.metadata.get("path")
    return file_name(given) or None if isinstance(given, str) else None


def _is_same(content: EmbeddedFile, data: bytes, record: FileRecord) -> bool:
    """Whether a row has the content that was added; a table's was found by it."""
    if not isinstance(content, RowFile):
        return True
    digest = digest_bytes(data)
    if digest == record.content_hash:
        return True
    return hash_captioned(digest, content.captions()) == record.content_hash
