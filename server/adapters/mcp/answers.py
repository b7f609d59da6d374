"""What a tool answers with: words for the model, small pictures and clips, and links to the rest.

Base64 floods the context of a model, so one answer holds so much of it and no more. What does not
fit is linked, and the words say so.
"""

from __future__ import annotations

import base64
import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from mcp_types import AudioContent, CallToolResult, ImageContent, ResourceLink, TextContent

from anysense.adapters.mcp.results import (
    FoundItem,
    ItemList,
    ListedItem,
    RemovedItem,
    SearchResult,
    found_item,
    full_item,
    listed_item,
)
from anysense.embed.errors import AnysenseError
from anysense.embed.types import Kind, Modality, Place, Unit
from anysense.index.hits.places import show_place
from anysense.server.cli.console import show_size
from anysense.server.client.results import hits_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcp_types import ContentBlock
    from pydantic import BaseModel

    from anysense.adapters.mcp.api import Api

__all__ = ["added", "item_page", "item_with_text", "removed", "search_hits"]

SIDES = (640, 320)
"""Pixels along the longer side of pictures: the first that there is room for."""
CLIP_RATE = 16_000
"""Samples a second of clips: what models that hear take."""
LEAST_ROOM = 4096
"""With less room for base64 than this, nothing is tried any more."""
CONTEXT_TOKENS = 3000
"""Of the hits as text; what has no room is named there, and in the structured output."""
SCORES = "Of unrelated items, one in 100 scores 2 or more and one in 1,000 scores 3 or more."
NO_MATCH = "No hit stands out from what chance would find: probably nothing answers the query."


@dataclass
class Media:
    """The pictures, clips and links of one answer.

    Attributes:
        room: how much base64 there is room for still.
        blocks: what is shown, each behind a line that says what it is.
        shown, linked, missing: which hits are shown or linked, or cannot be given.
    """

    room: int
    blocks: list[ContentBlock] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    linked: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)

    async def add(self, api: Api, item: ListedItem, name: str, said: str) -> None:
        """Show an item or link it, if it is more than words.

        Args:
            api: gives its file.
            item: the item, with its place if it is a hit.
            name: what the answer calls it.
            said: what is said of it before it is shown.
        """
        if item.kind is Kind.TEXT:
            return
        with contextlib.suppress(AnysenseError):  # it cannot be made smaller: it can be linked
            if await self._show(api, item, said):
                self.shown.append(name)
                return
        try:
            self.blocks.append(await link_to(api, item))
            self.linked.append(name)
        except AnysenseError as error:  # its file is gone, or another one by now
            self.missing.append(f"{name} ({str(error).rstrip('.')})")

    async def _show(self, api: Api, item: ListedItem, said: str) -> bool:
        if self.room < LEAST_ROOM:
            return False
        page = page_of(item)
        if item.kind in (Kind.IMAGE, Kind.VIDEO) or page is not None:
            for side in SIDES:
                data = await api.thumbnail(item.id, side, page, second_of(item))
                if encoded_length(data) <= self.room:
                    self._put(said, ImageContent(data=encoded(data), mime_type="image/jpeg"))
                    return True
        if item.kind is not Kind.AUDIO or not isinstance(item, FoundItem):
            return False
        if item.unit is Unit.SECONDS and item.end is not None:
            clip = await api.clip(item.id, item.start or 0.0, item.end)
            clip = await anyio.to_thread.run_sync(at_low_rate, clip)
            if encoded_length(clip) <= self.room:
                self._put(said, AudioContent(data=encoded(clip), mime_type="audio/wav"))
                return True
        return False

    def _put(self, said: str, block: ImageContent | AudioContent) -> None:
        self.room -= len(block.data)
        self.blocks += [TextContent(text=said), block]

    def sentences(self) -> list[str]:
        """What is shown, linked and left out, in words."""
        parts = {"Shown below": self.shown, "Linked": self.linked, "Not given": self.missing}
        return [f"{title}: {', '.join(names)}." for title, names in parts.items() if names]


def page_of(item: ListedItem) -> int | None:
    """The page of a document that is to be shown: the one that matched as a picture."""
    if item.kind is not Kind.DOCUMENT or not isinstance(item, FoundItem):
        return None
    return item.page if item.modality is Modality.IMAGE else None


def at_low_rate(clip: bytes) -> bytes:
    """A clip at the rate of speech, or its own if that is lower: a third of its bytes.

    Raises:
        MediaError: it is silent, or no sound.
    """
    from anysense.embed.media.audio.recording import read_audio, resample
    from anysense.embed.media.audio.wav import wav_bytes

    waveform = read_audio(clip)
    return wav_bytes(resample(waveform, min(waveform.rate, CLIP_RATE)))


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def encoded_length(data: bytes) -> int:
    return (len(data) + 2) // 3 * 4


async def link_to(api: Api, item: ListedItem) -> ResourceLink:
    """A link to an item's file, with what a client wants to know before it reads it."""
    facts = await api.file_facts(item.id)
    mime_type = "application/pdf" if item.kind is Kind.DOCUMENT else facts.mime_type
    return ResourceLink(
        name=item.id,
        title=item.source,
        uri=item.uri,
        description=f"{item.kind.value}, {show_size(facts.size)}",
        mime_type=mime_type,
        size=facts.size,
    )


async def search_hits(api: Api, found: Mapping[str, Any], media_bytes: int) -> CallToolResult:
    """Hits as numbered, cited text, with what can be shown of them."""
    hits = [found_item(number, hit) for number, hit in enumerate(found["hits"], 1)]
    media = Media(media_bytes)
    for hit in hits:
        await media.add(api, hit, f"[{hit.number}]", f"[{hit.number}] {place_of(hit)}:")
    result = SearchResult(hits=hits, no_match=found["no_match"])
    if not hits:
        return answer(["Nothing found."], result)
    lines = [f"Best first. {SCORES}"] + ([NO_MATCH] if result.no_match else [])
    ids = "; ".join(f"[{hit.number}] {hit.id}" for hit in hits)
    context = hits_of(found, None).as_context(CONTEXT_TOKENS)
    return answer([*lines, context, f"Their ids: {ids}", *media.sentences()], result, media.blocks)


def place_of(hit: FoundItem) -> str:
    """The item of a hit, and where in it."""
    where = show_place(Place(hit.start, hit.end, hit.unit, hit.page), hit.origin)
    return f"{hit.source}{f', {where}' if where else ''}"


async def item_with_text(
    api: Api, item: Mapping[str, Any], offset: int, media_bytes: int
) -> CallToolResult:
    """One item: its facts, a part of its text, and the item itself if it can be shown."""
    full = full_item(item, offset)
    media = Media(media_bytes)
    await media.add(api, full, "the item", f"{full.kind.value} {full.source}:")
    lines = [f"{full.kind.value} {full.source}, id {full.id}"]
    lines += [f"{name}: {value}" for name, value in full.metadata.items()]
    lines += [f"{said.origin.value}: {said.text}" for said in full.said_of_it]
    if full.said_left_out:
        lines.append(f"{full.said_left_out:,} more captions and the like are left out.")
    if full.metadata_left_out:
        lines.append(f"Metadata too long to be told: {', '.join(full.metadata_left_out)}.")
    if full.text:
        end = offset + len(full.text)
        lines += [f"Characters {offset:,} to {end:,} of {full.text_length:,}:", full.text]
    if full.next_offset is not None:
        lines.append(f"It goes on: call get_item with offset {full.next_offset}.")
    return answer([*lines, *media.sentences()], full, media.blocks)


def item_page(page: Mapping[str, Any]) -> CallToolResult:
    """A page of items, a line for each."""
    items = [listed_item(item) for item in page["items"]]
    result = ItemList(items=items, next_cursor=page["next_cursor"])
    lines = [f"{item.kind.value} {item.source}, id {item.id}" for item in items]
    if result.next_cursor is not None:
        lines.append(f"There are more: call list_items with the cursor {result.next_cursor}")
    return answer(lines or ["There are no items."], result)


def added(item: Mapping[str, Any]) -> CallToolResult:
    """What was added, as it is in the collection now."""
    result = listed_item(item)
    return answer([f"In the collection: {result.kind.value}, id {result.id}"], result)


def removed(item_id: str) -> CallToolResult:
    return answer([f"Removed {item_id}"], RemovedItem(id=item_id, removed=True))


def answer(
    lines: Sequence[str], result: BaseModel, blocks: Sequence[ContentBlock] = ()
) -> CallToolResult:
    return CallToolResult(
        content=[TextContent(text="\n".join(lines)), *blocks],
        structured_content=result.model_dump(mode="json"),
    )


def second_of(item: ListedItem) -> float | None:
    """The second of a video that is to be shown: where it matched."""
    if item.kind is not Kind.VIDEO or not isinstance(item, FoundItem):
        return None
    if item.unit is not Unit.SECONDS:
        return None
    return item.start if item.frame is None else item.frame
