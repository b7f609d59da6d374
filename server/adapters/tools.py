"""The tools that a language model is given: their names, what they take, and how providers say it.

Each is a narrowed model of the HTTP API's own: the same fields under the same rules, but fewer of
them, with lower limits, and described for whoever has only this description.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args

from pydantic import AfterValidator, BeforeValidator, Field, create_model, model_validator

from anysense.embed.limits import DEFAULT_LIMITS
from anysense.server.http.schemas.cursors import MAX_CURSOR, Order
from anysense.server.http.schemas.items import NewText
from anysense.server.http.schemas.lengths import Length
from anysense.server.http.schemas.search import SearchRequest, TermBody
from anysense.server.http.schemas.values import MAX_ID, Input

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic.fields import FieldInfo

__all__ = ["FORMATS", "MAX_DATA", "ToolDefinition", "ToolFormat", "definitions", "written"]

ToolFormat: TypeAlias = Literal["openai", "openai-responses", "anthropic", "json-schema"]
FORMATS: tuple[ToolFormat, ...] = get_args(ToolFormat)

MAX_DATA = 12 * 1024**2
"""Characters of a data URI: nine megabytes of a file."""
MAX_HITS = 50
MAX_PAGE = 100
MAX_FILTER = 8192
MAX_NAME = 255
DIALECT = "https://json-schema.org/draft/2020-12/schema"
NOT_STRICT = ("minLength", "maxLength", "default")
"""What OpenAI's strict schemas may not say; it is checked all the same when a tool is called."""


def check_data(value: str) -> str:
    """An address would be fetched by a service that does so: a tool takes what it is given."""
    if not value[:5].lower().startswith("data:"):
        raise ValueError("it must be a data URI, such as data:image/jpeg;base64,...")
    return value


def unwrapped(value: Any) -> Any:
    """A single value as the list that is meant, as models write it now and then."""
    return [value] if isinstance(value, str) else value


class Arguments(Input):
    """The base of what tools take: null, which strict schemas ask for, is the same as nothing."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: given for name, given in value.items() if given is not None}


Data = Annotated[str, Length(1, MAX_DATA), AfterValidator(check_data)]
Filter = Annotated[str, Length(1, MAX_FILTER)]
Query = Annotated[str, Length(1, DEFAULT_LIMITS.query_text_characters)]
ItemName = Annotated[str, Length(1, MAX_ID)]
WHERE = (
    "Only items whose metadata pass this filter, such as: year >= 2020 and camera.model = 'X100'. "
    "Operators: = != < <= > >= ^= (begins with) in, exists(field), and, or, not. The columns id, "
    "source, kind and modality count as fields too."
)


def field_of(model: type[Input], name: str, description: str, **limits: Any) -> FieldInfo:
    """A field of a model of the API, with another description and perhaps lower limits."""
    field = deepcopy(model.model_fields[name])
    narrowed: FieldInfo = Field(description=description, **limits)
    field.description = narrowed.description
    field.metadata = [
        rule for rule in field.metadata if not {type(rule)} & {type(m) for m in narrowed.metadata}
    ] + narrowed.metadata
    field.examples = None
    return field


class SearchArguments(Arguments):
    """What makes a query is one of several fields, or several of them."""

    @model_validator(mode="after")
    def _check_query(self) -> SearchArguments:
        if not self.model_fields_set & {"query", "image", "audio", "like"}:
            raise ValueError("give query, image, audio or like to search by")
        return self


def model_of(
    name: str, base: type[Arguments] = Arguments, /, **fields: tuple[Any, Any]
) -> type[Arguments]:
    """The model of a tool's arguments."""
    model: type[Arguments] = create_model(name, __base__=base, **fields)  # type: ignore[call-overload]  # it takes names that are not literals
    return model


def annotation_of(model: type[Input], name: str) -> Any:
    return model.model_fields[name].annotation


SEARCH = model_of(
    "Search",
    SearchArguments,
    query=(
        Query | None,
        field_of(SearchRequest, "text", "What is looked for, in words: a scene, a sound, a topic."),
    ),
    image=(
        Data | None,
        field_of(TermBody, "image", "A picture to search by, as data:image/...;base64,..."),
    ),
    audio=(
        Data | None,
        field_of(TermBody, "audio", "A sound to search by, as data:audio/...;base64,..."),
    ),
    like=(ItemName | None, field_of(SearchRequest, "like", "The id of an item: more like it.")),
    k=(
        annotation_of(SearchRequest, "k"),
        field_of(SearchRequest, "k", "How many hits at most; 10 if not given.", le=MAX_HITS),
    ),
    modalities=(
        Annotated[annotation_of(SearchRequest, "modalities"), BeforeValidator(unwrapped)],
        field_of(
            SearchRequest,
            "modalities",
            "Only what was matched as one of these: image for pictures and pages, audio for "
            "sounds, text for passages and captions. All if not given.",
        ),
    ),
    where=(Filter | None, Field(default=None, description=WHERE)),
    min_score=(
        annotation_of(SearchRequest, "min_score"),
        field_of(
            SearchRequest,
            "min_score",
            "Only hits of at least this score. One in 100 unrelated items scores 2 or more, one in "
            "1,000 scores 3 or more, whatever its kind.",
        ),
    ),
)
GET_ITEM = model_of(
    "GetItem",
    id=(ItemName, Field(description="The id of an item, as search and list_items tell it.")),
    offset=(
        int,
        Field(
            default=0,
            ge=0,
            le=DEFAULT_LIMITS.text_characters,
            description="Give its text from this character on; 0 if not given.",
        ),
    ),
)
LIST_ITEMS = model_of(
    "ListItems",
    cursor=(
        Annotated[str, Length(1, MAX_CURSOR)] | None,
        Field(default=None, description="The next_cursor of the page before, for what follows it."),
    ),
    limit=(
        int,
        Field(default=20, ge=1, le=MAX_PAGE, description="How many at most; 20 if not given."),
    ),
    order=(
        Order,
        Field(
            default="added",
            description="added: as they were added, which is the default; -added: newest first.",
        ),
    ),
    where=(Filter | None, Field(default=None, description=WHERE)),
)
ADD_ITEM = model_of(
    "AddItem",
    text=(
        annotation_of(NewText, "text"),
        field_of(NewText, "text", "A text to add; give either this or data."),
    ),
    data=(
        Data | None,
        Field(
            default=None, description="A file to add, as data:image/jpeg;base64,... or the like."
        ),
    ),
    name=(
        Annotated[str, Length(1, MAX_NAME)] | None,
        Field(default=None, description="What the file is called, with its suffix, such as a.jpg."),
    ),
    id=(
        annotation_of(NewText, "id"),
        field_of(NewText, "id", "Its id, if it is to have a certain one; replaces such an item."),
    ),
    metadata=(
        annotation_of(NewText, "metadata"),
        field_of(NewText, "metadata", "What is to be kept with it, by names that filters ask for."),
    ),
)
REMOVE_ITEM = model_of(
    "RemoveItem",
    id=(ItemName, Field(description="The id of the item to remove.")),
)


@dataclass(frozen=True)
class ToolDefinition:
    """A tool: what it is called, what it says of itself, and what it takes.

    Attributes:
        name: what a model calls it by.
        description: what it does and gives, for a model.
        arguments: checks what it is called with.
        writes: whether it changes the collection.
    """

    name: str
    description: str
    arguments: type[Arguments]
    writes: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON schema of the arguments, without references and titles."""
        whole = self.arguments.model_json_schema()
        schema = plain(whole, whole.get("$defs", {}))
        return {"type": "object", "properties": schema["properties"], **required_of(schema)}

    def read(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as the API takes them, without those that were not given.

        Raises:
            ValidationError: they are not what the tool takes.
        """
        values = self.arguments.model_validate(dict(arguments))
        return values.model_dump(mode="json", exclude_unset=True)


DEFINITIONS = (
    ToolDefinition(
        "search",
        "Search the collection by meaning: pictures, sounds, documents and texts in one list, best "
        "first. Give a query in words, an image, an audio, or like (an item's id); several of them "
        "combine into one query. Each hit tells its item's id, kind, source, score, and where in "
        "the item it matched (seconds of a sound, a page, characters). If no_match is true, "
        "probably nothing in the collection answers.",
        SEARCH,
    ),
    ToolDefinition(
        "get_item",
        "Give one item by its id: what it is, its metadata, its whole text in parts, and what is "
        "said of it, such as captions.",
        GET_ITEM,
    ),
    ToolDefinition(
        "list_items",
        "List the items of the collection in the order in which they were added, without a search.",
        LIST_ITEMS,
    ),
    ToolDefinition(
        "add_item",
        "Add a text, or a picture, a sound or a document as data, to the collection; it is found "
        "by searches when this returns. Give text, or data with a name.",
        ADD_ITEM,
        writes=True,
    ),
    ToolDefinition(
        "remove_item",
        "Remove an item from the collection by its id. This cannot be undone.",
        REMOVE_ITEM,
        writes=True,
    ),
)


def definitions(*, allow_write: bool = False) -> tuple[ToolDefinition, ...]:
    """The tools; those that change the collection only on request."""
    return tuple(tool for tool in DEFINITIONS if allow_write or not tool.writes)


def written(tool_format: ToolFormat, *, allow_write: bool = False) -> Any:
    """The definitions of the tools as plain values, in the shape of one provider.

    Args:
        tool_format: ``openai`` (chat completions), ``openai-responses`` and ``anthropic`` give what
            their clients take as ``tools``; ``json-schema`` a schema by the name of each tool.
        allow_write: those too that change the collection.
    """
    tools = definitions(allow_write=allow_write)
    if tool_format == "openai":
        return [{"type": "function", "function": function_of(tool)} for tool in tools]
    if tool_format == "openai-responses":
        return [{"type": "function", **function_of(tool)} for tool in tools]
    if tool_format == "anthropic":
        return [
            {"name": tool.name, "description": tool.description, "input_schema": tool.schema}
            for tool in tools
        ]
    return {
        tool.name: {
            "$schema": DIALECT,
            "title": tool.name,
            "description": tool.description,
            **tool.schema,
        }
        for tool in tools
    }


def function_of(tool: ToolDefinition) -> dict[str, Any]:
    """A tool as a function of OpenAI's: strict, unless it takes an object of any names."""
    strict = strict_schema(tool.schema)
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.schema if strict is None else strict,
        "strict": strict is not None,
    }


def strict_schema(schema: dict[str, Any]) -> dict[str, Any] | None:
    """A schema of which every field is required, those that may be left out as null.

    None if a field takes an object of any names, which strict schemas cannot say.
    """
    required = schema.get("required", [])
    properties = {}
    for name, described in schema["properties"].items():
        if has_open_object(described):
            return None
        field = without(described, NOT_STRICT)
        properties[name] = field if name in required else nullable(field)
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def has_open_object(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(has_open_object, schema))
    if not isinstance(schema, dict):
        return False
    is_open = schema.get("type") == "object" and "properties" not in schema
    return is_open or any(map(has_open_object, schema.values()))


def nullable(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may be null as well, if it may not be so already."""
    options = field.get("anyOf")
    if options is not None:
        is_null = {"type": "null"} in options
        return field if is_null else {**field, "anyOf": [*options, {"type": "null"}]}
    described = {name: field[name] for name in ("description",) if name in field}
    return {"anyOf": [without(field, ("description",)), {"type": "null"}], **described}


def plain(schema: Any, shared: Mapping[str, Any]) -> Any:
    """A schema with what it refers to in its place, and without titles and examples."""
    if isinstance(schema, list):
        return [plain(part, shared) for part in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if reference is not None:  # what the API says of it there is not for a model
        return plain(without(shared[reference.rpartition("/")[2]], ("description",)), shared)
    texts = {name: part for name, part in schema.items() if isinstance(part, str)}
    parts = {name: plain(part, shared) for name, part in schema.items() if name not in texts}
    return {**without(texts, ("title",)), **without(parts, ("examples",))}


def without(values: Any, names: tuple[str, ...]) -> Any:
    """Values without some names, at every depth."""
    if isinstance(values, list):
        return [without(part, names) for part in values]
    if not isinstance(values, dict):
        return values
    return {name: without(part, names) for name, part in values.items() if name not in names}


def required_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    required = {"required": schema["required"]} if schema.get("required") else {}
    return {**required, "additionalProperties": False}
