"""Pictures and sounds that are kept to search by, as the service takes and tells them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from anysense.server.http.schemas.values import Input

__all__ = ["KeptQueryBody", "NewQuery"]


class NewQuery(Input):
    """What stands beside the file in the form: nothing."""


class KeptQueryBody(BaseModel):
    """A picture or a sound that is kept."""

    id: Annotated[str, Field(description="The `upload` of a search.")]
    modality: Literal["image", "audio"]
    name: Annotated[str, Field(description="As it was sent; it is not kept.")]
    media_type: Annotated[str, Field(description="Its type, by its content.")]
    bytes: Annotated[int, Field(description="How many it has.")]
