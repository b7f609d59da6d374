"""What is wrong with a body, in words."""

from __future__ import annotations

from typing import Any

import pytest
from http_client import TestClient, error_of


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"text": 5}, "text: it must be a text."),
        ({"txt": "red"}, "txt: there is no such field."),
        ({"text": "red", "k": 1001}, "k: it must be at most 1,000."),
        ({"text": "red", "k": 0}, "k: it must be at least 1."),
        ({"text": "red", "k": 1.5}, "k: it must be a whole number."),
        ({"text": "red", "k": "many"}, "k: it must be a whole number."),
        ({"text": "red", "k": 10**30}, "k: it must be at most 1,000."),
        ({"text": "red", "min_score": "low"}, "min_score: it must be a number."),
        ({"text": "red", "collapse": 0}, "collapse: it must be over 0."),
        ({"text": "red", "collapse": 1.5}, "collapse: it must be at most 1."),
        ({"text": "red", "state": "abc"}, "state: it is no state that an answer has told."),
        ({"text": "red", "not": 5}, "not: it must be a text or a list of texts."),
        ({"text": "red", "not": ["a", 5]}, "not.1: it must be a text."),
        ({"text": "red", "where": [1]}, "where: it must be a text or an object."),
        ({"text": "red", "terms": "red"}, "terms: it must be a list."),
        ({"terms": ["red"]}, "terms.0: it must be an object."),
        ({"terms": [{"text": "a"}] * 33}, "terms: it must have at most 32 entries."),
        ({"vector": [], "space": "tiny"}, "vector: it must not be empty."),
        ({"like": "x" * 513}, "like: it must have at most 512 characters."),
        (
            {"text": "red", "modalities": ["smell"]},
            "modalities.0: it must be 'text', 'image' or 'audio'.",
        ),
        (
            {"text": "red", "match": "magic"},
            "match: it must be 'both', 'vector' or 'words'.",
        ),
        (
            {"text": "red", "fusion": "magic"},
            "fusion: it must be 'calibrated', 'rrf' or 'round_robin'.",
        ),
        ({"text": 5, "k": 0}, "text: it must be a text (and 1 more problem)."),
        ([], "It must be an object."),
        ({"text": "red", "cursor": "abc"}, "cursor: this cursor was told by no page."),
        (
            {"terms": [{"text": "a"}, {"text": "b", "wieght": 1}]},
            "terms.1.wieght: there is no such field.",
        ),
        (
            {"image": "abc"},
            "image: give a data URI (data:image/jpeg;base64,...), or upload the file.",
        ),
        ({"image": "data:image/png;base64,a*b"}, "image: the data is not base64 that can be read."),
    ],
)
def test_a_problem_is_a_sentence_that_helps(client: TestClient, body: Any, message: str) -> None:
    assert error_of(client.post("/v1/search", json=body))["message"] == message


def test_a_parameter_of_an_address_has_one_too(client: TestClient) -> None:
    for query, message in (
        ("limit=0", "limit: it must be at least 1."),
        ("limit=all", "limit: it must be a whole number."),
        ("cursor=abc", "cursor: this cursor was told by no page."),
    ):
        assert error_of(client.get(f"/v1/items?{query}"))["message"] == message
    assert (
        error_of(client.post("/v1/items", json={}))["message"]
        == "text: give one of text, path and url."
    )
    uri = "data:image/png;base64,AAAA"
    for name in ("image", "audio"):
        told = error_of(client.post("/v1/items", json={name: uri}))["message"]
        assert told == f"{name}: there is no such field; a data URI is given as url."
    batch = client.post("/v1/items/batch", json={"items": [{"url": uri}]}).json()
    told = batch["results"][0]["error"]["message"]
    assert told == "url: there is no such field; a data URI is given as image or audio."
    empty = error_of(client.post("/v1/items", json={"text": ""}))
    assert empty["message"] == "text: it must not be empty."


def test_a_field_under_a_wrong_name_is_told_before_the_one_that_is_missing(
    client: TestClient,
) -> None:
    client.post("/v1/items", json={"text": "a", "id": "a"})
    answer = error_of(client.patch("/v1/items/a", json={"meta": {}}))
    assert answer["message"] == "meta: there is no such field (and 1 more problem)."
    assert answer["param"] == "meta"


def test_a_body_of_another_type_is_told_what_to_say(client: TestClient) -> None:
    def message(**headers: str) -> str:
        answer = client.post("/v1/search", content=b'{"text": "red"}', headers=headers)
        assert answer.status_code == 415
        return str(error_of(answer)["message"])

    taken = "Send application/json or multipart/form-data"
    assert message() == f"{taken}, and say so in Content-Type."
    assert message(**{"content-type": "text/plain"}) == f"{taken}, not text/plain."
    assert "add -H 'content-type: application/json'" in message(
        **{"content-type": "application/x-www-form-urlencoded"}
    )
