"""The fields of metadata over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.server.http.schemas.asking.fields import MetadataFields

if TYPE_CHECKING:
    from http_client import TestClient


def told(client: TestClient) -> dict[str, Any]:
    answer = client.get("/v1/fields")
    assert answer.status_code == 200
    MetadataFields.model_validate(answer.json(), extra="forbid")
    fields: dict[str, Any] = answer.json()
    return fields


def test_fields_are_told_as_they_are_now(client: TestClient) -> None:
    first = told(client)
    assert (first["counted"], first["total"], first["complete"]) == (8, 8, True)
    assert [(field["name"], field["type"], field["items"]) for field in first["fields"]] == [
        ("label", "text", 8),
        ("length", "number", 3),
    ]
    assert first["fields"][0]["values"][0] == {"value": "note", "items": 3}
    assert (first["fields"][1]["least"], first["fields"][1]["greatest"]) == (3, 10)
    client.post("/v1/items", json={"text": "new", "metadata": {"taken": "2020-02-03"}})
    again = told(client)
    assert [field["name"] for field in again["fields"]] == ["label", "length", "taken"]
    assert again["fields"][2]["type"] == "date"
    assert client.get("/v1/collections/current/fields").json() == again


def test_head_and_other_methods(client: TestClient) -> None:
    assert client.head("/v1/fields").content == b""
    assert client.post("/v1/fields").headers["allow"] == "GET, HEAD"
