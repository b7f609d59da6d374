"""Reading an item in parts."""

from __future__ import annotations

from typing import Any

import pytest
from http_client import TestClient, add_file, error_of
from media_files import page, pdf

from anysense.server.http.schemas.items import SegmentPage

LONG = " ".join(f"Sentence {n} says what number {n} of them has to say." for n in range(400))


def read(client: TestClient, name: str, **query: Any) -> dict[str, Any]:
    answer = client.get(f"/v1/items/{name}/segments", params=query)
    assert answer.status_code == 200, answer.text
    SegmentPage.model_validate(answer.json(), extra="forbid")
    told: dict[str, Any] = answer.json()
    return told


def test_a_long_text_is_read_in_parts(client: TestClient) -> None:
    client.post("/v1/items", json={"text": LONG, "id": "long/text"})
    passages = client.get("/v1/items/long/text").json()["segments"]
    assert len(passages) > 10
    whole = read(client, "long/text", limit=100)
    assert (whole["segments"], whole["offset"]) == (passages[:100], 0)
    assert whole["total"] == len(passages)
    tenth = passages[9]
    around = read(client, "long/text", at=tenth["start"], limit=5)
    assert around["segments"] == passages[7:12]
    assert around["offset"] == 7
    assert read(client, "long/text", at=tenth["end"] - 1, limit=1)["segments"] == [tenth]
    assert read(client, "long/text", at=tenth["end"], limit=1)["segments"] == [passages[10]]
    assert read(client, "long/text", at=1e9, limit=3)["segments"] == passages[-3:]
    assert read(client, "long/text", offset=4, limit=3)["segments"] == passages[4:7]
    assert read(client, "long/text", offset=10_000)["segments"] == []
    assert len(read(client, "long/text")["segments"]) == 7
    assert read(client, "long/text", modality="image") == {
        "segments": [],
        "offset": 0,
        "total": 0,
    }
    named = read(client, "long/text", space="tiny", limit=1)
    assert named["segments"] == passages[:1]
    assert read(client, "long/text", space="other")["total"] == 0


def test_pages_of_a_document_are_read_as_well(client: TestClient) -> None:
    add_file(client, pdf([page(f"page {n}") for n in range(5)]), "five.pdf", id="five")
    pictures = read(client, "five", modality="image", at=3, limit=3)
    assert [segment["page"] for segment in pictures["segments"]] == [2, 3, 4]
    assert pictures["total"] == 5


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 101}, "limit"),
        ({"at": -1}, "at"),
        ({"at": "nan"}, "at"),
        ({"at": 1, "offset": 1}, "offset"),
        ({"modality": "video"}, "modality"),
    ],
)
def test_wrong_questions(client: TestClient, query: dict[str, Any], param: str) -> None:
    refused = client.get("/v1/items/red-text/segments", params=query)
    assert (refused.status_code, error_of(refused)["param"]) == (422, param)


def test_what_is_not_there(client: TestClient) -> None:
    refused = client.get("/v1/items/nothing/segments")
    assert (refused.status_code, error_of(refused)["code"]) == (404, "item_not_found")
