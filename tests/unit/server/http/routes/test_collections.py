"""Several collections in one service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import TestClient, add_file, error_of, png

from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.app import create_app
from anysense.server.http.service.models import Models

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def client(collection: Collection, tmp_path: Path) -> Iterator[TestClient]:
    with Collection.create(tmp_path / "b", ["tiny"]) as other:
        other.add([NewItem("blue", id="only")])
        app = create_app({"a": collection, "b": other})
        with TestClient(app, base_url="http://127.0.0.1") as client:
            yield client


def test_they_are_listed_in_their_order(client: TestClient) -> None:
    listed = client.get("/v1/collections").json()["collections"]
    assert [(one["name"], one["items"], one["encoders"]) for one in listed] == [
        ("a", 8, ["tiny"]),
        ("b", 1, ["tiny"]),
    ]
    assert listed[1]["items_by_kind"] == {"text": 1}


def test_each_is_searched_and_changed_by_its_name(client: TestClient) -> None:
    def ids_in(prefix: str) -> set[str]:
        return {item["id"] for item in client.get(f"/v1{prefix}/items").json()["items"]}

    b = "/collections/b"
    assert ids_in(b) == {"only"}
    assert ids_in("") == ids_in("/collections/a") == ids_in("/collections/current")
    added = client.post(f"/v1{b}/items", json={"text": "green", "id": "new"})
    assert added.headers["location"] == "/v1/collections/b/items/new"
    assert ids_in(b) == {"only", "new"}
    assert "new" not in ids_in("")
    hits = client.post(f"/v1{b}/search", json={"text": "green"}).json()["hits"]
    assert {hit["id"] for hit in hits} == {"only", "new"}
    assert client.delete(f"/v1{b}/items/new").status_code == 200
    assert client.get(f"/v1{b}/items/red").status_code == 404
    item = add_file(client, png("red"), "a.png", id="up")
    assert client.get(f"/v1/collections/a/items/{item['id']}/media").status_code == 200
    assert client.get(f"/v1{b}/items/{item['id']}/media").status_code == 404


@pytest.mark.parametrize("name", ["c", "A", "a%00", "a%2Fitems", "x" * 5000])
def test_a_name_that_there_is_not(client: TestClient, name: str) -> None:
    response = client.get(f"/v1/collections/{name}/items")
    assert response.status_code == 404
    assert len(error_of(response)["message"] or "") < 300


def test_models_are_loaded_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Collection.create(tmp_path / name, ["tiny"]).close()
    models = Models()
    with (
        Collection.open(tmp_path / "a", load=models.load) as a,
        Collection.open(tmp_path / "b", load=models.load) as b,
    ):
        assert a.encoders()[0] is b.encoders()[0]
