"""Encode documents and write them to a collection."""

from __future__ import annotations

import contextlib
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from anysense import AnysenseError, Modality, NewItem
from anysense.adapters.haystack.documents import metadata_of
from anysense.adapters.haystack.framework import DocumentStoreError
from anysense.errors import MediaError, UsageError
from anysense.index.building.encoding import Batch, encode_pending
from anysense.index.building.pending import make_pending
from anysense.index.showing.names import safe_name, stored_suffix

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense import Collection
    from anysense.adapters.haystack.framework import ByteStream, Document
    from anysense.index.building.pending import PendingItem

__all__ = ["write"]

_MOST_TOLD = 5
"""Failures that a message tells of; the others are counted."""


def write(collection: Collection, documents: Sequence[Document]) -> None:
    """Encode documents and write them, in their order, a batch at a time.

    One that cannot be encoded does not stop the others.

    Args:
        collection: where to write; this process has the right to.
        documents: of different ids; those of items that are there replace them.

    Raises:
        DocumentStoreError: the metadata of one cannot be kept, and nothing was written; or some
            could not be encoded.
        StorageError: the disk refused; what was written before is kept.
    """
    failed: list[str] = []
    with contextlib.ExitStack() as stack:
        try:
            pending = [_pending(collection, stack, document) for document in documents]
        except UsageError as error:
            raise DocumentStoreError(str(error)) from error
        batch = Batch()
        with contextlib.closing(encode_pending(collection, pending)) as stream:
            for item, outcome in stream:
                if isinstance(outcome, AnysenseError):
                    reason = outcome.reason if isinstance(outcome, MediaError) else str(outcome)
                    failed.append(f"{item.id}: {reason}")
                    continue
                batch.add(outcome)
                if batch.is_due:
                    collection.write(batch.take())
        if records := batch.take():
            collection.write(records)
    if failed:
        raise DocumentStoreError(_told(failed, len(documents)))


def _pending(
    collection: Collection, stack: contextlib.ExitStack, document: Document
) -> PendingItem:
    """A document as an item to be encoded; its blob is a file of the collection by then."""
    metadata = metadata_of(document)
    if document.blob is None:
        text = document.content or ""
        item = NewItem(text, document.id, modality=Modality.TEXT, metadata=metadata)
        return make_pending(0, item, with_sidecars=False)
    folder, name = collection.folder, _name(document.blob)
    upload = io.BytesIO(document.blob.data)
    file = stack.enter_context(folder.media.receive(upload, name, folder.names_file))
    path = file.keep(stored_suffix(name, document.blob.mime_type), document.id)
    captions = [document.content] if document.content else []
    item = NewItem(path, document.id, metadata=metadata, captions=captions)
    pending = make_pending(0, item, file.digest, with_sidecars=False)
    # Of the file alone, without the caption: a stored file is known by its content when it is read.
    files = tuple(record._replace(content_hash=file.digest) for record in pending.files)
    return replace(pending, content_hash=file.digest, files=files)


def _name(blob: ByteStream) -> str:
    """What the file of a blob was called, by the metadata that Haystack's converters give it."""
    given = (blob.meta.get(key) for key in ("file_name", "file_path"))
    return safe_name(next((str(name) for name in given if name), None), "a blob")


def _told(failed: list[str], total: int) -> str:
    told = "; ".join(failed[:_MOST_TOLD])
    more = len(failed) - _MOST_TOLD
    told += f"; and {more:,} more" if more > 0 else ""
    others = "; the others were written" if len(failed) < total else ""
    return f"{len(failed):,} of {total:,} documents could not be written ({told}){others}."
