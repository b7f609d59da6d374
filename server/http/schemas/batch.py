"""What adds and removes many items at once."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field, WithJsonSchema, model_validator

from anysense.server.http.schemas.lengths import Length
from anysense.server.http.schemas.search import DataUri
from anysense.server.http.schemas.state import ErrorDetail
from anysense.server.http.schemas.values import MAX_ID, Input, ItemId, Metadata, Path, one_of

__all__ = ["BatchBody", "BatchItem", "BatchRemoval", "BatchRequest", "ItemResult"]

MAX_ITEMS = 1000
CONTENTS = ("text", "image", "audio", "path")
ITEMS = {
    "type": "array",
    "minItems": 1,
    "maxItems": MAX_ITEMS,
    "items": {"$ref": "#/components/schemas/BatchItem"},
}


class BatchItem(Input):
    """An item to add: exactly one of `text`, `image`, `audio` and `path`."""

    model_config = one_of(*CONTENTS)
    hints = {"url": "a data URI is given as image or audio"}  # noqa: RUF012 - not a field

    text: Annotated[str, Length(1)] | None = None
    image: DataUri | None = None
    audio: DataUri | None = None
    path: Path | None = None
    id: ItemId | None = None
    metadata: Metadata = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check_one(self) -> BatchItem:
        if sum(getattr(self, name) is not None for name in CONTENTS) != 1:
            raise ValueError("an item has exactly one of text, image, audio and path")
        return self


class BatchRequest(Input):
    """Items to add; each is looked at by itself, so that a wrong one stops no other."""

    items: Annotated[list[Any], Field(min_length=1, max_length=MAX_ITEMS), WithJsonSchema(ITEMS)]


class BatchRemoval(Input):
    """Items to remove."""

    ids: Annotated[
        list[Annotated[str, Field(max_length=MAX_ID)]], Field(min_length=1, max_length=MAX_ITEMS)
    ]


class ItemResult(BaseModel):
    """What became of one of the items."""

    id: Annotated[str | None, Field(description="The item's id; null if it has none.")]
    status: Annotated[int, Field(description="What a request for this item alone would answer.")]
    error: ErrorDetail | None


class BatchBody(BaseModel):
    """What became of the items, in the order in which they were given."""

    results: list[ItemResult]
    failed: Annotated[int, Field(description="How many of them have an error.")]
