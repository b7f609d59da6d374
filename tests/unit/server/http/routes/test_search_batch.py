"""Several searches in one request."""

from __future__ import annotations

from typing import Any

import pytest
from http_client import TestClient, data_uri, error_of, png

from anysense.server.http.schemas.search_batch import SearchResults

IMAGE = data_uri(png("red"), "image/png")


def batch(client: TestClient, *searches: Any) -> list[dict[str, Any]]:
    response = client.post("/v1/search/batch", json={"searches": searches})
    assert response.status_code == 200, response.text
    SearchResults.model_validate(response.json())
    results: list[dict[str, Any]] = response.json()["results"]
    assert len(results) == len(searches)
    return results


def test_each_result_is_that_of_its_search_alone(client: TestClient) -> None:
    searches = [{"text": f"red {i}", "k": i % 5 + 1} for i in range(60)]
    searches += [{"image": IMAGE}, {"like": "red"}, {"text": "blue", "not": "red"}]
    for one, result in zip(searches, batch(client, *searches), strict=True):
        alone = client.post("/v1/search", json=one).json()
        assert {**result, "took_ms": 0} == {**alone, "took_ms": 0}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({}, "empty_query"),
        ({"text": 5}, "invalid_value"),
        ({"text": "red", "k": 0}, "invalid_value"),
        ({"text": "red", "where": "a ="}, "filter"),
        ({"like": "nothing"}, "item_not_found"),
        ({"image": "data:image/png;base64,AAAA"}, "unsupported_media"),
        ({"image": "http://example.com/a.png"}, "address_not_fetched"),
        ({"text": "x" * 100_001}, "usage"),
        ({"text": "red", "state": "00000009-9-9"}, "state_gone"),
        ({"terms": "red"}, "invalid_value"),
        ({"terms": [5]}, "invalid_value"),
    ],
)
def test_a_wrong_search_spoils_no_other(
    client: TestClient, wrong: dict[str, Any], code: str
) -> None:
    first, second, third = batch(client, {"text": "red"}, wrong, {"text": "blue"})
    assert first["hits"]
    assert third["hits"]
    alone = error_of(client.post("/v1/search", json=wrong))
    assert {**second["error"], "request_id": alone["request_id"]} == alone
    assert alone["code"] == code


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({}, 422, "invalid_value", "searches: it is missing."),
        ({"searches": []}, 422, "invalid_value", "searches: it must not be empty."),
        ({"searches": [{}] * 65}, 422, "invalid_value", "it must have at most 64 entries."),
        ({"searches": ["red"]}, 422, "invalid_value", "searches.0: it must be an object."),
        ({"searches": [{"text": "x" * 99_999}] * 6}, 413, "batch_too_large", "500,000 characters"),
        ({"searches": [{"not": ["x" * 99_999] * 6}]}, 413, "batch_too_large", "500,000 characters"),
        (
            {"searches": [{"terms": [{"image": "x"}] * 32}] * 3},
            413,
            "batch_too_large",
            "at most 64",
        ),
    ],
)
def test_the_whole_is_bounded(
    client: TestClient, body: dict[str, Any], status: int, code: str, message: str
) -> None:
    response = client.post("/v1/search/batch", json=body)
    assert response.status_code == status, response.text
    error = error_of(response)
    assert error["code"] == code
    assert message in str(error["message"])


def test_a_collection_is_named_by_the_address(client: TestClient) -> None:
    body = {"searches": [{"text": "red"}]}
    assert client.post("/v1/collections/current/search/batch", json=body).status_code == 200
    assert client.post("/v1/collections/none/search/batch", json=body).status_code == 404
