"""The examples of the OpenAPI document: each is sent as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from anysense.server.http.openapi.bodies import FILE, body_schemas
from anysense.server.http.openapi.examples import EXAMPLES

if TYPE_CHECKING:
    from http_client import TestClient

JSON = {
    "SearchRequest": "/v1/search",
    "SearchBatch": "/v1/search/batch",
    "ExplainRequest": "/v1/search/explain",
    "EmbeddingRequest": "/v1/embeddings",
    "NewText": "/v1/items",
    "BatchRequest": "/v1/items/batch",
    "BatchRemoval": "/v1/items/batch/delete",
}
FORMS = {
    "SearchForm": "/v1/search",
    "UploadForm": "/v1/items",
    "BatchForm": "/v1/items/batch",
    "QueryForm": "/v1/queries",
}


def examples(*kinds: str) -> list[Any]:
    return [
        pytest.param(kind, described["value"], id=f"{kind}-{name}")
        for kind in kinds
        for name, described in EXAMPLES[kind].items()
    ]


def check(response: Any) -> None:
    assert response.status_code in (200, 201), response.text
    body = response.json()
    assert all("error" not in result or not result["error"] for result in body.get("results", []))


def test_every_kind_of_body_has_examples(client: TestClient) -> None:
    assert set(EXAMPLES) == {*JSON, *FORMS, "NewMetadata", "lines"}
    document = client.get("/openapi.json").json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            for kind, content in operation.get("requestBody", {}).get("content", {}).items():
                example = content.get("examples") or "as in:" in content["schema"]["description"]
                assert example, (path, kind)


@pytest.mark.parametrize(("kind", "value"), examples(*JSON))
def test_examples_in_json_run(client: TestClient, kind: str, value: Any) -> None:
    if kind == "BatchRemoval":
        for name in value["ids"]:
            check(client.post("/v1/items", json={"text": "red", "id": name}))
    if kind == "ExplainRequest":
        check(client.post("/v1/items", json={"text": "red", "id": value["id"]}))
    check(client.post(JSON[kind], json=value))


@pytest.mark.parametrize(("kind", "value"), examples(*FORMS))
def test_examples_of_forms_run(client: TestClient, kind: str, value: dict[str, Any]) -> None:
    """Each field goes as its schema says: files as files, lists repeated, and the rest as JSON."""
    fields = body_schemas()[kind]["properties"]
    parts: list[tuple[str, Any]] = []
    for name, given in value.items():
        is_list = fields[name].get("type") == "array" and name != "terms"
        for one in given if is_list else [given]:
            if FILE in (fields[name], fields[name].get("items")):
                parts.append((name, ("note.txt", one.encode())))
            else:
                text = one if isinstance(one, str) else json.dumps(one)
                parts.append((name, (None, text)))
    check(client.post(FORMS[kind], files=parts))


@pytest.mark.parametrize(("kind", "value"), examples("NewMetadata"))
def test_examples_of_changes_run(client: TestClient, kind: str, value: Any) -> None:
    check(client.patch("/v1/items/red", json=value))


@pytest.mark.parametrize(("kind", "value"), examples("lines"))
def test_examples_of_lines_run(client: TestClient, kind: str, value: str) -> None:
    headers = {"content-type": "application/x-ndjson"}
    check(client.post("/v1/items/batch", content=value, headers=headers))
