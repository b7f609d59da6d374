"""Documents of Haystack as items of a collection, and back.

The text or the blob of a document is what its item is found by. Its `meta` is the item's metadata,
so that any filter can ask for it; whatever else a document has stays beside it, under one key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.adapters.haystack.framework import (
    ByteStream,
    Document,
    DocumentStoreError,
    SparseEmbedding,
)
from anysense.adapters.media import media_of, medium_of
from anysense.index.catalog.records import ID_RULE, is_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense import Hit

__all__ = [
    "FACTS",
    "KEPT",
    "blob_of",
    "blob_of_hit",
    "check_document",
    "check_meta",
    "document_of_hit",
    "document_of_item",
    "metadata_of",
]

KEPT = "haystack_document"
"""The key of metadata under which the store keeps what a document has beside its `meta`."""

FACTS = "anysense"
"""The key of `meta` under which a retrieved document has what the search says of it."""

_ELSEWHERE = ("id", "score", "metadata")
"""What a hit has that is in a place of its own in a document."""


def check_document(document: Document) -> None:
    """Refuse a document that cannot be kept.

    Raises:
        DocumentStoreError: why.
    """
    if not is_id(document.id):
        raise DocumentStoreError(f"The id of a document is {ID_RULE}, not {document.id[:80]!r}.")
    if document.blob is not None and not document.blob.data:
        raise DocumentStoreError(f"The blob of the document {document.id} has no bytes.")
    if not document.content and document.blob is None:
        raise DocumentStoreError(
            f"The document {document.id} has neither content nor a blob, so nothing could find it."
        )
    check_meta(document.meta, f"of the document {document.id}")


def check_meta(meta: Mapping[str, Any], whose: str) -> None:
    """Refuse metadata that has the key that the store needs.

    Raises:
        DocumentStoreError: it has.
    """
    if KEPT in meta:
        raise DocumentStoreError(
            f"The meta {whose} has the key {KEPT!r}, under which the store keeps what is not meta."
        )


def metadata_of(document: Document) -> dict[str, Any]:
    """The metadata of the item that a document becomes."""
    blob, sparse = document.blob, document.sparse_embedding
    fields = {
        "content": document.content,
        "blob": None if blob is None else {"mime_type": blob.mime_type, "meta": blob.meta},
        "score": document.score,
        "embedding": document.embedding,
        "sparse_embedding": None if sparse is None else sparse.to_dict(),
    }
    kept = {name: value for name, value in fields.items() if value is not None}
    return {**document.meta, KEPT: kept}


def document_of_item(
    item_id: str, metadata: Mapping[str, Any], content: str | None, blob: ByteStream | None
) -> Document:
    """The document that an item was, or is seen as if it was none.

    Args:
        item_id: its id.
        metadata: its metadata.
        content: the text of what was no document.
        blob: its file, if it has one and it was read.
    """
    kept = metadata.get(KEPT)
    meta = {name: value for name, value in metadata.items() if name != KEPT}
    if kept is None:
        return Document(id=item_id, content=content, blob=blob, meta=meta)
    sparse = kept.get("sparse_embedding")
    return Document(
        id=item_id,
        content=kept.get("content"),
        blob=blob,
        meta=meta,
        score=kept.get("score"),
        embedding=kept.get("embedding"),
        sparse_embedding=None if sparse is None else SparseEmbedding.from_dict(sparse),
    )


def blob_of(
    metadata: Mapping[str, Any], data: bytes, mime_type: str | None, name: str
) -> ByteStream:
    """The file of an item as a blob: with the type and the metadata that it was written with."""
    kept = metadata.get(KEPT, {}).get("blob")
    if kept is None:
        return ByteStream(data=data, meta={"file_name": name}, mime_type=mime_type)
    return ByteStream(data=data, meta=kept["meta"], mime_type=kept["mime_type"])


def blob_of_hit(hit: Hit, most_bytes: int) -> ByteStream | None:
    """What can be seen or heard of a hit; None if it is words alone.

    Args:
        hit: what was found.
        most_bytes: the most that it may have.

    Raises:
        MediaTooLargeError: however small it is made, it has more.
        MediaError, CollectionError, ServiceError: its file cannot be read.
    """
    if medium_of(hit) is None:
        return None
    file = media_of(hit, most_bytes)
    return ByteStream(data=file.data, meta={"file_name": file.name}, mime_type=file.mime_type)


def document_of_hit(hit: Hit, blob: ByteStream | None, left_out: str | None) -> Document:
    """A hit as a document: its text, its metadata, and what the search says of it.

    Args:
        hit: what was found.
        blob: what can be seen or heard of it.
        left_out: why it has no blob, where it should have one.
    """
    kept = hit.metadata.get(KEPT, {})
    meta = {name: value for name, value in hit.metadata.items() if name != KEPT}
    facts = {name: value for name, value in hit.to_dict().items() if name not in _ELSEWHERE}
    meta[FACTS] = facts if left_out is None else {**facts, "media_left_out": left_out}
    content = kept.get("content", hit.text)
    return Document(id=hit.id, content=content, blob=blob, meta=meta, score=hit.score)
