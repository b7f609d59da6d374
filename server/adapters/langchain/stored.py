"""The items of a collection as the documents of a vector store: as they were added."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from langchain_core.documents import Document

from anysense.adapters.facts import facts_of_item, name_of, words_of
from anysense.adapters.langchain.documents import PAGE_CONTENT, document_of
from anysense.embed.errors import MediaError, UsageError
from anysense.embed.media.document.document import drop_data, normalise_text
from anysense.embed.types import Kind, Modality, Origin
from anysense.index.catalog.browse import list_items
from anysense.index.filters.filter import parse_filter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense import Collection, Hit
    from anysense.embed.types import Encoder
    from anysense.index.catalog.records import Item

__all__ = ["document_of_hit", "document_of_item", "kept_metadata", "relevance", "selected_ids"]

AT_ONCE = 1000
"""How many items are listed at a time."""


def kept_metadata(
    encoders: Sequence[Encoder], text: str, metadata: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The metadata to keep with a text: with the text itself, where no one passage will be it.

    A collection keeps the passages of a text, but not the white space between them.

    Raises:
        UsageError: the metadata has that name already.
    """
    if PAGE_CONTENT in metadata:
        raise UsageError(f"{PAGE_CONTENT} is no name for metadata: it is the text itself.")
    try:
        is_normal = normalise_text(drop_data(text), "the text") == text
    except MediaError:
        return metadata  # of which adding it tells
    takes = [encoder for encoder in encoders if Modality.TEXT in encoder.space.modalities]
    is_whole = is_normal and all(
        [passage.text for passage in encoder.passages(text)] == [text] for encoder in takes
    )
    return metadata if is_whole else {**metadata, PAGE_CONTENT: text}


def document_of_hit(hit: Hit) -> Document:
    """What was found: a text that was added as such as it was, anything else with its facts."""
    if _is_plain(hit):
        return _plain(hit, words_of(hit))
    document = document_of(hit)
    document.id = hit.id
    return document


def document_of_item(item: Item) -> Document:
    """An item, with all its text; of a picture or a sound, its caption or its name."""
    spaces = [segment.space for segment in item.segments if segment.text]
    words = [s for s in item.segments if s.text and s.space == spaces[0]]
    content = [s.text for s in words if s.text and s.origin is Origin.CONTENT]
    text = "\n".join(content or [s.text or "" for s in words[:1]]) or name_of(item)
    if _is_plain(item):
        return _plain(item, text)
    metadata: dict[Any, Any] = facts_of_item(item)
    return Document(text, id=item.id, metadata=metadata)


def selected_ids(collection: Collection, where: str | Mapping[str, Any] | None) -> list[str]:
    """The ids of the items that a filter selects; of all if there is none.

    Raises:
        FilterError: the filter cannot be read.
    """
    catalog, condition = collection.folder.catalog, parse_filter(where)
    ids: list[str] = []
    after: int | None = None
    while rows := list_items(catalog, after, AT_ONCE, where=condition):
        ids += [row.id for row in rows]
        after = rows[-1].position
    return ids


def relevance(score: float) -> float:
    """From 0 to 1: how much of what has nothing to do with a query has a lower score."""
    return 1.0 - math.pow(10.0, -max(score, 0.0))


def _is_plain(found: Hit | Item) -> bool:
    """Whether an item was made from a text: its source then is nothing but its id."""
    return found.kind is Kind.TEXT and found.source == f"text:{found.id}"


def _plain(found: Hit | Item, text: str) -> Document:
    metadata: dict[Any, Any] = dict(found.metadata)
    return Document(metadata.pop(PAGE_CONTENT, text), id=found.id, metadata=metadata)
