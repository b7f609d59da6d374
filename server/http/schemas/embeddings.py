"""What is embedded, in the shapes of several providers, and the vectors that come back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from anysense.embed.types import Modality
from anysense.server.http.schemas.lengths import Length
from anysense.server.http.schemas.parts import ContentInput, Media, Message
from anysense.server.http.schemas.values import LIST, OBJECT, TEXT, Input, one_of, told_apart

__all__ = ["MAX_INPUTS", "EmbeddingList", "EmbeddingRequest", "ModelBody", "ModelList"]

MAX_INPUTS = 2048
MAX_NAME = 4096
SOURCES = ("input", "inputs", "texts", "images", "messages")


def check_input(value: Any) -> Any:
    """Refuse tokens with a sentence, and what is neither a text nor an object."""
    if not isinstance(value, list):
        return value
    if len(value) > MAX_INPUTS:
        raise ValueError(f"there are at most {MAX_INPUTS:,} inputs in a request")
    for entry in value:
        if isinstance(entry, (int, float, list)):
            raise ValueError(
                "lists of tokens are not taken, as each encoder has tokens of its own; "
                "send the texts themselves"
            )
    return value


def check_count(value: Any) -> Any:
    if isinstance(value, list) and len(value) > MAX_INPUTS:
        raise ValueError(f"there are at most {MAX_INPUTS:,} inputs in a request")
    return value


ENTRY = "it must be a text, a data URI, or an object with text, image or audio"
Entry = Annotated[Annotated[str, TEXT] | Annotated[Media, OBJECT], told_apart(ENTRY)]
Entries = Annotated[
    Annotated[str, TEXT] | Annotated[list[Entry], LIST] | Annotated[Media, OBJECT],
    told_apart(f"{ENTRY}, or a list of these"),
]
Texts = Annotated[list[str] | None, Field(min_length=1), BeforeValidator(check_count)]
Format = Literal["float", "base64"]
_QUERY_TYPES = ("query", "search_query", "retrieval.query")  # of Voyage, Cohere and Jina


class EmbeddingRequest(Input):
    """What is to be embedded: exactly one of `input`, `inputs`, `texts`, `images` and `messages`.

    Fields of other services that could change nothing here are taken and have no effect: `user`,
    `truncate` and `truncation`, as nothing is ever cut short.
    """

    model_config = one_of(*SOURCES)

    input: Annotated[
        Entries | None,
        BeforeValidator(check_input),
        Field(
            description="A text, or a list of texts, of data URIs, or of objects that have one of "
            "`text`, `image` and `audio`.",
            examples=[["waves on a beach", "a lighthouse in fog"]],
        ),
    ] = None
    inputs: Annotated[
        list[ContentInput] | None,
        BeforeValidator(check_count),
        Field(description="Inputs of several parts each, which become one vector."),
    ] = None
    texts: Texts = None
    images: Annotated[Texts, Field(description="Data URIs.")] = None
    messages: Annotated[
        list[Message] | None,
        BeforeValidator(check_count),
        Field(description="Messages whose parts become one vector."),
    ] = None
    model: Annotated[
        Annotated[str, Length(most=MAX_NAME)] | None,
        Field(description="One of `/v1/models`; the first if not given."),
    ] = None
    modality: Annotated[
        Modality | None,
        Field(description="What each `input` is; found out by its data URI if not given."),
    ] = None
    encoding_format: Annotated[
        Format | None, Field(description="`base64` is of float32, little-endian.")
    ] = None
    embedding_type: Annotated[Format | None, Field(description="As `encoding_format`.")] = None
    embedding_types: Annotated[
        list[Format] | None,
        Field(min_length=1, max_length=1, description="As `encoding_format`."),
    ] = None
    output_encoding: Annotated[
        Literal["base64"] | None, Field(description="As `encoding_format`.")
    ] = None
    dimensions: Annotated[
        int | None, Field(ge=1, description="Shorter vectors, of models that are made for it.")
    ] = None
    output_dimension: Annotated[int | None, Field(ge=1, description="As `dimensions`.")] = None
    output_dtype: Literal["float"] | None = None
    normalized: Annotated[
        Literal[True] | None, Field(description="Vectors always have the length 1.")
    ] = None
    user: str | None = None
    input_type: Annotated[
        str | None,
        Field(
            description="`query` or `search_query`: to search by, which some models encode in "
            "another way than what is found."
        ),
    ] = None
    task: Annotated[
        str | None, Field(description="`retrieval.query`: as `query` in `input_type`.")
    ] = None
    truncate: bool | str | None = None
    truncation: bool | None = None

    @model_validator(mode="after")
    def _check_one(self) -> EmbeddingRequest:
        given = [name for name in SOURCES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(SOURCES[:-1])} and {SOURCES[-1]}")
        if getattr(self, given[0]) == []:
            raise ValueError(f"{given[0]} holds nothing; give at least one")
        if self.modality is not None and self.input is None:
            raise ValueError("modality says what each input is, and goes with no other field")
        return self

    @property
    def is_query(self) -> bool:
        """Whether the inputs are to search by, by whichever field says so."""
        return self.input_type in _QUERY_TYPES or self.task in _QUERY_TYPES

    @property
    def is_base64(self) -> bool:
        """Whether vectors are wanted in base64, by whichever field says so."""
        formats = (self.encoding_format, self.embedding_type, self.output_encoding)
        return "base64" in (*formats, *(self.embedding_types or ()))


class Embedding(BaseModel):
    """The vector of one input."""

    object: Literal["embedding"] = "embedding"
    index: Annotated[int, Field(description="The place of the input, from 0.")]
    embedding: Annotated[
        list[float] | str,
        Field(description="Of length 1; as text, float32 in little-endian order in base64."),
    ]


class Usage(BaseModel):
    """How much was encoded. The first two are for clients that count tokens."""

    prompt_tokens: Annotated[int, Field(description="The characters of the texts.")]
    total_tokens: Annotated[int, Field(description="The same.")]
    characters: Annotated[int, Field(description="Of the texts.")]
    pixels: Annotated[int, Field(description="Of the pictures.")]
    seconds: Annotated[float, Field(description="Of the sounds.")]


class EmbeddingList(BaseModel):
    """The vectors, in the order of the inputs."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: Annotated[str, Field(description="The encoder that made them.")]
    usage: Usage


class ModelBody(BaseModel):
    """An encoder of the collections that are served."""

    id: str
    object: Literal["model"] = "model"
    created: Annotated[int, Field(description="Always 0: nobody knows when it was made.")]
    owned_by: str
    dimension: Annotated[int, Field(description="The length of its vectors.")]
    modalities: list[Modality]
    space: Annotated[str, Field(description="The id of the space of its vectors.")]
    revision: Annotated[str, Field(description="Vectors compare only where this is the same.")]
    collections: Annotated[list[str], Field(description="Those that use it, by name.")]


class ModelList(BaseModel):
    """The encoders of the collections that are served, the first collection's first."""

    object: Literal["list"] = "list"
    data: list[ModelBody]
