"""From LangChain's documents to content blocks, with the pictures and sounds that they are of."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from langchain_core.messages.content import (
    create_audio_block,
    create_image_block,
    create_text_block,
)

from anysense import Hit, Modality
from anysense.adapters.media import ATTACHMENT_BYTES, media_of, medium_of, why_left_out
from anysense.embed.errors import AnysenseError, MediaError, MediaTooLargeError, UsageError
from anysense.embed.types import Kind, Origin, Unit
from anysense.index.hits.excerpts import excerpts_of, heading_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from langchain_core.documents import Document
    from langchain_core.messages.content import ContentBlock

    from anysense.index.hits.media import ItemReader, MediaFile

__all__ = ["blocks_of", "hit_of", "told"]


def blocks_of(
    documents: Iterable[Document], reader: ItemReader, max_bytes: int, *, hears: bool = True
) -> Iterator[ContentBlock]:
    """Content blocks of documents: a text of each, numbered and cited, and what it shows.

    A picture is a JPEG, a sound a WAV file of the seconds that matched. What is left out is said.

    Args:
        documents: what a retriever has found.
        reader: reads the files of its items.
        max_bytes: the most bytes of all media, before base64 makes them a third longer.
        hears: whether sounds may be given.
    """
    shown: dict[tuple[object, ...], int] = {}
    for number, document in enumerate(documents, 1):
        text, hit, block = told(number, document), hit_of(document), None
        medium = None if hit is None else medium_of(hit)
        if hit is not None and medium is not None:
            part = _part(hit, medium)
            try:
                if part in shown:
                    raise MediaError(hit.source, f"it is that of [{shown[part]}]")
                if medium is Modality.AUDIO and not hears:
                    raise MediaError(hit.source, "sounds cannot be given here")
                if max_bytes <= 0:
                    raise MediaTooLargeError(hit.source, "those before it took all the room")
                most = min(max_bytes, ATTACHMENT_BYTES)
                media = media_of(replace(hit, reader=reader), most)
            except AnysenseError as error:
                noun = "picture" if medium is Modality.IMAGE else "sound"
                text += f"\n(Its {noun} is left out: {why_left_out(error)}.)"
            else:
                max_bytes -= len(media.data)
                shown[part] = number
                block = _block(medium, media)
        yield create_text_block(text)
        if block is not None:
            yield block


def _part(hit: Hit, medium: Modality) -> tuple[object, ...]:
    """What of an item is shown: all of a picture, or a page, or some seconds."""
    if medium is Modality.IMAGE:
        return hit.id, hit.page if hit.unit is Unit.PAGES else None
    return hit.id, hit.start, hit.end


def told(number: int, document: Document) -> str:
    """A document as text: a line that cites it, as `Hits.as_context` does, and its words."""
    hit = hit_of(document)
    heading = f"[{number}]" if hit is None else heading_of(number, hit, excerpts_of(hit))
    return f"{heading}\n{document.page_content}"


def hit_of(document: Document) -> Hit | None:
    """The hit that a document was made of; None if it was made of none.

    Raises:
        UsageError: what it says of itself is not what a hit has.
    """
    facts = document.metadata
    if "uri" not in facts or "score" not in facts:
        return None
    try:
        unit, page, box = facts.get("unit"), facts.get("page"), facts.get("box")
        return Hit(
            id=str(facts["item"]),
            kind=Kind(facts["kind"]),
            modality=Modality(facts["modality"]),
            score=float(facts["score"]),
            raw_score=float(facts["raw_score"]),
            route=str(facts["route"]),
            source=str(facts["source"]),
            space=str(facts["space"]),
            start=_number(facts.get("start")),
            end=_number(facts.get("end")),
            unit=None if unit is None else Unit(unit),
            page=None if page is None else int(page),
            box=None if box is None else _box(box),
            origin=Origin(facts.get("origin", Origin.CONTENT)),
            text=document.page_content,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"The document {document.id} is not one of anysense: {error}.") from None


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _box(value: Any) -> tuple[float, float, float, float]:
    left, top, right, bottom = map(float, value)
    return left, top, right, bottom


def _block(medium: Modality, media: MediaFile) -> ContentBlock:
    data = b64encode(media.data).decode("ascii")
    create = create_image_block if medium is Modality.IMAGE else create_audio_block
    return create(base64=data, mime_type=media.mime_type)
