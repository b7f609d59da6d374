"""Why something was found, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, data_uri, error_of, png, search

from anysense.index.ranking.retriever import CollectionRetriever
from anysense.server.http.schemas.asking.explaining import ExplanationBody
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from anysense.index.collection import Collection

EXPLAIN = "/v1/search/explain"


def explained(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post(EXPLAIN, json=body)
    assert response.status_code == 200, response.text
    ExplanationBody.model_validate(response.json(), strict=False, extra="forbid")
    told: dict[str, Any] = response.json()
    return told


def test_a_hit_is_explained_as_the_search_gave_it(
    client: TestClient, collection: Collection
) -> None:
    told = explained(client, text="red", id="red", k=3)
    [hit] = [hit for hit in search(client, text="red", k=3) if hit["id"] == "red"]
    assert {name: told[name] for name in hit} == hit
    assert told == CollectionRetriever(collection).explain("red", "red", k=3).to_dict()
    assert [term["index"] for term in told["terms"]] == [0]
    named = client.post("/v1/collections/current/search/explain", json={"text": "red", "id": "red"})
    assert named.json()["score"] == told["score"]


def test_terms_keep_their_order(client: TestClient) -> None:
    body = {
        "text": "red",
        "image": data_uri(png("red"), "image/png"),
        "terms": [{"text": "low", "weight": 0.5}, {"like": "green", "weight": -0.25}],
        "not": ["blue"],
    }
    told = explained(client, **body, id="red")
    assert [term["weight"] for term in told["terms"]] == [1.0, 1.0, 0.5, -0.25, -1.0]
    assert sum(term["share"] for term in told["terms"]) == pytest.approx(told["cosine"], abs=1e-5)


@pytest.mark.parametrize(
    ("body", "status", "code", "param"),
    [
        ({"text": "red"}, 422, "invalid_value", "id"),
        ({"text": "red", "id": "x" * 600}, 422, "invalid_value", "id"),
        ({"id": "red"}, 422, "empty_query", None),
        ({"text": "red", "id": "nothing"}, 404, "item_not_found", None),
        ({"text": "red", "id": "red", "kinds": ["audio"]}, 404, "no_hit", "id"),
        ({"text": "red", "id": "red", "state": "00000000-1-1"}, 410, "state_gone", "state"),
        ({"text": "red", "id": "red", "where": "x <"}, 400, "filter", "where"),
        ({"text": "red", "id": "red", "what": 1}, 422, "invalid_value", "what"),
    ],
)
def test_what_cannot_be_explained(
    client: TestClient, body: dict[str, Any], status: int, code: str, param: str | None
) -> None:
    refused = client.post(EXPLAIN, json=body)
    error = error_of(refused)
    assert (refused.status_code, error["code"], error["param"]) == (status, code, param)


def test_a_cursor_is_of_the_same_search(client: TestClient) -> None:
    page = client.post("/v1/search", json={"text": "red", "k": 2}).json()
    cursor = page["next_cursor"]
    told = explained(client, text="red", id=page["hits"][0]["id"], cursor=cursor)
    assert told["score"] == page["hits"][0]["score"]
    assert told["state"] == page["state"]
    wrong = client.post(EXPLAIN, json={"text": "blue", "id": "red", "cursor": cursor})
    assert error_of(wrong)["param"] == "cursor"


def test_folders_are_told_to_those_alone_who_may_know_them(collection: Collection) -> None:
    with client_of(collection, Settings(show_paths=False)) as client:
        assert explained(client, text="red", id="red")["source"] == "red.png"
        body = {"text": "red", "id": "red", "where": "source ^= '/'"}
        assert error_of(client.post(EXPLAIN, json=body))["code"] == "filter"


def test_it_is_posted(client: TestClient) -> None:
    refused = client.get(EXPLAIN)
    assert refused.status_code == 405
    assert refused.headers["allow"] == "POST"
