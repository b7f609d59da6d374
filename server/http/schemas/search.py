"""What a search takes and gives."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    FiniteFloat,
    field_validator,
    model_validator,
)

from anysense.embed.types import Kind, Modality
from anysense.index.ranking.options import MAX_K
from anysense.server.http.bodies.kept_queries import ID_PATTERN
from anysense.server.http.schemas.cursors import MAX_CURSOR, STATE, SearchCursor, read_cursor
from anysense.server.http.schemas.fields import MAX_FIELDS, ChosenFields, read_field_names
from anysense.server.http.schemas.lengths import Length
from anysense.server.http.schemas.values import (
    LIST,
    MAX_ID,
    OBJECT,
    TEXT,
    Input,
    PlaceBody,
    Timeout,
    any_of,
    check_size,
    one_of,
    told_apart,
)

__all__ = ["DataUri", "HitBody", "HitSegmentBody", "SearchBody", "SearchRequest", "TermBody"]

INPUTS = ("text", "image", "audio", "video", "upload", "like", "vector")
"""What a query is made from."""

MAX_SPACE = 4096
MAX_TERMS = 32
MAX_STATE = 64
MAX_WHERE_BYTES = 64 * 1024


def check_where(value: str | dict[str, Any] | None) -> str | dict[str, Any] | None:
    check_size(value, "a filter", MAX_WHERE_BYTES)
    return value


def check_not(value: Any) -> Any:
    if isinstance(value, list) and len(value) > MAX_TERMS:
        raise ValueError(f"a query subtracts at most {MAX_TERMS} texts")
    return value


def check_fields(value: list[str] | None) -> list[str] | None:
    read_field_names(value, HitBody)
    return value


Where = Annotated[
    Annotated[
        Annotated[str, TEXT] | Annotated[dict[str, Any], OBJECT],
        told_apart("it must be a text or an object"),
    ]
    | None,
    AfterValidator(check_where),
]
Opposites = Annotated[
    Annotated[str, TEXT] | Annotated[list[str], LIST],
    told_apart("it must be a text or a list of texts"),
]
DataUri = Annotated[str, Field(examples=["data:image/jpeg;base64,/9j/4AAQSkZJRg..."])]
Video = Annotated[
    DataUri | None,
    Field(description="A video: its frames find pictures and texts, its sound finds sounds."),
]
UploadId = Annotated[
    Annotated[str, Field(pattern=ID_PATTERN)] | None,
    Field(description="The id of a picture, a sound or a video that is kept: see `/v1/queries`."),
]
SpaceId = Annotated[
    Annotated[str, Length(most=MAX_SPACE)] | None,
    Field(description="The id of the vector's space."),
]
# Of a list the first wrong value is told: each of them would be an error by itself.
Vector = Annotated[list[FiniteFloat], Field(min_length=1, max_length=65_536, fail_fast=True)]


class TermBody(Input):
    """One part of a query: one of its fields but `space`, `modality` and `weight`."""

    model_config = one_of(*INPUTS)

    text: str | None = None
    image: DataUri | None = None
    audio: DataUri | None = None
    video: Video = None
    upload: UploadId = None
    like: Annotated[
        Annotated[str, Length(most=MAX_ID)] | None, Field(description="The id of an item.")
    ] = None
    vector: Vector | None = None
    space: SpaceId = None
    modality: Annotated[
        Modality | None, Field(description="What the vector was made from; text if not given.")
    ] = None
    weight: Annotated[FiniteFloat, Field(description="A negative weight subtracts.")] = 1.0

    @model_validator(mode="after")
    def _check_one(self) -> TermBody:
        if sum(getattr(self, name) is not None for name in INPUTS) != 1:
            raise ValueError(
                "a term has exactly one of text, image, audio, video, upload, like and vector"
            )
        if (self.vector is None) != (self.space is None):
            raise ValueError("a vector goes with the id of its space, and the other way round")
        return self


class SearchRequest(Input):
    """A query: what is given at the top level and the `terms` combine into one."""

    model_config = any_of(*INPUTS, "not", "terms")

    text: str | None = None
    image: DataUri | None = None
    audio: DataUri | None = None
    video: Video = None
    upload: UploadId = None
    like: Annotated[
        Annotated[str, Length(most=MAX_ID)] | None,
        Field(description="The id of an item: more like this."),
    ] = None
    not_: Annotated[
        Opposites | None,
        Field(alias="not", description="Texts that are subtracted."),
        BeforeValidator(check_not),
    ] = None
    vector: Vector | None = None
    space: SpaceId = None
    terms: Annotated[
        list[TermBody], Field(max_length=MAX_TERMS, default_factory=list, fail_fast=True)
    ]
    k: Annotated[int, Field(ge=1, le=MAX_K, description="How many hits at most.")] = 10
    modalities: Annotated[
        list[Modality] | None,
        Field(
            max_length=len(Modality),
            fail_fast=True,
            description="Only segments of these modalities.",
        ),
    ] = None
    kinds: Annotated[
        list[Kind] | None,
        Field(max_length=len(Kind), fail_fast=True, description="Only items of these kinds."),
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
    match: Annotated[
        Literal["both", "vector", "words"],
        Field(
            description="By what texts are found: by their vectors, by their words (and files of "
            "every kind by their names), or by both together."
        ),
    ] = "both"
    collapse: Annotated[
        float | None,
        Field(
            gt=0,
            le=1,
            description="Of segments of one modality whose cosine is at least this, only the best; "
            "files are not found by their names then.",
            examples=[0.95],
        ),
    ] = None
    offset: Annotated[
        int, Field(ge=0, lt=MAX_K, description="Leave out so many of the best; see `state`.")
    ] = 0
    state: Annotated[
        Annotated[str, Field(pattern=STATE), Length(most=MAX_STATE)] | None,
        Field(description="The `state` of an earlier page: search what the collection held then."),
    ] = None
    timeout: Timeout = None
    cursor: Annotated[
        Annotated[str, Length(most=MAX_CURSOR)] | None,
        Field(description="The `next_cursor` of a page of this search, for the page after it."),
    ] = None
    fields: Annotated[
        list[str] | None,
        Field(
            max_length=MAX_FIELDS,
            description="Only these fields of hits; `metadata.year` is one of the metadata.",
            examples=[["id", "score"]],
        ),
        AfterValidator(check_fields),
    ] = None

    @field_validator("cursor")
    @classmethod
    def _check_cursor(cls, cursor: str | None) -> str | None:
        if cursor is not None:
            read_cursor(cursor, SearchCursor)
        return cursor

    @model_validator(mode="after")
    def _go_on(self) -> SearchRequest:
        if self.cursor is None:
            return self
        cursor = read_cursor(self.cursor, SearchCursor)
        if self.state is not None or self.offset:
            raise ValueError("a cursor has the state and the offset; leave them out")
        if "k" in self.model_fields_set and self.k != cursor.k:
            raise ValueError("a cursor is for pages of one k; leave it out")
        self.state, self.offset, self.k = cursor.state, cursor.offset, cursor.k
        return self

    @model_validator(mode="after")
    def _check_page(self) -> SearchRequest:
        if self.offset + self.k > MAX_K:
            raise ValueError(f"offset and k are at most {MAX_K} together")
        return self


class HitSegmentBody(PlaceBody):
    """A segment that matched."""

    score: Annotated[float, Field(description="Comparable across modalities and spaces.")]
    raw_score: Annotated[
        float, Field(description="The cosine of the two vectors; BM25 on the route `words`.")
    ]
    route: Literal["native", "bridged", "words"]


class MomentBody(BaseModel):
    """Seconds of a recording or a video that matched, by what is seen, heard or said in them."""

    start: Annotated[float, Field(description="Where it begins, in seconds.")]
    end: Annotated[float, Field(description="Where it ends, not included.")]
    score: Annotated[float, Field(description="The best of its segments'.")]
    frame: Annotated[
        float | None, Field(description="The time of the frame that matched best; null of none.")
    ]
    modalities: Annotated[
        list[Modality], Field(description="Of its segments, that of the best one first.")
    ]


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
    moments: Annotated[
        list[MomentBody],
        Field(
            description="The seconds of the item that matched, best first: segments of the same "
            "seconds as one, with neighbours that match as well."
        ),
    ]


class SearchBody(BaseModel):
    """The hits, best first."""

    hits: list[HitBody | ChosenFields]
    no_match: Annotated[
        bool, Field(description="Whether chance alone may have put the best item where it is.")
    ]
    state: Annotated[
        str, Field(description="Names what was searched; give it with `offset` for more of it.")
    ]
    next_cursor: Annotated[
        str | None,
        Field(description="Give it as `cursor` with the same search for more; null at the end."),
    ]
    took_ms: Annotated[float, Field(description="How long the search took in the service.")]
