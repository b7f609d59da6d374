"""What a document has that the row of its item does not hold: its file, or its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.adapters.haystack.documents import KEPT, blob_of
from anysense.embed.media.files import OpenedFile
from anysense.embed.media.identify import media_type
from anysense.embed.types import Modality, Origin
from anysense.errors import ItemNotFoundError, MediaGoneError, NoMediaError
from anysense.index.showing.finding import open_item_file

if TYPE_CHECKING:
    from anysense.adapters.haystack.framework import ByteStream
    from anysense.index.catalog.browse import ItemRow
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["blob_of_item", "text_of_item"]


def blob_of_item(folder: CollectionFolder, row: ItemRow) -> ByteStream | None:
    """The file of an item; None if it has none, or was no document and its file is gone.

    Raises:
        MediaGoneError: the blob of a document is gone, or was changed.
    """
    is_document = KEPT in row.metadata
    if is_document and "blob" not in row.metadata[KEPT]:
        return None
    try:
        opened = open_item_file(folder, row.id)
    except (ItemNotFoundError, NoMediaError):  # it may have been removed since its row was read
        return None
    except MediaGoneError:
        if is_document:
            raise
        return None
    with opened.file.file as file:
        data = file.read()
        file.seek(0)
        mime_type = None if is_document else media_type(OpenedFile(file, opened.file.path))
    return blob_of(row.metadata, data, mime_type, opened.name)


def text_of_item(folder: CollectionFolder, row: ItemRow) -> str | None:
    """The passages of an item that was no document, one after the other; None if it has none."""
    try:
        segments = folder.snapshot().item(row.id).segments
    except ItemNotFoundError:
        return None
    texts = [s for s in segments if s.modality is Modality.TEXT and s.origin is Origin.CONTENT]
    return " ".join(s.text for s in texts if s.text and s.space == texts[0].space) or None
