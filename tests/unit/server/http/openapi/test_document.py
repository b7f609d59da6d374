"""The OpenAPI document: that it says all, and nothing that is not so."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from anysense.server.http.errors import STATUS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from http_client import TestClient

METHODS = {"get", "put", "post", "delete", "patch", "head"}


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    answer: dict[str, Any] = client.get("/openapi.json").json()
    return answer


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert method in METHODS
            yield path, method, operation


def resolved(document: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in described:
        return described
    for part in described["$ref"].removeprefix("#/").split("/"):
        document = document[part]
    return document


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in set(references(document)):
        assert resolved(document, {"$ref": reference})
    assert not {"HTTPValidationError", "ValidationError"} & set(document["components"]["schemas"])


def test_operations_have_names_of_their_own_and_a_tag(document: dict[str, Any]) -> None:
    tags = {tag["name"] for tag in document["tags"]}
    assert all(tag["description"] for tag in document["tags"])
    names = {}
    for path, method, operation in operations(document):
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"])
        assert names.setdefault(operation["operationId"], (path, method)) == (path, method)
        assert len(operation["tags"]) == 1
        assert operation["tags"][0] in tags
        assert operation["description"]
    assert names["search"] == ("/v1/search", "post")
    assert names["search_in_collection"] == ("/v1/collections/{collection}/search", "post")
    assert tags == {operation["tags"][0] for _, _, operation in operations(document)}


def test_each_error_that_an_operation_may_answer_is_named(document: dict[str, Any]) -> None:
    error = {"$ref": "#/components/schemas/ErrorBody"}
    for path, method, operation in operations(document):
        answers = operation["responses"]
        assert "default" not in answers
        assert {"400", "408", "421", "431", "500", "501", "503"} <= set(answers)
        if path.startswith("/v1") and path != "/v1/access":
            assert {"401", "403", "429"} <= set(answers)
        if "requestBody" in operation:
            assert {"413", "415", "422", "504"} <= set(answers)
        if "{" in path:
            assert "404" in answers
        for status, answer in answers.items():
            described = resolved(document, answer)
            assert "X-Request-Id" in described["headers"]
            if int(status) >= 400 and path != "/ready":
                assert described["content"]["application/json"]["schema"] == error, (method, path)


def test_every_status_of_an_error_is_described(document: dict[str, Any]) -> None:
    described = {name.removeprefix("Refusal") for name in document["components"]["responses"]}
    statuses = {*STATUS.values()} - {499}  # that one nobody reads
    assert {str(status) for status in statuses} <= described


@pytest.mark.parametrize(
    ("status", "header"),
    [
        ("401", "WWW-Authenticate"),
        ("408", "Retry-After"),
        ("416", "Content-Range"),
        ("429", "Retry-After"),
    ],
)
def test_errors_name_the_headers_that_they_always_have(
    document: dict[str, Any], status: str, header: str
) -> None:
    described = document["components"]["responses"][f"Refusal{status}"]
    assert described["headers"][header]["required"]


def test_media_are_described_with_their_conditions(document: dict[str, Any]) -> None:
    media = document["paths"]["/v1/items/{item_id}/media"]["get"]
    names = {parameter["name"] for parameter in media["parameters"]}
    assert {"item_id", "w", "Range", "If-Range", "If-None-Match", "If-Modified-Since"} <= names
    assert {"200", "206", "304", "410", "412", "416"} <= set(media["responses"])
    assert "image/jpeg" in media["responses"]["200"]["content"]
    assert "multipart/byteranges" in media["responses"]["206"]["content"]
    assert "content" not in media["responses"]["304"]


def test_parameters_are_explained(document: dict[str, Any]) -> None:
    for path, method, operation in operations(document):
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), (method, path, parameter["name"])


def test_forms_have_real_types(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    search, upload = schemas["SearchForm"], schemas["UploadForm"]
    types = {name: field.get("type") for name, field in search["properties"].items()}
    assert (types["k"], types["min_score"], types["modalities"]) == ("integer", "number", "array")
    assert search["properties"]["image"] == {"type": "string", "format": "binary"}
    assert upload["required"] == ["file"]
    assert upload["properties"]["metadata"]["type"] == "object"
    body = document["paths"]["/v1/items"]["post"]["requestBody"]["content"]["multipart/form-data"]
    assert body["encoding"] == {"metadata": {"contentType": "application/json"}}
    for name, field in search["properties"].items():
        assert {"type": "null"} not in field.get("anyOf", []), name


def test_the_document_is_made_once(client: TestClient) -> None:
    app: Any = client.app
    assert app.openapi() is app.openapi()
