"""The bodies of requests in the OpenAPI document, as routes read them themselves."""

from __future__ import annotations

import copy
from typing import Any

from pydantic.json_schema import models_json_schema

from anysense.server.http.openapi.examples import EXAMPLES
from anysense.server.http.schemas.asking.explaining import ExplainRequest
from anysense.server.http.schemas.batch import BatchItem, BatchRemoval, BatchRequest
from anysense.server.http.schemas.embeddings import EmbeddingRequest
from anysense.server.http.schemas.items import NewMetadata, NewText, NewUpload
from anysense.server.http.schemas.search import SearchRequest
from anysense.server.http.schemas.search_batch import SearchBatch

__all__ = ["body_schemas", "form", "json_body", "lines", "one_of_bodies"]

MODELS = (
    *(SearchRequest, SearchBatch, ExplainRequest, EmbeddingRequest),
    *(NewText, NewUpload, NewMetadata, BatchRequest, BatchItem, BatchRemoval),
)
REFERENCE = "#/components/schemas/{model}"
FILE = {"type": "string", "format": "binary"}
BY_NAME = {"type": "object", "description": "For names of files, what each is given."}

IN_JSON = ("terms", "vector", "metadata")
"""Fields of forms that are JSON; others are texts, and lists are fields that are repeated."""


def json_body(model: str, *types: str) -> dict[str, Any]:
    """A body in JSON, under its usual type and under others that it may have."""
    content = {"schema": {"$ref": REFERENCE.format(model=model)}, "examples": EXAMPLES[model]}
    return dict.fromkeys(("application/json", *types), content)


def form(model: str, *in_json: str) -> dict[str, Any]:
    """A body that is a form, whose fields `in_json` are JSON."""
    content = {
        "schema": {"$ref": REFERENCE.format(model=model)},
        "encoding": {name: {"contentType": "application/json"} for name in in_json},
        "examples": EXAMPLES[model],
    }
    return {"multipart/form-data": content}


def lines(model: str) -> dict[str, Any]:
    """A body with a JSON value in each line.

    Its example stands in the description: tools that send examples cannot write lines.
    """
    example = EXAMPLES["lines"]["two"]["value"]
    description = f"In each line the JSON of one `{model}`, as in:\n\n```\n{example}```"
    schema = {"type": "string", "description": description}
    return {"application/x-ndjson": {"schema": schema}}


def one_of_bodies(*bodies: dict[str, Any]) -> dict[str, Any]:
    """The body of an operation, in any of several types, for a route's `openapi_extra`."""
    content = {kind: described for body in bodies for kind, described in body.items()}
    return {"requestBody": {"required": True, "content": content}}


def body_schemas() -> dict[str, Any]:
    """What bodies hold, by the names that the functions above refer to."""
    _, generated = models_json_schema([(m, "validation") for m in MODELS], ref_template=REFERENCE)
    schemas: dict[str, Any] = generated["$defs"]
    search, upload = schemas["SearchRequest"], schemas["NewUpload"]
    return {
        **schemas,
        "SearchForm": without_choice(with_files(search, image=FILE, audio=FILE)),
        "QueryForm": {
            "type": "object",
            "description": "A picture or a sound.",
            "properties": {"file": FILE},
            "required": ["file"],
            "additionalProperties": False,
        },
        "UploadForm": {**with_files(upload, file=FILE), "required": ["file"]},
        "BatchForm": {
            "type": "object",
            "description": "Files to add, with ids and metadata by their names.",
            "properties": {
                "file": {"type": "array", "minItems": 1, "maxItems": 100, "items": FILE},
                "id": {**BY_NAME, "additionalProperties": {"type": "string"}},
                "metadata": {**BY_NAME, "additionalProperties": {"type": "object"}},
            },
            "required": ["file"],
            "additionalProperties": False,
        },
    }


def with_files(schema: dict[str, Any], **files: dict[str, Any]) -> dict[str, Any]:
    """The schema of a form: that of a body in JSON, in which some fields are files."""
    described: dict[str, Any] = copy.deepcopy(schema)
    described.pop("title", None)
    described["properties"].update(files)
    for name, field in described["properties"].items():
        described["properties"][name] = without_null(field)
    return described


def without_choice(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema that does not say which of its fields are needed: tools judge no files by that."""
    return {name: value for name, value in schema.items() if name not in ("anyOf", "oneOf")}


def without_null(field: dict[str, Any]) -> dict[str, Any]:
    """The schema of a field of a form, which is left out where JSON would have null."""
    options = [option for option in field.get("anyOf", []) if option != {"type": "null"}]
    if not options:
        return field
    rest = {name: value for name, value in field.items() if name not in ("anyOf", "default")}
    return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}
