"""New items on their way to the encoders: each with its id, its source, and its content's hash."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError, UsageError
from anysense.embed.media.beside import is_metadata
from anysense.embed.types import EmbeddedFile
from anysense.index.building.content import hash_captioned, hash_content, hash_file
from anysense.index.building.sources.entries import FileEntry, file_record
from anysense.index.building.sources.paths import PathKind, check_name, parse_path
from anysense.index.building.sources.sidecars import sidecar_paths, sidecars_beside
from anysense.index.catalog.records import ID_RULE, is_id, make_id
from anysense.index.catalog.stored import metadata_text

if TYPE_CHECKING:
    from anysense.index.catalog.records import FileRecord
    from anysense.index.types import NewItem

__all__ = ["PendingItem", "item_name", "make_pending", "stat_file"]


@dataclass(frozen=True)
class PendingItem:
    """An item to be encoded: all of its record but the vectors.

    Attributes:
        index: its place among the items given.
        item: what was given.
        id: the id that it will have.
        source: what hits will call it.
        content_hash: of its content.
        files: the file that holds it; none if it did not come from a file. Copies that are met
            later are not its business: whoever writes its record adds them.
    """

    index: int
    item: NewItem
    id: str
    source: str
    content_hash: str
    files: tuple[FileRecord, ...] = ()

    def __str__(self) -> str:
        """What messages call it: its fields, written out, would be as long as its content."""
        return self.source

    @property
    def sidecar_paths(self) -> list[Path]:
        """The texts beside its file whose words belong to it."""
        return [
            path
            for file in self.files
            if parse_path(file.path).kind is not PathKind.OBJECT  # of which they are captions
            for path in sidecar_paths(file.path, file.sidecars)
            if not is_metadata(path.name)
        ]


def make_pending(
    index: int, item: NewItem, content_hash: str | None = None, *, with_sidecars: bool = True
) -> PendingItem:
    """Find an item's id, source and content hash.

    Args:
        index: its place among the items given.
        item: what was given.
        content_hash: of its content, where that is known, so that it is not read for it.
        with_sidecars: whether texts beside its file belong to it.

    Raises:
        MediaError: its file is not there, or cannot be read.
        UsageError: its id or its metadata is not usable.
    """
    if item.id is not None and not (isinstance(item.id, str) and is_id(item.id)):
        raise UsageError(f"An id is {ID_RULE}, not {str(item.id)[:80]!r}.")
    if isinstance(item.captions, str):
        raise UsageError("The captions of an item are a list of texts, not one text.")
    # Now, as it would take the other items of its batch with it when they are written.
    metadata_text(item.id or item_name(item), item.metadata)
    content = item.content
    if isinstance(content, Path):
        file = stat_file(content)
        if with_sidecars:
            file = file._replace(sidecars=sidecars_beside(file.path))
        source = item.source or file.path
        try:
            record = file_record(file, content_hash) if content_hash else hash_file(file)
        except FileNotFoundError:
            raise CorruptMediaError(file.path, "no such file or directory") from None
        item_id = item.id or make_id(source)
        record = record._replace(content_hash=hash_captioned(record.content_hash, item.captions))
        return PendingItem(index, item, item_id, source, record.content_hash, (record,))
    if isinstance(content, str) and item.modality is None:
        from anysense.embed.media.identify import warn_of_path

        warn_of_path(
            content,
            "added as a text: give NewItem a pathlib.Path to add the file, or "
            "modality=Modality.TEXT if a text is meant",
        )
    digest = hash_captioned(content_hash or hash_content(content), item.captions)
    item_id = item.id or make_id(item.source or digest)
    source = item.source or f"{_content_word(item)}:{item_id}"
    return PendingItem(index, item, item_id, source, digest)


def stat_file(file: Path) -> FileEntry:
    """A file's real path, size and time.

    Raises:
        MediaError: it is not there, or is no regular file.
        UsageError: its name is another one in UTF-8.
    """
    try:
        path = os.path.realpath(file.expanduser())
        status = Path(path).stat()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no such user after ~
        reason = getattr(error, "strerror", None) or str(error)
        raise CorruptMediaError(file, reason.lower()) from None
    check_name(path)
    if not Path(path).is_file():
        raise UnsupportedMediaError(path, "not a file")
    return FileEntry(path, status.st_size, status.st_mtime_ns)


def item_name(item: NewItem) -> str:
    """What messages call an item that has no id yet: its path, or what kind of content it is."""
    if isinstance(item.content, EmbeddedFile):
        return item.content.name
    return str(item.content) if isinstance(item.content, Path) else f"<{_content_word(item)}>"


def _content_word(item: NewItem) -> str:
    if isinstance(item.content, str):
        return "text"
    is_file = isinstance(item.content, (bytes, EmbeddedFile))
    return "bytes" if is_file else str(item.modality or "media")
