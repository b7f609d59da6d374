"""The map of a collection."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from anysense.embed.types import Modality

__all__ = ["MapBody"]


class MapBody(BaseModel):
    """Items in two dimensions, in columns of one length: what is alike lies near."""

    generation: Annotated[int, Field(description="The index that it was published with.")]
    space: Annotated[str, Field(description="Whose vectors it is of.")]
    spaces: Annotated[list[str], Field(description="Those that have a map, preferred first.")]
    method: Annotated[str, Field(description="How it was laid out.")]
    total: Annotated[int, Field(description="How many items the space had then.")]
    ids: Annotated[list[str], Field(description="Of the items that are still there.")]
    modalities: Annotated[list[Modality], Field(description="What `modality` counts in.")]
    modality: Annotated[list[int], Field(description="Of what stands for each item.")]
    x: Annotated[list[float], Field(description="From left to right, 0 to 1.")]
    y: Annotated[list[float], Field(description="From top to bottom, 0 to 1.")]
