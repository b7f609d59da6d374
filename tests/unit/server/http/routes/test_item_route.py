"""Addresses of items, and those that only look like one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import error_of

if TYPE_CHECKING:
    from http_client import TestClient

NAMED = "/v1/collections/current"


@pytest.mark.parametrize("base", ["/v1", NAMED])
@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/items/batch", "POST"),
        ("/items/batch/delete", "POST"),
        ("/items/red/media", "GET, HEAD"),
        ("/items/a/b/waveform", "GET, HEAD"),
        ("/items/red/segments", "GET, HEAD"),
        ("/items/red", "DELETE, GET, HEAD, PATCH"),
        ("/items/red%2Fbatch", "DELETE, GET, HEAD, PATCH"),
    ],
)
def test_an_address_has_the_methods_that_the_document_says(
    client: TestClient, base: str, path: str, methods: str
) -> None:
    assert client.options(base + path).headers["allow"] == methods
    refused = client.request("PUT", base + path)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)


def test_what_is_no_item_is_not_removed_as_one(client: TestClient) -> None:
    for path in ("/v1/items/red/media", "/v1/items/batch"):
        refused = client.delete(path)
        assert error_of(refused)["code"] == "method_not_allowed"


@pytest.mark.parametrize("name", ["batch", "batch/delete", "a/media", "a/waveform", "a/segments"])
def test_no_new_id_is_like_an_address_of_something_else(client: TestClient, name: str) -> None:
    refused = client.post("/v1/items", json={"text": "red", "id": name})
    assert (refused.status_code, error_of(refused)["param"]) == (422, "id")


@pytest.mark.parametrize("name", ["batches", "a/batch", "media", "waveform", "segments"])
def test_ids_that_are_near_are_taken(client: TestClient, name: str) -> None:
    assert client.post("/v1/items", json={"text": "red", "id": name}).status_code == 201
    assert client.get(f"/v1/items/{name}").json()["id"] == name
