"""What adds, shows and removes items."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from anysense.embed.types import Kind
from anysense.server.http.schemas.fields import ChosenFields
from anysense.server.http.schemas.lengths import Length
from anysense.server.http.schemas.values import (
    Input,
    ItemId,
    Metadata,
    Path,
    PlaceBody,
    Timeout,
    one_of,
)

__all__ = [
    "NEW_CONTENTS",
    "Added",
    "ItemBody",
    "ItemPage",
    "NewMetadata",
    "NewText",
    "NewUpload",
    "Removed",
    "SegmentBody",
    "SegmentPage",
    "WaveformBody",
]

NEW_CONTENTS = ("text", "path", "url")
"""What is added in JSON: exactly one of these."""


class NewText(Input):
    """What to add: a text, a file of the service's machine, or the address of one."""

    model_config = one_of(*NEW_CONTENTS)
    hints = dict.fromkeys(("image", "audio"), "a data URI is given as url")

    text: Annotated[str, Length(1)] | None = None
    path: Path | None = None
    url: Annotated[
        str | None,
        Field(description="The address of a file, if the service fetches those, or a data URI."),
    ] = None
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
    """Some items, in the order in which they were added, or the other way round."""

    items: list[Added | ChosenFields]
    next_cursor: Annotated[
        str | None, Field(description="Give it as `cursor` for what follows; null at the end.")
    ]


class SegmentPage(BaseModel):
    """The segments of an item around a place, in their order."""

    segments: list[SegmentBody]
    offset: Annotated[int, Field(description="The place of the first among all.")]
    total: Annotated[int, Field(description="How many there are.")]


class NewMetadata(Input):
    """What is to be changed of an item, as a JSON merge patch (RFC 7396)."""

    metadata: Metadata


class WaveformBody(BaseModel):
    """The curve of a sound."""

    seconds: Annotated[float, Field(description="How long the sound is.")]
    peaks: Annotated[
        list[float],
        Field(description="The largest magnitude in each part, 0 to 1, in order."),
    ]


class Removed(BaseModel):
    """What was removed."""

    id: str
    deleted: Literal[True]
