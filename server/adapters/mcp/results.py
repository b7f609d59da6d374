"""What the tools give as structured output: a little of what the HTTP API tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from mcp.shared.uri_template import UriTemplate
from pydantic import BaseModel, Field

from anysense.embed.types import Kind, Modality, Origin, Unit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "COLLECTION_URI",
    "ITEM",
    "THUMBNAIL",
    "FoundItem",
    "FullItem",
    "ItemList",
    "ListedItem",
    "RemovedItem",
    "SearchResult",
    "found_item",
    "full_item",
    "item_uri",
    "listed_item",
    "text_of_item",
]

COLLECTION_URI = "anysense://collection"
ITEM = UriTemplate.parse("anysense://item/{id}")
THUMBNAIL = UriTemplate.parse("anysense://item/{id}/thumbnail")

MOST_TEXT = 1000
"""Characters of a passage in a hit; a passage is about as long as a model's input, mostly less."""
MOST_METADATA = 1000
"""Characters of JSON of an item's metadata in a list; get_item tells all of it."""
MOST_PART = 10_000
"""Characters of an item's text in one answer."""
PAGE_GAP = "\n\n"


def item_uri(item_id: str) -> str:
    """The resource of an item, whose id may have slashes and any printable characters."""
    return ITEM.expand({"id": item_id})


class PlaceModel(BaseModel):
    """Where in an item something is."""

    start: Annotated[float | None, Field(description="Where it starts, counted in unit.")] = None
    end: Annotated[float | None, Field(description="Where it ends.")] = None
    unit: Unit | None = None
    page: Annotated[int | None, Field(description="The page of a document, from 1.")] = None


class OtherPlace(PlaceModel):
    """A further place of the item that matched well."""

    score: float
    modality: Modality


class ListedItem(BaseModel):
    """An item."""

    id: str
    uri: Annotated[str, Field(description="The resource that gives its text or its file.")]
    kind: Kind
    source: Annotated[str, Field(description="The path of its file, or what it was called.")]
    metadata: dict[str, Any]
    metadata_left_out: Annotated[
        list[str], Field(description="Names of metadata that are too long here; see get_item.")
    ] = []


class FoundItem(ListedItem, PlaceModel):
    """A hit: an item, and where in it is what matched best."""

    number: Annotated[int, Field(description="Its number in the text of this answer.")]
    modality: Annotated[Modality, Field(description="What was compared with the query.")]
    score: float
    frame: Annotated[
        float | None, Field(description="The second of a video whose frame matched best.")
    ] = None
    origin: Annotated[Origin | None, Field(description="content, or caption and the like.")] = None
    text: Annotated[str | None, Field(description="The passage that matched, of a text.")] = None
    other_places: list[OtherPlace] = []


class SearchResult(BaseModel):
    """Hits, best first."""

    hits: list[FoundItem]
    no_match: Annotated[
        bool, Field(description="Whether chance alone may have found the best of them.")
    ]


class Said(BaseModel):
    """Words about an item that are not its content."""

    origin: Origin
    text: str


class FullItem(ListedItem):
    """An item with its text."""

    added_at: Annotated[float, Field(description="Seconds since 1970, UTC.")]
    also_at: Annotated[list[str], Field(description="Other files with the same content.")] = []
    segments: Annotated[int, Field(description="How many pieces of it can be found.")]
    text: Annotated[str | None, Field(description="A part of its text; null if it has none.")]
    text_length: Annotated[int, Field(description="The characters of its whole text.")]
    next_offset: Annotated[
        int | None, Field(description="Give it as offset for what follows; null at the end.")
    ]
    said_of_it: Annotated[list[Said], Field(description="Captions and the like.")] = []
    said_left_out: Annotated[int, Field(description="How many more of them there are.")] = 0


class ItemList(BaseModel):
    """Some items."""

    items: list[ListedItem]
    next_cursor: Annotated[
        str | None, Field(description="Give it as cursor for what follows; null at the end.")
    ]


class RemovedItem(BaseModel):
    """What was removed."""

    id: str
    removed: bool


def listed_item(item: Mapping[str, Any]) -> ListedItem:
    return ListedItem(**facts_of(item))


def facts_of(item: Mapping[str, Any], most: int = MOST_METADATA) -> dict[str, Any]:
    """What every item tells of itself, with as much of its metadata as there is room for."""
    kept, left_out = short_metadata(item["metadata"], most)
    return {
        **{name: item[name] for name in ("id", "kind", "source")},
        "uri": item_uri(item["id"]),
        "metadata": kept,
        "metadata_left_out": left_out,
    }


def short_metadata(
    metadata: Mapping[str, Any], most: int = MOST_METADATA
) -> tuple[dict[str, Any], list[str]]:
    """Metadata up to a length, and the names of what is left out, the long ones."""
    kept, left_out, room = {}, [], most
    for name, value in metadata.items():
        length = len(name) + len(json.dumps(value, ensure_ascii=False))
        if length > room:
            left_out.append(name[:200])
        else:
            kept[name] = value
            room -= length
    return kept, left_out


def found_item(number: int, hit: Mapping[str, Any]) -> FoundItem:
    """A hit as the API gives it; its number is that of the text beside it.

    What it tells of seconds are moments, of which a segment is only a part.
    """
    names = ("modality", "score", "unit", "page", "origin")
    moments = list(hit["moments"])
    best = moments.pop(0) if hit["unit"] == Unit.SECONDS.value and moments else None
    return FoundItem(
        number=number,
        **facts_of(hit),
        **{name: hit[name] for name in names},
        start=(best or hit)["start"],
        end=(best or hit)["end"],
        frame=best and best["frame"],
        text=None if hit["text"] is None else cut(hit["text"], MOST_TEXT),
        other_places=[*map(moment_place, moments), *timeless_places(hit["segments"])],
    )


def moment_place(moment: Mapping[str, Any]) -> OtherPlace:
    """A moment of a recording or a video; its modality is that of its best segment."""
    return OtherPlace(
        start=moment["start"],
        end=moment["end"],
        unit=Unit.SECONDS,
        score=moment["score"],
        modality=moment["modalities"][0],
    )


def timeless_places(segments: Iterable[Mapping[str, Any]]) -> list[OtherPlace]:
    """The segments that belong to no moment."""
    names = ("modality", "score", "start", "end", "unit", "page")
    return [
        OtherPlace(**{name: segment[name] for name in names})
        for segment in segments
        if segment["unit"] != Unit.SECONDS.value
    ]


def cut(text: str, most: int) -> str:
    """A text up to a length, with a mark that there is more."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def full_item(item: Mapping[str, Any], offset: int) -> FullItem:
    """An item as the API gives it, with its text from a character on."""
    text = text_of_item(item)
    end = offset + MOST_PART
    said = list(
        dict.fromkeys(
            (segment["origin"], segment["text"])
            for segment in item["segments"]
            if segment["text"] and segment["origin"] != Origin.CONTENT.value
        )
    )
    told, room = [], MOST_PART
    for origin, words in said:
        room -= len(words)
        if room < 0:
            break
        told.append(Said(origin=origin, text=words))
    return FullItem(
        **facts_of(item, MOST_PART),
        added_at=item["added_at"],
        also_at=item["aliases"],
        segments=len(item["segments"]),
        text=text[offset:end] if text else None,
        text_length=len(text),
        next_offset=end if end < len(text) else None,
        said_of_it=told,
        said_left_out=len(said) - len(told),
    )


def text_of_item(item: Mapping[str, Any]) -> str:
    """The text of an item, put together from its passages; empty if it has none.

    Passages of one encoder stand in order and may overlap; those of others hold the same text.
    """
    passages = [
        segment
        for segment in item["segments"]
        if segment["text"] is not None and segment["origin"] == Origin.CONTENT.value
    ]
    space = next((passage["space"] for passage in passages), None)
    parts: list[str] = []
    page, end = None, 0.0
    for passage in (p for p in passages if p["space"] == space):
        start, text = passage["start"], passage["text"]
        if passage["page"] != page:
            page = passage["page"]
            parts.append(f"{PAGE_GAP if parts else ''}[page {page}]\n")
        elif parts and start is not None and start > end:
            parts.append(" " if start - end == 1 else "\n")
        parts.append(text if start is None else text[max(0, int(end - start)) :])
        end = end if start is None else max(end, passage["end"])
    return "".join(parts)
