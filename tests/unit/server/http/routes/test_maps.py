"""The map of a collection over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, error_of

from anysense.index.types import NewItem
from anysense.server.http.schemas.maps import MapBody

if TYPE_CHECKING:
    from anysense.index.collection import Collection

NOTES = [
    NewItem(f"{colour} {word}", id=f"{colour}-{word}")
    for colour in ("red", "green", "blue")
    for word in ("sky", "sea", "house")
]


@pytest.fixture
def drawn(collection: Collection) -> Collection:
    collection.add(NOTES)
    collection.publish()
    return collection


def asked(client: TestClient, **query: Any) -> dict[str, Any]:
    response = client.get("/v1/map", params=query)
    assert response.status_code == 200, response.text
    body: dict[str, Any] = response.json()
    MapBody.model_validate(body)
    return body


def test_a_map_tells_where_each_item_lies(drawn: Collection, client: TestClient) -> None:
    found = asked(client)
    listed = [item["id"] for item in client.get("/v1/items").json()["items"]]
    assert sorted(found["ids"]) == sorted(listed)
    assert (found["space"], found["spaces"], found["total"]) == ("tiny", ["tiny"], len(listed))
    assert found["generation"] == drawn.snapshot().version[0]
    told = {
        item_id: found["modalities"][code]
        for item_id, code in zip(found["ids"], found["modality"], strict=True)
    }
    assert (told["red"], told["low"], told["red-sky"]) == ("image", "audio", "text")
    assert len(found["x"]) == len(found["y"]) == len(listed)
    assert all(0 <= value <= 1 for value in found["x"] + found["y"])
    again = client.get("/v1/collections/current/map").json()
    assert again == found


def test_a_limit_gives_the_first_of_them(drawn: Collection, client: TestClient) -> None:
    every, few = asked(client), asked(client, limit=5, space="tiny")
    assert (few["ids"], few["x"]) == (every["ids"][:5], every["x"][:5])
    assert few["total"] == every["total"]


def test_what_was_removed_since_is_left_out(drawn: Collection, client: TestClient) -> None:
    before = asked(client)
    client.delete("/v1/items/red-sea")
    after = asked(client)
    assert set(before["ids"]) - set(after["ids"]) == {"red-sea"}


def test_without_a_map_it_is_said(client: TestClient) -> None:
    response = client.get("/v1/map")
    assert (response.status_code, error_of(response)["code"]) == (404, "no_map")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"space": "nowhere"}, 404, "no_map"),
        ({"limit": 0}, 422, "invalid_value"),
        ({"limit": 20_001}, 422, "invalid_value"),
    ],
)
def test_what_is_not_there_is_refused(
    drawn: Collection, client: TestClient, query: dict[str, Any], status: int, code: str
) -> None:
    response = client.get("/v1/map", params=query)
    assert (response.status_code, error_of(response)["code"]) == (status, code), response.text
