"""What several bodies share: ids, metadata, places, and the base of what is taken."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from anysense.embed.limits import exceeds_depth
from anysense.embed.types import Modality, Origin, Unit

__all__ = ["MAX_ID", "Input", "ItemId", "Metadata", "PlaceBody", "Timeout", "check_size"]

MAX_ID = 512
MAX_DEPTH = 32
MAX_METADATA_BYTES = 256 * 1024
EXAMPLE_ID = "3f9a0c5b12d47e88"


def check_id(value: str) -> str:
    """An id must survive a URL: ``/v1/items/{id}`` and ``/v1/items/{id}/media``."""
    if not value.isprintable() or value != value.strip():
        raise ValueError("an id has neither control characters nor white space at its ends")
    if value.startswith("/") or value.endswith(("/", "/media")):
        raise ValueError("an id does not start with a slash, nor end with one or with /media")
    if {".", ".."} & set(value.split("/")) or "//" in value:
        raise ValueError("an id does not have the parts of a path that clients rewrite: . .. //")
    return value


def check_metadata(value: dict[str, Any]) -> dict[str, Any]:
    check_size(value, "metadata", MAX_METADATA_BYTES)
    return value


def check_size(value: Any, name: str, limit: int) -> None:
    """Refuse what is nested too deep, is too long as JSON, or holds NaN or infinity."""
    if exceeds_depth(value, MAX_DEPTH):
        raise ValueError(f"{name} is nested at most {MAX_DEPTH} deep")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except ValueError:
        raise ValueError(f"{name} holds no NaN and no infinity") from None
    length = len(text.encode(errors="surrogatepass"))
    if length > limit:
        raise ValueError(f"{name} has at most {limit:,} bytes, not {length:,}")


ItemId = Annotated[
    str,
    Field(min_length=1, max_length=MAX_ID, examples=[EXAMPLE_ID]),
    AfterValidator(check_id),
]
Metadata = Annotated[dict[str, Any], AfterValidator(check_metadata)]


Timeout = Annotated[
    float | None,
    Field(gt=0, le=86_400, description="Seconds after which the request is answered with 504."),
]


class Input(BaseModel):
    """The base of what the service takes: an unknown field is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class PlaceBody(BaseModel):
    """What a segment is, and where in its item."""

    modality: Modality
    space: str
    start: Annotated[float | None, Field(description="Where it starts, counted in `unit`.")]
    end: Annotated[float | None, Field(description="Where it ends, not included.")]
    unit: Unit | None
    page: Annotated[int | None, Field(description="The page of a document, from 1.")]
    box: Annotated[
        list[float] | None,
        Field(description="Left, top, right, bottom as shares of a picture's width and height."),
    ]
    origin: Annotated[Origin, Field(description="What it was derived from.")]
    text: Annotated[str | None, Field(description="The passage, of a text.")]
