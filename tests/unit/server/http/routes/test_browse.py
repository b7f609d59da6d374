"""Listing items in both orders and by a filter, few of their fields, and patches of metadata."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from http_client import DEEP, TestClient, data_uri, error_of, png

from anysense.index.collection import Collection
from anysense.server.http.schemas.items import ItemPage

ALL = ["red-text", "blue-text", "low-text", "red", "green", "blue", "low", "high"]


def pages(client: TestClient, **query: Any) -> list[str]:
    """The ids of a listing in pages of three."""
    seen, cursor = [], None
    for _ in range(10):
        params = {**query, "limit": 3} | ({"cursor": cursor} if cursor else {})
        response = client.get("/v1/items", params=params)
        assert response.status_code == 200, response.text
        page = response.json()
        ItemPage.model_validate(page)
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return seen
    raise AssertionError


def test_items_are_listed_in_both_orders(client: TestClient) -> None:
    assert pages(client) == ALL
    assert pages(client, order="added") == ALL
    assert pages(client, order="-added") == ALL[::-1]
    first = client.get("/v1/items", params={"order": "-added", "limit": 2}).json()
    client.post("/v1/items", json={"text": "new", "id": "new"})
    client.post("/v1/items", json={"text": "high", "id": "high"})  # moves to the end
    params = {"order": "-added", "cursor": first["next_cursor"]}
    rest = [item["id"] for item in client.get("/v1/items", params=params).json()["items"]]
    assert rest == ALL[-3::-1]
    assert pages(client, order="-added")[:2] == ["high", "new"]


def test_items_are_listed_by_a_filter(client: TestClient, collection: Collection) -> None:
    assert pages(client, where="label = 'photo'") == ["red", "green", "blue"]
    notes = pages(client, where="label = 'note' or kind = 'audio'", order="-added")
    assert notes == ["high", "low", "low-text", "blue-text", "red-text"]
    folder = collection.path.parent / "files"
    assert pages(client, where=f"source ^= '{folder}/red'") == ["red"]
    assert pages(client, where="modality = 'audio'") == ["low", "high"]
    assert pages(client, where="label = 'nothing'") == []
    assert pages(client, where=" ") == ALL
    wrong = client.get("/v1/items", params={"where": "label <"})
    assert (wrong.status_code, error_of(wrong)["param"]) == (400, "where")


def test_items_are_listed_by_their_kinds(client: TestClient) -> None:
    assert pages(client, kinds="image") == ["red", "green", "blue"]
    assert pages(client, kinds="audio, text", order="-added") == [*ALL[:5:-1], *ALL[2::-1]]
    assert pages(client, kinds=["audio", "image"], where="label != 'sound'") == ALL[3:6]
    assert pages(client, kinds="video") == []
    first = client.get("/v1/items", params={"limit": 2, "kinds": "image,text"}).json()
    cursor = first["next_cursor"]
    same = {"cursor": cursor, "kinds": ["text", "image"]}
    assert len(client.get("/v1/items", params=same).json()["items"]) == 4
    for more in ({}, {"kinds": "image"}, {"kinds": "image,text", "where": "length > 0"}):
        wrong = client.get("/v1/items", params={"cursor": cursor, **more})
        assert (wrong.status_code, error_of(wrong)["param"]) == (422, "cursor")
    for kinds in ("song", "", "image,", ",".join(["image"] * 9)):
        wrong = client.get("/v1/items", params={"kinds": kinds})
        assert wrong.status_code == 422
        assert str(error_of(wrong)["param"]).startswith("kinds")


def test_a_cursor_goes_with_its_listing(client: TestClient) -> None:
    first = client.get("/v1/items", params={"limit": 2, "where": "length > 0"}).json()
    cursor = first["next_cursor"]
    assert not cursor.isdecimal()
    for more in ({}, {"where": "length > 1"}, {"where": "length > 0", "order": "-added"}):
        wrong = client.get("/v1/items", params={"cursor": cursor, **more})
        assert (wrong.status_code, error_of(wrong)["param"]) == (422, "cursor")
    assert len(client.get("/v1/items", params={"cursor": "6"}).json()["items"]) == 2


def forged(values: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        *("x", "é", "=", "-1", "1.5", "9" * 19, "9" * 30, "a" * 300, "٣"),
        *map(forged, ([], {}, 1, "a", [1], [-1, "added", 0], [1 << 63, "added", 0], [DEEP] * 3)),
        *map(forged, ([1, "x", 0], ["1", "added", 0], [1, "added", 0, 0], [True, "added", 0])),
    ],
)
def test_cursors_that_no_page_told_are_refused(client: TestClient, cursor: str) -> None:
    response = client.get("/v1/items", params={"cursor": cursor})
    assert (response.status_code, error_of(response)["param"]) == (422, "cursor")
    response = client.post("/v1/search", json={"text": "red", "cursor": cursor})
    assert response.status_code == 422


def test_searches_go_on_by_a_cursor(client: TestClient) -> None:
    whole = client.post("/v1/search", json={"text": "red", "k": 8}).json()
    assert whole["next_cursor"] is not None  # there may be more
    hits, cursor = [], None
    while True:
        body = {"text": "red"} | ({"cursor": cursor} if cursor else {"k": 3})
        page = client.post("/v1/search", json=body).json()
        hits += page["hits"]
        client.post("/v1/items", json={"text": f"red {len(hits)}"})  # moves nothing
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [hit["id"] for hit in hits] == [hit["id"] for hit in whole["hits"]]
    first = client.post("/v1/search", json={"text": "red", "k": 3}).json()
    by_form = {"cursor": (None, first["next_cursor"]), "text": (None, "red")}
    page = client.post("/v1/search", files=by_form).json()
    again = {"text": "red", "cursor": first["next_cursor"]}
    same: dict[str, Any]
    for same in ({"fields": ["id"]}, {"k": 3, "timeout": 60}, {"fusion": "calibrated"}):
        assert client.post("/v1/search", json={**again, **same}).status_code == 200
    other: dict[str, Any]
    for other in (
        *({"text": "rad"}, {"not": "blue"}, {"where": "year > 1"}, {"min_score": 0.0}),
        *(
            {"image": data_uri(png("red"), "image/png")},
            {"terms": [{"text": "red"}]},
            {"min_score": 0.0},
        ),
    ):
        wrong = client.post("/v1/search", json={**again, **other})
        assert error_of(wrong)["message"].startswith("cursor: it is of another search;")
        assert (wrong.status_code, error_of(wrong)["param"]) == (422, "cursor")
    assert page["hits"] == client.post("/v1/search", json=again).json()["hits"]
    assert not {hit["id"] for hit in page["hits"]} & {hit["id"] for hit in first["hits"]}
    for more in ({"offset": 3}, {"state": first["state"]}, {"k": 4}):
        wrong = client.post("/v1/search", json={**again, **more})
        assert (wrong.status_code, "cursor" in error_of(wrong)["message"]) == (422, True)
    red = png("red")  # the same picture, however it comes
    first = client.post("/v1/search", json={"image": data_uri(red, "image/png"), "k": 3}).json()
    for content, status in ((red, 200), (png("blue"), 422)):
        form = {"image": content, "cursor": (None, first["next_cursor"])}
        assert client.post("/v1/search", files=form).status_code == status
    last = client.post("/v1/search", json={"text": "red", "k": 600}).json()
    assert last["next_cursor"] is None


def test_answers_have_the_fields_that_are_named(client: TestClient) -> None:
    patch = {"metadata": {"camera": {"model": "X", "iso": 100}, "year": 2020}}
    assert client.patch("/v1/items/red", json=patch).status_code == 200
    params = {"fields": "id,metadata.year,metadata.camera.model,metadata.none.x,metadata.year.x"}
    expected = {"id": "red", "metadata": {"year": 2020, "camera": {"model": "X"}}}
    assert client.get("/v1/items/red", params=params).json() == expected
    listed = client.get("/v1/items", params={"fields": ["id", "metadata.camera.iso"]}).json()
    assert listed["items"][3] == {"id": "red", "metadata": {"camera": {"iso": 100}}}
    assert listed["items"][0] == {"id": "red-text", "metadata": {}}
    body = {"text": "red", "k": 2, "fields": ["id", "score"]}
    hits = client.post("/v1/search", json=body).json()["hits"]
    assert [set(hit) for hit in hits] == [{"id", "score"}] * 2
    form = {"k": "2", "fields": "id, metadata.label"}
    upload = client.post("/v1/search", data=form, files={"image": ("a.png", png("red"))})
    assert upload.json()["hits"][0] == {"id": "red", "metadata": {"label": "photo"}}
    everything = client.get("/v1/items/red", params={"fields": ""}).json()
    assert "segments" in everything


@pytest.mark.parametrize("name", ["nothing", "segments.score", "metadata.", ".id", "id.x", "_id"])
def test_unknown_fields_are_refused(client: TestClient, name: str) -> None:
    for address in ("/v1/items", "/v1/items/red"):
        wrong = client.get(address, params={"fields": f"id,{name}"})
        assert (wrong.status_code, error_of(wrong)["param"]) == (422, "fields")
    wrong = client.post("/v1/search", json={"text": "red", "fields": [name]})
    assert (wrong.status_code, error_of(wrong)["param"]) == (422, "fields")
    many = client.get("/v1/items", params={"fields": ",".join(["id"] * 65)})
    assert many.status_code == 422


def test_a_patch_merges_metadata(client: TestClient, collection: Collection) -> None:
    merge = {"content-type": "application/merge-patch+json"}
    steps = [
        ({"a": {"b": 1, "c": [1]}, "d": 2}, {"label": "photo", "a": {"b": 1, "c": [1]}, "d": 2}),
        ({"a": {"b": None, "e": 3}, "label": None}, {"a": {"c": [1], "e": 3}, "d": 2}),
        ({"a": 1, "d": {"x": None, "y": 1}}, {"a": 1, "d": {"y": 1}}),
        ({}, {"a": 1, "d": {"y": 1}}),
    ]
    for patch, expected in steps:
        body = json.dumps({"metadata": patch})
        response = client.patch("/v1/items/red", content=body, headers=merge)
        assert (response.status_code, response.json()["metadata"]) == (200, expected)
        assert client.get("/v1/items/red").json() == response.json()
    with Collection.open(collection.path) as other:
        assert other.folder.snapshot().item("red").metadata == expected


def test_what_a_patch_may_not_do(client: TestClient, collection: Collection) -> None:
    missing = client.patch("/v1/items/nothing", json={"metadata": {}})
    assert (missing.status_code, error_of(missing)["code"]) == (404, "item_not_found")
    for body in ({}, {"metadata": None}, {"metadata": {}, "text": "a"}, {"metadata": DEEP}, []):
        assert client.patch("/v1/items/red", json=body).status_code == 422
    plain = client.patch(
        "/v1/items/red", content='{"metadata": {}}', headers={"content-type": "text/plain"}
    )
    assert plain.status_code == 415
    half = {"metadata": {"a": "x" * 200_000}}
    assert client.patch("/v1/items/red", json=half).status_code == 200
    more = client.patch("/v1/items/red", json={"metadata": {"b": "x" * 200_000}})
    assert (more.status_code, error_of(more)["param"]) == (422, "metadata")
    assert "b" not in client.get("/v1/items/red").json()["metadata"]
    collection.folder.describe({"red": {"complete": False}})
    client.patch("/v1/items/red", json={"metadata": {"complete": None, "n": 1}})
    kept = client.get("/v1/items/red").json()["metadata"]
    assert kept == {"complete": False, "n": 1}
