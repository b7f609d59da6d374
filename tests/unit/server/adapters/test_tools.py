"""The definitions of tools: as their schemas say, so they check, and so providers take them."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import ToolParam
from jsonschema import Draft202012Validator
from openai.types.chat import ChatCompletionFunctionToolParam
from openai.types.responses import FunctionToolParam
from pydantic import TypeAdapter, ValidationError

from anysense.adapters.tools import FORMATS, ToolDefinition, definitions, written
from anysense.server.http.schemas.items import NewText
from anysense.server.http.schemas.search import SearchRequest

READING = ["search", "get_item", "list_items"]
WRITING = ["add_item", "remove_item"]
PICTURE = "data:image/png;base64,AAAA"
STRICT_WORDS = {
    *("type", "description", "properties", "required", "additionalProperties", "anyOf", "items"),
    *("enum", "minimum", "maximum", "maxItems"),
}
"""What OpenAI's strict schemas may say."""


def tool(name: str) -> ToolDefinition:
    return next(one for one in definitions(allow_write=True) if one.name == name)


def schemas_in(schema: Any) -> list[dict[str, Any]]:
    """A schema and all schemas inside it."""
    inner = [*schema.get("properties", {}).values(), *schema.get("anyOf", [])]
    inner += [schema["items"]] if "items" in schema else []
    return [schema, *(one for part in inner for one in schemas_in(part))]


def test_what_changes_the_collection_is_there_only_on_request() -> None:
    assert [one.name for one in definitions()] == READING
    assert [one.name for one in definitions(allow_write=True)] == READING + WRITING
    for tool_format in FORMATS:
        assert "remove_item" not in str(written(tool_format))
        assert "remove_item" in str(written(tool_format, allow_write=True))


def test_bare_schemas_are_json_schemas_without_references() -> None:
    schemas = written("json-schema", allow_write=True)
    assert list(schemas) == READING + WRITING
    for name, schema in schemas.items():
        Draft202012Validator.check_schema(schema)
        assert schema["title"] == name
        assert "$ref" not in str(schema)
        assert "examples" not in str(schema)


def test_openai_takes_them() -> None:
    chat = TypeAdapter(list[ChatCompletionFunctionToolParam])
    tools = written("openai", allow_write=True)
    assert chat.validate_python(tools) == tools
    responses = TypeAdapter(list[FunctionToolParam])
    flat = written("openai-responses", allow_write=True)
    assert responses.validate_python(flat) == flat
    assert [one["function"] for one in tools] == [
        {name: value for name, value in one.items() if name != "type"} for one in flat
    ]


def test_anthropic_takes_them() -> None:
    tools = written("anthropic", allow_write=True)
    checked = TypeAdapter(list[ToolParam]).validate_python(tools)
    assert [one["name"] for one in checked] == READING + WRITING
    for one in tools:
        Draft202012Validator.check_schema(one["input_schema"])


def test_those_of_openai_are_strict_where_they_can_be() -> None:
    functions = [one["function"] for one in written("openai", allow_write=True)]
    assert {one["name"]: one["strict"] for one in functions} == {
        **dict.fromkeys(READING, True),
        "add_item": False,  # its metadata may have any names
        "remove_item": True,
    }
    for function in functions:
        if not function["strict"]:
            continue
        Draft202012Validator.check_schema(function["parameters"])
        for schema in schemas_in(function["parameters"]):
            assert set(schema) <= STRICT_WORDS
            if schema.get("type") == "object":
                assert schema["required"] == list(schema["properties"])
                assert schema["additionalProperties"] is False


@pytest.mark.parametrize(
    ("name", "arguments", "is_right"),
    [
        ("search", {"query": "waves"}, True),
        ("search", {"like": "a/b c", "k": 50, "modalities": ["image", "audio"]}, True),
        ("search", {"image": PICTURE, "where": "year = 1", "min_score": -1.5}, True),
        ("search", {"query": "waves", "k": 51}, False),
        ("search", {"query": "waves", "k": 0}, False),
        ("search", {"query": ""}, False),
        ("search", {"query": "waves", "modalities": ["video"]}, False),
        ("search", {"query": "waves", "where": {"year": 1}}, False),
        ("search", {"query": "waves", "fusion": "rrf"}, False),
        ("get_item", {"id": "a"}, True),
        ("get_item", {"id": "a", "offset": -1}, False),
        ("get_item", {}, False),
        ("list_items", {}, True),
        ("list_items", {"limit": 100, "order": "-added", "cursor": "x"}, True),
        ("list_items", {"limit": 101}, False),
        ("list_items", {"order": "newest"}, False),
        ("list_items", {"cursor": "x" * 257}, False),
        ("add_item", {"text": "a", "metadata": {"any": ["thing"]}}, True),
        ("add_item", {"data": PICTURE, "name": "a.png", "id": "x"}, True),
        ("add_item", {"text": "a", "id": "x" * 513}, False),
        ("add_item", {"text": "a", "path": "/etc/passwd"}, False),
        ("remove_item", {"id": "a"}, True),
        ("remove_item", {"id": 3}, False),
    ],
)
def test_a_schema_says_what_is_checked(
    name: str, arguments: dict[str, Any], is_right: bool
) -> None:
    assert Draft202012Validator(tool(name).schema).is_valid(arguments) == is_right
    if is_right:
        assert tool(name).read(arguments) == arguments
    else:
        with pytest.raises(ValidationError):
            tool(name).read(arguments)


def test_null_is_nothing_as_strict_models_must_say_it() -> None:
    [search, *_] = [one["function"] for one in written("openai")]
    arguments = {**dict.fromkeys(search["parameters"]["required"]), "query": "waves"}
    Draft202012Validator(search["parameters"]).validate(arguments)
    assert tool("search").read(arguments) == {"query": "waves"}


def test_a_search_is_by_something() -> None:
    for arguments in ({}, {"k": 3}, {"query": None}):
        with pytest.raises(ValidationError, match="give query, image, audio or like"):
            tool("search").read(arguments)


def test_one_modality_may_be_given_without_a_list() -> None:
    read = tool("search").read({"query": "waves", "modalities": "image"})
    assert read["modalities"] == ["image"]


@pytest.mark.parametrize("address", ["http://169.254.169.254/", "file:///etc/passwd", "AAAA"])
def test_media_are_given_and_not_fetched(address: str) -> None:
    for name, field in (("search", "image"), ("search", "audio"), ("add_item", "data")):
        with pytest.raises(ValidationError, match="it must be a data URI"):
            tool(name).read({field: address})


def test_the_fields_are_those_of_the_api() -> None:
    search = set(tool("search").schema["properties"]) - {"query"} | {"text"}
    assert search <= set(SearchRequest.model_fields)
    add = set(tool("add_item").schema["properties"]) - {"data", "name"}
    assert add <= set(NewText.model_fields)
    theirs = SearchRequest.model_json_schema()["properties"]["k"]
    ours = tool("search").schema["properties"]["k"]
    assert (ours["minimum"], ours["default"]) == (theirs["minimum"], theirs["default"])
    assert ours["maximum"] < theirs["maximum"]
