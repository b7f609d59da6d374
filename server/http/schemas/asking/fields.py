"""The fields of a collection's metadata, as the service tells them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

__all__ = ["MetadataFields"]

Value = str | int | float | bool


class MetadataValue(BaseModel):
    """A value of a field."""

    value: Value
    items: Annotated[int, Field(description="How many of those looked at have it.")]


class MetadataField(BaseModel):
    """A field of metadata."""

    name: Annotated[str, Field(description="As filters write it.")]
    type: Annotated[
        Literal["text", "number", "boolean", "date"],
        Field(description="Of most of its values; dates are texts, as ISO 8601 writes them."),
    ]
    items: Annotated[int, Field(description="How many of those looked at have it.")]
    least: Annotated[Value | None, Field(description="Of numbers and dates.")]
    greatest: Annotated[Value | None, Field(description="Of numbers and dates.")]
    values: Annotated[
        list[MetadataValue], Field(description="Of this type, the most frequent first.")
    ]
    complete: Annotated[bool, Field(description="Whether these are all values of all items.")]


class MetadataFields(BaseModel):
    """The fields that most items have."""

    fields: list[MetadataField]
    complete: Annotated[bool, Field(description="Whether these are all fields of all items.")]
    counted: Annotated[int, Field(description="How many items were looked at.")]
    total: Annotated[int, Field(description="How many there are.")]
