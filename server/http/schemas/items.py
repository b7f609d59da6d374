"""What adds, shows and removes items."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from anysense.embed.types import Kind
from anysense.server.http.schemas.values import Input, ItemId, Metadata, PlaceBody, Timeout

__all__ = ["Added", "ItemBody", "ItemPage", "NewText", "NewUpload", "Removed", "SegmentBody"]


class NewText(Input):
    """A text to add."""

    text: Annotated[str, Field(min_length=1)]
    id: ItemId | None = None
    metadata: Metadata = Field(default_factory=dict)
    timeout: Timeout = None


class NewUpload(Input):
    """What comes with an uploaded file."""

    id: ItemId | None = None
    metadata: Metadata = Field(default_factory=dict)
    timeout: Timeout = None


class SegmentBody(PlaceBody):
    """A piece of an item that has a vector of its own in one space."""

    id: int


class Added(BaseModel):
    """An item without its segments."""

    id: str
    source: str
    kind: Kind
    metadata: dict[str, Any]
    added_at: Annotated[float, Field(description="Seconds since 1970, UTC.")]


class ItemBody(Added):
    """An item as `anysense show --json` prints it."""

    aliases: Annotated[list[str], Field(description="Other files with the same content.")]
    segments: list[SegmentBody]


class ItemPage(BaseModel):
    """Some items, in the order in which they were added."""

    items: list[Added]
    next_cursor: Annotated[
        str | None, Field(description="Give it as `cursor` for what follows; null at the end.")
    ]


class Removed(BaseModel):
    """What was removed."""

    id: str
    deleted: Literal[True]
