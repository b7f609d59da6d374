"""What frameworks are told of a hit: words that stand for it, and its facts as plain values."""

from __future__ import annotations

import mimetypes
import zlib
from dataclasses import replace
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from anysense.embed.types import Kind, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense import Hit
    from anysense.index.catalog.records import Item

__all__ = [
    "each_segment",
    "facts_of",
    "facts_of_item",
    "item_in",
    "item_uri",
    "name_of",
    "segment_id",
    "words_of",
]

ITEM = "anysense://item/"


def item_uri(item_id: str) -> str:
    """What names an item in the metadata of frameworks: ``anysense://item/ID``."""
    return ITEM + quote(item_id, safe="")


def item_in(uri: str) -> str | None:
    """The id of the item that `item_uri` names; None of any other address."""
    return unquote(uri[len(ITEM) :]) or None if uri.startswith(ITEM) else None


def each_segment(hit: Hit) -> Iterator[Hit]:
    """A hit for each segment of an item that matched well, the best first."""
    yield replace(hit, segments=())
    for segment in hit.segments:
        yield replace(hit, **vars(segment), segments=())


def segment_id(hit: Hit) -> str:
    """An id for the segment that matched: that of its item, and what tells it from the others."""
    parts = []
    if hit.unit is not None and hit.start is not None and hit.end is not None:
        parts.append(f"{hit.unit}={hit.start:.10g}-{hit.end:.10g}")
    elif hit.page is not None:
        parts.append(f"page={hit.page}")
    if hit.box is not None:
        parts.append("box=" + ",".join(f"{share:g}" for share in hit.box))
    if hit.origin not in (None, Origin.CONTENT):
        # A picture may have several captions, which are in no place.
        parts.append(f"{hit.origin}={zlib.crc32((hit.text or '').encode()):08x}")
    return f"{hit.id}#{'&'.join(parts)}" if parts else hit.id


def words_of(hit: Hit) -> str:
    """The text that stands for a hit: the passage, or a caption, or the name of its source."""
    if hit.text:
        return hit.text
    for segment in hit.segments:
        is_caption = segment.origin is not Origin.CONTENT
        if segment.text and (is_caption or segment.page == hit.page):
            return segment.text
    caption = hit.metadata.get("caption")
    return caption if isinstance(caption, str) and caption.strip() else name_of(hit)


def name_of(found: Hit | Item) -> str:
    """What people call an item: the name of its file, or its source."""
    name = found.metadata.get("filename")
    return name if isinstance(name, str) and name else PurePath(found.source).name or found.source


def facts_of(hit: Hit, *, no_match: bool = False) -> dict[str, Any]:
    """The metadata of an item and the facts of a hit, under plain names, as JSON can hold them.

    Facts that a hit does not have are left out. Where the item's metadata has the name of a fact,
    it is under ``metadata``, as in filters.

    Args:
        hit: what was found.
        no_match: whether chance alone may have found the best hit of its search.
    """
    facts = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in hit.to_dict().items()
        if name not in ("id", "text", "metadata", "segments", "moments") and value not in (None, [])
    }
    return _joined(hit, {**facts, "no_match": no_match})


def facts_of_item(item: Item) -> dict[str, Any]:
    """The metadata of an item and what else is known of it, as `facts_of` has them of a hit."""
    return _joined(item, {"source": item.source, "kind": item.kind.value})


def _joined(found: Hit | Item, facts: dict[str, Any]) -> dict[str, Any]:
    facts = {**facts, "item": found.id, "uri": item_uri(found.id)}
    media_type, _ = mimetypes.guess_type(name_of(found))
    if found.kind is not Kind.TEXT and media_type is not None:
        facts["mime_type"] = media_type
    hidden = {name: value for name, value in found.metadata.items() if name in facts}
    return {**found.metadata, **facts, **({"metadata": hidden} if hidden else {})}
