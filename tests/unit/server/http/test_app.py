"""The HTTP service as a whole: whom it answers, its state, and many clients at once."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tiny
from http_client import (
    TestClient,
    client_of,
    data_uri,
    error_of,
    ids,
    png,
    search,
    stored,
)

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.errors import StorageError
from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.settings import Settings


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8000", True),
        ("LocalHost:1", True),
        ("[::1]:8000", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:8000", False),
        ("[::2]", False),
        ("", False),
    ],
)
def test_only_requests_for_this_machine_are_answered(
    client: TestClient, host: str, allowed: bool
) -> None:
    response = client.get("/health", headers={"host": host})
    assert response.status_code == (200 if allowed else 421)
    if not allowed:
        assert error_of(response)["code"] == "wrong_host"


def test_any_host_may_be_allowed(collection: Collection) -> None:
    with client_of(collection, Settings(allowed_hosts=("*",))) as client:
        assert client.get("/health", headers={"host": "any.example"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:81", "http://["]
)
def test_pages_of_other_sites_change_nothing(
    client: TestClient, collection: Collection, origin: str
) -> None:
    headers = {"origin": origin}
    added = client.post("/v1/items", json={"text": "red"}, headers=headers)
    assert (added.status_code, error_of(added)["type"]) == (403, "permission_error")
    upload = {"file": ("a.png", png("red"))}
    assert client.post("/v1/items", files=upload, headers=headers).status_code == 403
    assert client.delete("/v1/items/red", headers=headers).status_code == 403
    assert collection.info()["items"] == 8
    own = client.post("/v1/search", json={"text": "red"}, headers={"origin": "http://127.0.0.1"})
    assert own.status_code == 200
    assert "access-control-allow-origin" not in own.headers


def test_health_and_collection(client: TestClient, collection: Collection) -> None:
    assert client.get("/health").json() == {"status": "ok", "reason": None}
    info = client.get("/v1/collections/current").json()
    assert (info["items"], info["items_by_modality"]["image"]) == (8, 3)
    assert info == json.loads(json.dumps(collection.info()))


def test_the_service_is_ready_when_its_encoders_are(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = threading.Event()
    load = collection.encoders

    def slow() -> Any:
        assert loaded.wait(10)
        return load()

    monkeypatch.setattr(collection, "encoders", slow)
    with client_of(collection) as client:
        waiting = client.get("/ready")
        assert (waiting.status_code, waiting.json()["status"]) == (503, "loading")
        assert client.get("/health").status_code == 200
        loaded.set()
        client.app.state.service.stop()
        assert (client.get("/ready").status_code, client.get("/ready").json()["reason"]) == (
            200,
            None,
        )


def test_each_encoder_has_encoded_each_modality_before_the_service_is_ready(
    tmp_path: Path,
) -> None:
    names = ["tiny:text-image", "tiny:text-audio"]
    with (
        Collection.create(tmp_path / "c", names) as collection,
        client_of(collection) as client,
    ):
        client.app.state.service.stop()  # type: ignore[attr-defined]
        assert client.get("/ready").status_code == 200
        loaded = collection.loaded_encoders
        assert [encoder.encoded for encoder in loaded] == [2, 2]  # type: ignore[attr-defined]


def test_a_model_that_cannot_encode_is_told(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(tiny.TinyEncoder, "encode", broken)
    with client_of(collection) as client:
        client.app.state.service.stop()
        ready = client.get("/ready")
        assert ready.status_code == 503
        assert "no such instruction" in ready.json()["reason"]


def test_encoders_may_wait_for_the_first_search(tmp_path: Path) -> None:
    loads: list[str] = []

    def load(rest: str, device: str) -> tiny.TinyEncoder:
        loads.append(rest)
        return tiny.TinyEncoder()

    register_encoder("tiny", load)
    with Collection.create(tmp_path / "c", ["tiny"]) as made:
        made.add([NewItem("red", id="a")])
    loads.clear()
    settings = Settings(warm_up=False)
    with Collection.open(tmp_path / "c") as collection, client_of(collection, settings) as client:
        assert client.get("/ready").status_code == 200
        assert loads == []
        assert ids(search(client, text="red")) == ["a"]
        assert loads == [""]


def test_an_encoder_that_breaks_is_told(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]):
        pass

    def broken(rest: str, device: str) -> tiny.TinyEncoder:
        raise RuntimeError("no such instruction")

    register_encoder("tiny", broken)
    with Collection.open(tmp_path / "c") as collection, client_of(collection) as client:
        client.app.state.service.stop()
        ready = client.get("/ready")
        assert ready.status_code == 503
        assert "no such instruction" in ready.json()["reason"]


@pytest.mark.parametrize("error", [StorageError("full"), RuntimeError("broken")])
def test_an_index_that_cannot_be_published_loses_nothing(
    collection: Collection,
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fails() -> None:
        raise error

    monkeypatch.setattr(collection, "publish", fails)
    with client_of(collection, Settings(publish_after=1)) as client:
        assert client.post("/v1/items", json={"text": "dark", "id": "a"}).status_code == 201
        client.app.state.service.stop()
        assert "The index cannot be published" in caplog.text
        assert client.post("/v1/items", json={"text": "dark", "id": "b"}).status_code == 201
        assert set(ids(search(client, text="dark", k=2))) == {"a", "b"}


def test_encoders_that_cannot_be_loaded_are_told(tmp_path: Path) -> None:
    with Collection.create(tmp_path / "c", ["tiny"]):
        pass
    register_encoder("tiny", lambda rest, device: tiny.TinyEncoder(revision="2"))
    with Collection.open(tmp_path / "c") as collection, client_of(collection) as client:
        client.app.state.service.stop()
        ready = client.get("/ready")
        assert (ready.status_code, ready.json()["status"]) == (503, "failed")
        added = client.post("/v1/items", json={"text": "red"})
        assert added.status_code == 503
        assert error_of(added)["code"] == "incompatible_collection"
        assert error_of(added)["message"] == ready.json()["reason"]


def test_a_writer_elsewhere_is_told_with_when_to_come_again(
    client: TestClient, collection: Collection
) -> None:
    collection.close()
    with Collection.open(collection.path) as other:
        other.add([NewItem("red", id="a")])
        with Collection.open(collection.path) as second, client_of(second) as late:
            response = late.post("/v1/items", json={"text": "red"})
            assert response.status_code == 503
            assert error_of(response)["code"] == "collection_locked"
            assert response.headers["retry-after"] == "1"
            assert late.post("/v1/search", json={"text": "red"}).status_code == 200


def test_a_fault_of_ours_tells_nothing_of_the_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(client.app.state.service.retriever, "retrieve", broken)
    response = client.post("/v1/search", json={"text": "red"})
    assert response.status_code == 500
    error = error_of(response)
    assert (error["type"], error["code"]) == ("server_error", "internal_error")
    assert "secret" not in response.text


@pytest.mark.parametrize("publish_after", [2000, 8])
def test_searches_go_on_while_items_come_and_go(collection: Collection, publish_after: int) -> None:
    with client_of(collection, Settings(publish_after=publish_after)) as client:
        search_while_changing(client)
        client.app.state.service.stop()
        found = search(client, text="green", k=100)
    generation = collection.info()["generation"]
    assert generation == 0 if publish_after == 2000 else generation > 1
    assert len(found) == 8 + 25 - 8


def search_while_changing(client: TestClient) -> None:
    stop = threading.Event()
    problems: list[str] = []
    counts = [0, 0, 0]

    def searcher(place: int) -> None:
        while not stop.is_set():
            response = client.post("/v1/search", json={"text": "green", "k": 50})
            if response.status_code != 200:
                problems.append(response.text)
                return
            found = ids(response.json()["hits"])
            if len(set(found)) != len(found) or "green" not in found:
                problems.append(str(found))
            counts[place] += 1

    threads = [threading.Thread(target=searcher, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    try:
        for i in range(25):
            body = {"text": f"green number {i}", "id": f"n{i}"}
            assert client.post("/v1/items", json=body).status_code == 201
            hits = search(client, text="green", k=100)
            assert f"n{i}" in ids(hits)
            if i % 3 == 2:
                assert client.delete(f"/v1/items/n{i - 1}").status_code == 200
                assert f"n{i - 1}" not in ids(search(client, text="green", k=100))
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert problems == []
    assert min(counts) > 0


def test_adding_at_once_loses_nothing(client: TestClient, collection: Collection) -> None:
    codes: list[int] = []

    def adder(place: int) -> None:
        for i in range(5):
            name = f"t{place}-{i}"
            files = {"file": (f"{name}.png", png(f"#{place:02x}{i:02x}ff"))}
            codes.append(client.post("/v1/items", files=files, data={"id": name}).status_code)

    threads = [threading.Thread(target=adder, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [201] * 20
    with Collection.open(collection.path) as other:
        assert other.info()["items"] == 28
    assert len(stored(collection)) == 20


def test_the_openapi_document_is_whole(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    paths = {(path, method) for path, methods in document["paths"].items() for method in methods}
    assert paths == {
        ("/v1/search", "post"),
        ("/v1/items", "post"),
        ("/v1/items", "get"),
        ("/v1/items/{item_id}", "get"),
        ("/v1/items/{item_id}", "delete"),
        ("/v1/items/{item_id}/media", "get"),
        ("/v1/collections/current", "get"),
        ("/health", "get"),
        ("/ready", "get"),
    }
    text = json.dumps(document)
    references = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert references <= set(document["components"]["schemas"])
    assert {"SearchRequest", "TermBody", "NewText", "HitBody", "ErrorBody"} <= references
    assert client.get("/docs").status_code == 200


def test_the_page_of_documentation_names_every_address_and_field(client: TestClient) -> None:
    page = (Path(__file__).parents[4] / "docs" / "http.md").read_text(encoding="utf-8")
    document = client.get("/openapi.json").json()
    for path in document["paths"]:
        assert path.replace("{item_id}", "{id}") in page
    for model in ("SearchRequest", "TermBody", "HitBody", "ItemBody", "NewText"):
        for name in document["components"]["schemas"][model]["properties"]:
            assert f"`{name}`" in page, f"{model}.{name}"


def test_only_so_many_search_by_media_at_once(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture of 40 bytes may take gigabytes to decode; texts need not wait for it."""
    with client_of(collection, Settings(media_searches=2)) as client:
        retriever = client.app.state.service.retriever  # type: ignore[attr-defined]
        retrieve, lock = retriever.retrieve, threading.Lock()
        running, most = {"media": 0, "text": 0}, {"media": 0, "text": 0}
        texts = threading.Barrier(4, timeout=20)

        def counted(terms: Any, **options: Any) -> Any:
            kind = "media" if isinstance(terms[0].content, bytes) else "text"
            with lock:
                running[kind] += 1
                most[kind] = max(most[kind], running[kind])
            if kind == "text":
                texts.wait()  # all four at once, while media search
            else:
                time.sleep(0.1)
            try:
                return retrieve(terms, **options)
            finally:
                with lock:
                    running[kind] -= 1

        monkeypatch.setattr(retriever, "retrieve", counted)
        image = {"image": data_uri(png("red"), "image/png")}
        with ThreadPoolExecutor(10) as pool:
            bodies = [image] * 6 + [{"text": "red"}] * 4
            answers = list(pool.map(lambda body: client.post("/v1/search", json=body), bodies))
    assert [answer.status_code for answer in answers] == [200] * 10
    assert most == {"media": 2, "text": 4}
