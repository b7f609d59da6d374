"""From hits to LangChain's documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.adapters.facts import each_segment, facts_of, segment_id, words_of
from anysense.adapters.missing import MissingExtraError

# Imported before all others of this room, so that this says which extra is missing.
try:
    from langchain_core.documents import Document
except ImportError as error:
    raise MissingExtraError("langchain") from error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anysense import Hit

__all__ = ["PAGE_CONTENT", "document_of", "documents_of"]

PAGE_CONTENT = "page_content"
"""What the vector store calls, in an item's metadata, a text that no one passage holds."""


def document_of(hit: Hit, *, no_match: bool = False) -> Document:
    """The document of the segment that matched: its words, and its facts as metadata."""
    facts: dict[Any, Any] = facts_of(hit, no_match=no_match)
    facts.pop(PAGE_CONTENT, None)
    return Document(words_of(hit), id=segment_id(hit), metadata=facts)


def documents_of(
    hits: Iterable[Hit], *, no_match: bool = False, all_segments: bool = False
) -> list[Document]:
    """The documents of hits, best first.

    Args:
        hits: what was found.
        no_match: whether chance alone may have found the best of them.
        all_segments: whether the other segments of an item that matched well follow its best.
    """
    if not all_segments:
        return [document_of(hit, no_match=no_match) for hit in hits]
    segments = (segment for hit in hits for segment in each_segment(hit))
    documents = [document_of(segment, no_match=no_match) for segment in segments]
    return list({document.id: document for document in documents}.values())
