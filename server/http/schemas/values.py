"""What several bodies share: ids, metadata, places, and the base of what is taken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)

from anysense.embed.limits import exceeds_depth
from anysense.embed.types import Modality, Origin, Unit
from anysense.index.catalog.records import ID_RULE, MAX_ID, is_id
from anysense.server.http.schemas.lengths import Length

__all__ = [
    "LIST",
    "MAX_ID",
    "OBJECT",
    "TEXT",
    "Input",
    "ItemId",
    "Metadata",
    "Path",
    "PlaceBody",
    "Timeout",
    "any_of",
    "check_size",
    "one_of",
    "told_apart",
]

MAX_DEPTH = 32
MAX_PATH = 4096
MAX_METADATA_BYTES = 256 * 1024
EXAMPLE_ID = "3f9a0c5b12d47e88"


def check_id(value: str) -> str:
    """The rule of the collection: one for every way to add an item."""
    if not is_id(value):
        raise ValueError(f"an id is {ID_RULE}")
    return value


def check_metadata(value: dict[str, Any]) -> dict[str, Any]:
    check_size(value, "metadata", MAX_METADATA_BYTES)
    return value


def check_size(value: Any, name: str, limit: int) -> None:
    """Refuse what is nested too deep, is too long as JSON, or holds NaN or infinity."""
    if exceeds_length(value, limit):
        raise ValueError(f"{name} has at most {limit:,} bytes")
    if exceeds_depth(value, MAX_DEPTH):
        raise ValueError(f"{name} is nested at most {MAX_DEPTH} deep")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
    except ValueError:
        raise ValueError(f"{name} holds no NaN and no infinity") from None
    length = len(text.encode(errors="surrogatepass"))
    if length > limit:
        raise ValueError(f"{name} has at most {limit:,} bytes, not {length:,}")


def exceeds_length(value: Any, limit: int) -> bool:
    """Whether a value is over so many bytes long as JSON, by what it has at the least.

    A look at what is far too long ends soon, where writing it would take as long as it is.
    """
    length, parts = 0, [value]
    while parts and length <= limit:
        part = parts.pop()
        length += len(part) if isinstance(part, str) else 1
        if isinstance(part, dict):
            length += sum(map(len, part)) + len(part)
            parts += part.values()
        elif isinstance(part, list):
            length += len(part)
            parts += part
    return length > limit


ItemId = Annotated[
    str,
    Length(1, MAX_ID),
    Field(examples=[EXAMPLE_ID]),
    AfterValidator(check_id),
]
Path = Annotated[
    str,
    Length(1, MAX_PATH),
    Field(description="A file of the service's machine, inside a folder that it may read from."),
]
Metadata = Annotated[dict[str, Any], AfterValidator(check_metadata)]

MAX_TIMEOUT = 86_400
# What is promised begins at a second. Less is taken too, though hardly anything is done by then.
TIMEOUT = {"anyOf": [{"type": "number", "minimum": 1, "maximum": MAX_TIMEOUT}, {"type": "null"}]}

Timeout = Annotated[
    float | None,
    Field(
        gt=0,
        le=MAX_TIMEOUT,
        description="Seconds after which the request is answered with 504.",
        examples=[30],
    ),
    WithJsonSchema(TIMEOUT),
]

TEXT, LIST, OBJECT = Tag("(text)"), Tag("(list)"), Tag("(object)")
"""Which of several forms a field has; errors leave out what is in parentheses."""


def told_apart(sentence: str) -> Discriminator:
    """Tells the forms of a field apart, so that an error is one sentence and not one for each.

    Args:
        sentence: what the field must be, said of whatever has none of its forms.
    """
    return Discriminator(form_of, custom_error_type="wrong_form", custom_error_message=sentence)


def form_of(value: Any) -> str | None:
    if isinstance(value, str):
        return TEXT.tag
    if isinstance(value, list):
        return LIST.tag
    return OBJECT.tag if isinstance(value, (dict, BaseModel)) else None


class Input(BaseModel):
    """The base of what the service takes: an unknown field is an error, not a silent typo."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    hints: ClassVar[Mapping[str, str]] = {}
    """What to do instead of giving a field of a name that some address has, and this one not."""

    @model_validator(mode="before")
    @classmethod
    def _name_one_unknown(cls, value: Any) -> Any:
        """Leave out all unknown fields but the first: one is told, and each would be an error."""
        if not isinstance(value, dict):
            return value
        fields = cls.model_fields.items()
        names = {name for name, _ in fields} | {field.alias for _, field in fields}
        unknown = next((name for name in value if name not in names), None)
        return {name: v for name, v in value.items() if name in names or name == unknown}


def any_of(*names: str, keyword: str = "anyOf") -> ConfigDict:
    """Says of a model that a value is given under at least one of some names; null is none."""
    a_value = {"not": {"type": "null"}}
    options = [{"required": [name], "properties": {name: a_value}} for name in names]
    schema: dict[str, Any] = {keyword: options}
    return ConfigDict(json_schema_extra=schema)


def one_of(*names: str) -> ConfigDict:
    """Says of a model that a value is given under exactly one of some names."""
    return any_of(*names, keyword="oneOf")


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
    heading: Annotated[
        list[str],
        Field(description="The headings that a passage stands under, the outermost first."),
    ]
    text: Annotated[str | None, Field(description="The passage, of a text.")]
