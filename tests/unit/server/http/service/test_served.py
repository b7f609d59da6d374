"""Many clients at once, and an index that is published behind them."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from http_client import TestClient, client_of, data_uri, error_of, ids, png, search, stored

from anysense.embed.errors import StorageError
from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.settings import Settings


@pytest.mark.parametrize("publish_after", [2000, 8])
def test_searches_go_on_while_items_come_and_go(collection: Collection, publish_after: int) -> None:
    with client_of(collection, Settings(publish_after=publish_after)) as client:
        search_while_changing(client)
        client.app.state.service.stop()
        hits = search(client, text="green", k=100)
    generation = collection.info()["generation"]
    assert generation == 0 if publish_after == 2000 else generation > 1
    assert len(hits) == 8 + 25 - 8


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
            item_ids = ids(response.json()["hits"])
            if len(set(item_ids)) != len(item_ids) or "green" not in item_ids:
                problems.append(str(item_ids))
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


def test_only_so_many_search_by_media_at_once(
    collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture of 40 bytes may take gigabytes to decode; texts need not wait for it."""
    with client_of(collection, Settings(media_searches=2)) as client:
        retriever = client.app.state.service.collection().retriever  # type: ignore[attr-defined]
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
