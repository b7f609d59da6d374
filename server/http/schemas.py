"""What the service takes and gives, as pydantic models: the OpenAPI document is made from these."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from anysense.embed.limits import exceeds_depth
from anysense.embed.types import Kind, Modality, Origin, Unit
from anysense.index.ranking.options import MAX_K

__all__ = [
    "Added",
    "ErrorBody",
    "HitBody",
    "ItemBody",
    "ItemPage",
    "NewText",
    "NewUpload",
    "Removed",
    "SearchBody",
    "SearchRequest",
    "SegmentBody",
    "Status",
    "TermBody",
]

MAX_ID = 512
MAX_SPACE = 4096
MAX_TERMS = 32
MAX_STATE = 64
STATE = "^[0-9a-f]{8}-[0-9]+-[0-9]+$"
"""What a page's `state` looks like: anything else was told by no page."""
MAX_DEPTH = 32
MAX_METADATA_BYTES = 256 * 1024
MAX_WHERE_BYTES = 64 * 1024
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


def check_where(value: str | dict[str, Any] | None) -> str | dict[str, Any] | None:
    check_size(value, "a filter", MAX_WHERE_BYTES)
    return value


def check_not(value: str | list[str] | None) -> str | list[str] | None:
    if isinstance(value, list) and len(value) > MAX_TERMS:
        raise ValueError(f"a query subtracts at most {MAX_TERMS} texts")
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
Where = Annotated[str | dict[str, Any] | None, AfterValidator(check_where)]
DataUri = Annotated[str, Field(examples=["data:image/jpeg;base64,/9j/4AAQSkZJRg..."])]
SpaceId = Annotated[
    str | None, Field(max_length=MAX_SPACE, description="The id of the vector's space.")
]
Vector = Annotated[list[FiniteFloat], Field(min_length=1, max_length=65_536)]


class Input(BaseModel):
    """The base of what the service takes: an unknown field is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class TermBody(Input):
    """One part of a query: exactly one of `text`, `image`, `audio`, `like` and `vector`."""

    text: str | None = None
    image: DataUri | None = None
    audio: DataUri | None = None
    like: Annotated[str | None, Field(max_length=MAX_ID, description="The id of an item.")] = None
    vector: Vector | None = None
    space: SpaceId = None
    modality: Annotated[
        Modality | None, Field(description="What the vector was made from; text if not given.")
    ] = None
    weight: Annotated[FiniteFloat, Field(description="A negative weight subtracts.")] = 1.0

    @model_validator(mode="after")
    def _check_one(self) -> TermBody:
        inputs = (self.text, self.image, self.audio, self.like, self.vector)
        if sum(value is not None for value in inputs) != 1:
            raise ValueError("a term has exactly one of text, image, audio, like and vector")
        if (self.vector is None) != (self.space is None):
            raise ValueError("a vector goes with the id of its space, and the other way round")
        return self


class SearchRequest(Input):
    """A query: what is given at the top level and the `terms` combine into one."""

    text: str | None = None
    image: DataUri | None = None
    audio: DataUri | None = None
    like: Annotated[
        str | None, Field(max_length=MAX_ID, description="The id of an item: more like this.")
    ] = None
    not_: Annotated[
        str | list[str] | None,
        Field(alias="not", description="Texts that are subtracted."),
        AfterValidator(check_not),
    ] = None
    vector: Vector | None = None
    space: SpaceId = None
    terms: Annotated[list[TermBody], Field(max_length=MAX_TERMS)] = []
    k: Annotated[int, Field(ge=1, le=MAX_K, description="How many hits at most.")] = 10
    modalities: Annotated[
        list[Modality] | None,
        Field(max_length=len(Modality), description="Only segments of these modalities."),
    ] = None
    where: Annotated[
        Where,
        Field(
            description="A filter over metadata, as text or as an object.",
            examples=["year >= 2020 and not title ^= 'Draft'"],
        ),
    ] = None
    min_score: Annotated[
        FiniteFloat | None, Field(description="Only hits of at least this score.")
    ] = None
    per_modality_k: Annotated[
        int | None, Field(ge=1, le=MAX_K, description="At most so many hits of each modality.")
    ] = None
    fusion: Annotated[
        Literal["calibrated", "rrf", "round_robin"],
        Field(description="How the modalities become one list: by score, by rank, or in turns."),
    ] = "calibrated"
    collapse: Annotated[
        float | None,
        Field(
            gt=0,
            le=1,
            description="Of segments of one modality whose cosine is at least this, only the best.",
            examples=[0.95],
        ),
    ] = None
    offset: Annotated[
        int, Field(ge=0, lt=MAX_K, description="Leave out so many of the best; see `state`.")
    ] = 0
    state: Annotated[
        str | None,
        Field(
            max_length=MAX_STATE,
            pattern=STATE,
            description="The `state` of an earlier page: search what the collection held then.",
        ),
    ] = None

    @model_validator(mode="after")
    def _check_page(self) -> SearchRequest:
        if self.offset + self.k > MAX_K:
            raise ValueError(f"offset and k are at most {MAX_K} together")
        return self


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


class HitSegmentBody(PlaceBody):
    """A segment that matched."""

    score: Annotated[float, Field(description="Comparable across modalities and spaces.")]
    raw_score: Annotated[float, Field(description="The cosine of the two vectors.")]
    route: Literal["native", "bridged"]


class HitBody(HitSegmentBody):
    """A hit, field for field as `anysense search --json` prints it: an item, its best segment."""

    id: str
    kind: Kind
    source: str
    metadata: dict[str, Any]
    segments: Annotated[
        list[HitSegmentBody],
        Field(description="The other segments of the item that matched well, best first."),
    ]


class SearchBody(BaseModel):
    """The hits, best first."""

    hits: list[HitBody]
    no_match: Annotated[
        bool, Field(description="Whether chance alone may have put the best item where it is.")
    ]
    state: Annotated[
        str, Field(description="Names what was searched; give it with `offset` for more of it.")
    ]
    took_ms: Annotated[float, Field(description="How long the search took in the service.")]


class NewText(Input):
    """A text to add."""

    text: Annotated[str, Field(min_length=1)]
    id: ItemId | None = None
    metadata: Metadata = {}


class NewUpload(Input):
    """What comes with an uploaded file."""

    id: ItemId | None = None
    metadata: Metadata = {}


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


class Status(BaseModel):
    """How the service is."""

    status: str
    reason: str | None = None


class ErrorDetail(BaseModel):
    message: str
    type: str
    code: str
    param: str | None


class ErrorBody(BaseModel):
    """What every error looks like."""

    error: ErrorDetail
