"""Adding, listing and removing items over HTTP."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from http_client import (
    DEEP,
    TestClient,
    add_file,
    client_of,
    error_of,
    ids,
    png,
    search,
    stored,
    wav,
)
from media_files import saved
from PIL import Image

from anysense.embed.types import Modality
from anysense.index.building.ingest import encode_one
from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.schemas.items import ItemBody, ItemPage
from anysense.server.http.settings import Settings


def test_an_added_text_is_found_at_once_and_stays(
    client: TestClient, collection: Collection
) -> None:
    body = {"text": "dark high", "id": "new one", "metadata": {"tags": ["a"], "n": 1.5}}
    response = client.post("/v1/items", json=body)
    assert response.status_code == 201
    item = response.json()
    ItemBody.model_validate(item, extra="forbid")
    assert (item["id"], item["kind"], item["metadata"]) == ("new one", "text", body["metadata"])
    assert response.headers["location"] == "/v1/items/new%20one"
    assert client.get(response.headers["location"]).json() == item
    assert ids(search(client, text="dark high", k=1)) == ["new one"]
    with Collection.open(collection.path) as other:
        assert other.folder.snapshot().item("new one").metadata == body["metadata"]


def test_an_item_of_the_same_id_is_replaced(client: TestClient) -> None:
    client.post("/v1/items", json={"text": "dark", "id": "x"})
    assert client.post("/v1/items", json={"text": "high", "id": "x"}).status_code == 201
    assert ids(search(client, text="high", k=2, modalities=["text"]))[0] == "x"
    assert client.get("/v1/items/x").json()["segments"][0]["text"] == "high"
    assert client.get("/v1/collections/current").json()["items"] == 9


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"text": ""}, "text"),
        ({}, "text"),
        ({"text": "red", "id": ""}, "id"),
        ({"text": "red", "id": "x" * 513}, "id"),
        ({"text": "red", "id": "a\nb"}, "id"),
        ({"text": "red", "id": "a/media"}, "id"),
        ({"text": "red", "id": "/a"}, "id"),
        ({"text": "red", "id": "a/../b"}, "id"),
        ({"text": "red", "id": "a//b"}, "id"),
        ({"text": "red", "id": ".."}, "id"),
        ({"text": "red", "metadata": ["a"]}, "metadata"),
        ({"text": "red", "metadata": DEEP}, "metadata"),
        ({"text": "red", "metadata": {"a": "x" * 300_000}}, "metadata"),
        ({"text": "red", "source": "/etc/passwd"}, "source"),
        ({"text": "red", "path": "/etc/passwd"}, "path"),
    ],
)
def test_a_wrong_item_is_refused(client: TestClient, body: dict[str, Any], param: str) -> None:
    response = client.post("/v1/items", json=body)
    assert response.status_code == 422, response.text
    assert error_of(response)["param"] == param
    assert client.get("/v1/collections/current").json()["items"] == 8


def test_a_text_of_white_space_is_refused(client: TestClient) -> None:
    response = client.post("/v1/items", json={"text": " \t\n"})
    assert (response.status_code, error_of(response)["code"]) == (422, "empty_media")


def test_an_uploaded_picture_is_stored_by_its_content(
    client: TestClient, collection: Collection
) -> None:
    content = png("#111111", 20)
    item = add_file(client, content, "../../night sky.png", metadata='{"year": 2020}')
    digest = hashlib.blake2b(content, digest_size=32).hexdigest()
    assert stored(collection) == [f"{digest[:40]}.png"]
    path = Path(collection.path).resolve() / "media" / f"{digest[:40]}.png"
    assert path.read_bytes() == content
    assert item["source"] == str(path)
    assert item["metadata"] == {"filename": "night sky.png", "year": 2020}
    assert ids(search(client, text="dark", k=1, modalities=["image"])) == [item["id"]]
    media = client.get(f"/v1/items/{item['id']}/media")
    assert media.content == content
    assert media.headers["content-type"] == "image/png"
    assert media.headers["content-disposition"] == "inline; filename*=utf-8''night%20sky.png"
    assert media.headers["x-content-type-options"] == "nosniff"
    assert media.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert media.headers["cross-origin-resource-policy"] == "same-origin"


def test_an_uploaded_sound_is_found(client: TestClient) -> None:
    item = add_file(client, wav(700), "tone.wav", id="tones/700")
    assert (item["id"], item["kind"]) == ("tones/700", "audio")
    assert ids(search(client, text="middle", k=1)) == ["tones/700"]
    assert client.get("/v1/items/tones/700").json() == item
    assert client.get("/v1/items/tones/700/media").content == wav(700)
    assert client.delete("/v1/items/tones/700").json() == {"id": "tones/700", "deleted": True}


def test_the_same_upload_is_stored_once(client: TestClient, collection: Collection) -> None:
    item = add_file(client, png("#222222"), "a.png")
    again = client.post("/v1/items", files={"file": ("b.png", png("#222222"))})
    assert (again.status_code, again.json()) == (200, item)
    indexed = client.post("/v1/items", files={"file": ("c.png", png("red"))})
    assert (indexed.status_code, indexed.json()["id"]) == (200, "red")
    assert len(stored(collection)) == 1


def test_what_is_added_again_keeps_its_tags(collection: Collection, tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "a.png").write_bytes(png("#222222"))
    with client_of(collection, Settings(roots=(str(tmp_path / "root"),))) as client:
        for content in ({"path": "a.png"}, {"text": "some text"}):
            first = client.post("/v1/items", json=content)
            address = first.headers["location"]
            client.patch(address, json={"metadata": {"tag": "x"}})
            again = client.post("/v1/items", json={**content, "metadata": {"n": 1}})
            assert (first.status_code, again.status_code) == (201, 200)
            assert again.headers["location"] == address
            assert again.json() == client.get(address).json()
            assert again.json()["metadata"] == {"tag": "x", "n": 1}
            assert again.json()["segments"] == first.json()["segments"]


def test_a_copy_adds_no_more_metadata_than_an_item_may_have(client: TestClient) -> None:
    def again(metadata: dict[str, Any]) -> Any:
        file = {"file": ("a.png", png("red"))}
        return client.post("/v1/items", files=file, data={"metadata": json.dumps(metadata)})

    many, more = {"a": "x" * 200_000}, {"b": "y" * 200_000}
    assert again(many).status_code == 200
    refused = again(more)
    assert (refused.status_code, error_of(refused)["param"]) == (422, "metadata")
    assert client.get("/v1/items/red").json()["metadata"] == {"label": "photo", **many}


def test_a_copy_joins_an_item_that_a_build_has_given_long_metadata(
    client: TestClient, collection: Collection
) -> None:
    collection.folder.describe({"red": {"long": "x" * 300_000}})
    again = client.post("/v1/items", files={"file": ("a.png", png("red"))})
    assert (again.status_code, again.json()["id"]) == (200, "red")


def test_one_content_may_be_two_items(client: TestClient, collection: Collection) -> None:
    for name in ("first", "second"):
        add_file(client, png("#222222"), "a.png", id=name)
    assert len(stored(collection)) == 2
    assert client.delete("/v1/items/first").status_code == 200
    assert len(stored(collection)) == 1
    assert client.get("/v1/items/second/media").content == png("#222222")


def test_a_replaced_upload_leaves_no_file(client: TestClient, collection: Collection) -> None:
    add_file(client, png("#222222"), "a.png", id="x")
    add_file(client, wav(700), "a.wav", id="x")
    [name] = stored(collection)
    assert name.endswith(".wav")
    assert client.get("/v1/items/x").json()["kind"] == "audio"
    assert client.get("/v1/items/x/media").content == wav(700)


def test_an_upload_whose_file_was_lost_is_stored_again(
    client: TestClient, collection: Collection
) -> None:
    item = add_file(client, png("#222222"), "a.png")
    Path(item["source"]).unlink()
    assert client.get(f"/v1/items/{item['id']}/media").status_code == 410
    again = add_file(client, png("#222222"), "a.png")
    assert again["id"] == item["id"]
    assert client.get(f"/v1/items/{item['id']}/media").content == png("#222222")


@pytest.mark.parametrize(
    ("name", "content", "statuses"),
    [
        ("a.png", b"", {422}),
        ("a.png", png("red")[:45], {422}),
        ("a.txt", b" \n", {422}),
        ("a.wav", wav(100)[:20], {415, 422}),
        ("a.exe", b"MZ\x90\x00" + bytes(200), {415}),
    ],
    ids=["empty", "cut picture", "blank text", "cut sound", "program"],
)
def test_a_bad_upload_leaves_nothing(
    client: TestClient, collection: Collection, name: str, content: bytes, statuses: set[int]
) -> None:
    response = client.post("/v1/items", files={"file": (name, content)})
    assert response.status_code in statuses, response.text
    message = str(error_of(response)["message"])
    assert message.startswith(f"{name}: ")
    assert str(collection.path) not in message
    assert stored(collection) == []
    assert collection.info()["items"] == 8


def test_a_bad_upload_does_not_take_the_file_of_a_good_one(
    client: TestClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = add_file(client, png("#222222"), "a.png", id="x")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("anysense.index.folder.media.os.fsync", full)
    response = client.post("/v1/items", files={"file": ("a.png", png("#333333"))}, data={"id": "x"})
    assert (response.status_code, error_of(response)["type"]) == (507, "server_error")
    assert error_of(response)["message"] == (
        "a.png cannot be stored (No space left on device): see that the disk has space and can be "
        "written, then try again."
    )
    monkeypatch.undo()
    assert client.get("/v1/items/x").json() == item
    assert client.get("/v1/items/x/media").content == png("#222222")
    assert len(stored(collection)) == 1


def test_an_upload_without_room_for_it_is_told(
    client: TestClient, collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))
    response = client.post("/v1/items", files={"file": ("a.bin", bytes(2 * 1024**2))})
    assert (response.status_code, error_of(response)["code"]) == (507, "storage")
    assert stored(collection) == []


def test_an_upload_needs_a_file(client: TestClient) -> None:
    response = client.post("/v1/items", files={"id": (None, "x")})
    assert (response.status_code, error_of(response)["param"]) == (422, "file")
    response = client.post("/v1/items", files={"file": ("", b"")})
    assert (response.status_code, error_of(response)["param"]) == (422, "file")
    response = client.post("/v1/items", files={"image": ("a.png", png("red"))})
    assert (response.status_code, error_of(response)["param"]) == (422, "image")
    response = client.post(
        "/v1/items", files={"file": ("a.png", png("red"))}, data={"metadata": "{"}
    )
    assert (response.status_code, error_of(response)["param"]) == (422, "metadata")


def test_items_are_listed_in_pages(client: TestClient) -> None:
    seen, cursor = [], None
    while True:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = client.get("/v1/items", params=params).json()
        ItemPage.model_validate(page, extra="forbid")
        assert len(page["items"]) <= 3
        seen += ids(page["items"])
        if len(seen) == 3:
            client.delete("/v1/items/blue")
            client.post("/v1/items", json={"text": "late", "id": "late"})
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["red-text", "blue-text", "low-text", "red", "green", "low", "high", "late"]
    for params in ({"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"cursor": "9" * 30}):
        response = client.get("/v1/items", params=params)
        assert response.status_code == 422
        assert error_of(response)["param"] in params


def test_a_page_that_is_exactly_full_is_the_last(client: TestClient) -> None:
    page = client.get("/v1/items", params={"limit": 8}).json()
    assert (len(page["items"]), page["next_cursor"]) == (8, None)


def test_a_removed_item_is_gone_but_its_own_file_stays(
    client: TestClient, collection: Collection, tmp_path: Path
) -> None:
    assert client.delete("/v1/items/red").json() == {"id": "red", "deleted": True}
    assert "red" not in ids(search(client, text="red", k=8))
    for path in ("/v1/items/red", "/v1/items/red/media"):
        response = client.get(path)
        assert (response.status_code, error_of(response)["code"]) == (404, "item_not_found")
    assert client.delete("/v1/items/red").status_code == 404
    assert (tmp_path / "files" / "red.png").read_bytes() == png("red")


def test_a_picture_that_lost_its_end_says_so(client: TestClient, collection: Collection) -> None:
    whole = png("red", 64)
    noisy = saved(Image.effect_noise((64, 64), 90), "PNG")
    item = add_file(client, noisy[: len(noisy) * 3 // 4], "cut.png", metadata='{"year": 2001}')
    assert item["metadata"] == {"complete": False, "year": 2001, "filename": "cut.png"}
    assert "complete" not in add_file(client, whole, "whole.png")["metadata"]
    again = {"file": ("again.png", noisy[: len(noisy) * 3 // 4])}
    joined = client.post("/v1/items", files=again, data={"metadata": '{"complete": true, "n": 1}'})
    assert joined.json()["metadata"] == {**item["metadata"], "n": 1}
    where = {"complete": False}
    assert ids(search(client, text="dark", k=9, where=where)) == [item["id"]]


@pytest.mark.parametrize("name", ["a/media", "a/segments", "/a", "a//b", "a/../b", "a/", "x?y#z"])
def test_items_with_ids_from_earlier_are_shown_and_removed(
    client: TestClient, collection: Collection, name: str
) -> None:
    record = encode_one(collection, NewItem("red", id="x", modality=Modality.TEXT))
    collection.write([replace(record, id=name)])
    address = f"/v1/items/{quote(name, safe='')}"
    assert client.get(address).json()["id"] == name
    assert error_of(client.get(f"{address}/media"))["code"] == "no_media"
    assert client.delete(address).json() == {"id": name, "deleted": True}
    assert client.get(address).status_code == 404
