"""What a search takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field, FiniteFloat, model_validator

from anysense.embed.types import Kind, Modality
from anysense.index.ranking.options import MAX_K
from anysense.server.http.schemas.values import MAX_ID, Input, PlaceBody, Timeout, check_size

__all__ = ["HitBody", "HitSegmentBody", "SearchBody", "SearchRequest", "TermBody"]

MAX_SPACE = 4096
MAX_TERMS = 32
MAX_STATE = 64
STATE = "^[0-9a-f]{8}-[0-9]+-[0-9]+$"
"""What a page's `state` looks like: anything else was told by no page."""
MAX_WHERE_BYTES = 64 * 1024


def check_where(value: str | dict[str, Any] | None) -> str | dict[str, Any] | None:
    check_size(value, "a filter", MAX_WHERE_BYTES)
    return value


def check_not(value: str | list[str] | None) -> str | list[str] | None:
    if isinstance(value, list) and len(value) > MAX_TERMS:
        raise ValueError(f"a query subtracts at most {MAX_TERMS} texts")
    return value


Where = Annotated[str | dict[str, Any] | None, AfterValidator(check_where)]
DataUri = Annotated[str, Field(examples=["data:image/jpeg;base64,/9j/4AAQSkZJRg..."])]
SpaceId = Annotated[
    str | None, Field(max_length=MAX_SPACE, description="The id of the vector's space.")
]
Vector = Annotated[list[FiniteFloat], Field(min_length=1, max_length=65_536)]


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
    terms: Annotated[list[TermBody], Field(max_length=MAX_TERMS, default_factory=list)]
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
    timeout: Timeout = None

    @model_validator(mode="after")
    def _check_page(self) -> SearchRequest:
        if self.offset + self.k > MAX_K:
            raise ValueError(f"offset and k are at most {MAX_K} together")
        return self


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
