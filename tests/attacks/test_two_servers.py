"""Two servers on one collection, and two requests for one file: no file that an item names goes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, error_of, png, stored

from anysense.embed.errors import CorruptMediaError
from anysense.index.collection import Collection
from anysense.server.http.service import writing
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLOW = "slow slow slow"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with Collection.create(tmp_path / "c.anysense", ["tiny"]):
        pass
    return tmp_path / "c.anysense"


@pytest.fixture
def collection(path: Path) -> Iterator[Collection]:
    with Collection.open(path) as collection:
        yield collection


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[threading.Event, threading.Event]]:
    """Encoding of the text SLOW: an event that is set when it begins, and one that ends it."""
    has_begun, may_end = threading.Event(), threading.Event()
    encode_one = writing.encode_one

    def slowly(collection: Any, item: Any, **options: Any) -> Any:
        if item.content == SLOW or item.metadata.get("slow"):
            has_begun.set()
            assert may_end.wait(20)
            if item.metadata.get("fails"):
                raise CorruptMediaError("x", "is damaged")
        return encode_one(collection, item, **options)

    monkeypatch.setattr(writing, "encode_one", slowly)
    yield has_begun, may_end
    may_end.set()


def upload(client: TestClient, content: bytes, name: str = "a.png", **fields: str) -> Any:
    return client.post("/v1/items", files={"file": (name, content)}, data=fields)


@pytest.mark.parametrize("item_id", [None, "x"])
def test_the_loser_of_the_lock_takes_no_file(
    path: Path, collection: Collection, item_id: str | None
) -> None:
    fields = {} if item_id is None else {"id": item_id}
    with Collection.open(path) as other, client_of(collection) as a, client_of(other) as b:
        content = png("#123456")
        assert upload(a, content, **fields).status_code == 201
        item_id = a.get("/v1/items").json()["items"][0]["id"]
        started = time.monotonic()
        refused = upload(b, content, id="x")
        assert time.monotonic() - started < 1
        assert (refused.status_code, error_of(refused)["code"]) == (503, "collection_locked")
        assert refused.headers["retry-after"] == "1"
        assert b.delete(f"/v1/items/{item_id}").status_code == 503
        for client in (a, b):
            assert client.get(f"/v1/items/{item_id}/media").content == content
        assert len(stored(collection)) == 1


def test_the_right_to_write_goes_back_and_forth(path: Path, collection: Collection) -> None:
    settings = Settings(writer_idle_seconds=0.05)
    with (
        Collection.open(path) as other,
        client_of(collection, settings) as a,
        client_of(other, settings) as b,
    ):
        for number in range(4):
            client = (a, b)[number % 2]
            deadline = time.monotonic() + 20
            body = {"text": "red", "id": f"r{number}"}
            while client.post("/v1/items", json=body).status_code == 503:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        for client in (a, b):
            assert client.get("/v1/collections/current").json()["items"] == 4


def test_what_a_killed_upload_left_goes_when_a_server_starts(
    path: Path, collection: Collection
) -> None:
    media = path / "media"
    media.mkdir()
    for name in (".incoming-0123456789abcdef", f"{'a' * 40}.png", "mine.txt"):
        (media / name).write_bytes(b"x")
    assert "2 files" in collection.verify().notes[0]
    with client_of(collection):
        deadline = time.monotonic() + 20
        while len(stored(collection)) > 1:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert stored(collection) == ["mine.txt"]
    assert collection.verify().notes == []


def test_uploads_of_one_content_at_once_are_one_item(collection: Collection) -> None:
    with client_of(collection) as client, ThreadPoolExecutor(16) as pool:
        content = png("#654321")
        names = [f"{i}.{'png' if i % 2 else 'jpg'}" for i in range(16)]
        answers = list(pool.map(lambda name: upload(client, content, name), names))
        assert {answer.status_code for answer in answers} <= {200, 201}
        [item_id] = {answer.json()["id"] for answer in answers}
        assert client.get(f"/v1/items/{item_id}/media").content == content
        assert len(stored(collection)) == 1


def test_uploads_and_deletions_of_one_item_at_once_leave_item_and_file_or_neither(
    collection: Collection,
) -> None:
    with client_of(collection) as client, ThreadPoolExecutor(8) as pool:
        content = png("#654321")

        def change(number: int) -> int:
            if number % 3:
                return int(upload(client, content, id="x").status_code)
            return int(client.delete("/v1/items/x").status_code)

        for _ in range(3):
            assert set(pool.map(change, range(24))) <= {200, 201, 404, 409}
            media = client.get("/v1/items/x/media")
            assert media.status_code in (200, 404)
            assert len(stored(collection)) == (media.status_code == 200)


def test_a_failing_upload_leaves_the_file_of_one_that_succeeds(
    collection: Collection, slow: tuple[threading.Event, threading.Event]
) -> None:
    has_begun, may_end = slow
    with client_of(collection) as client, ThreadPoolExecutor(2) as pool:
        content = png("#654321")
        fails = '{"slow": true, "fails": true}'
        failing = pool.submit(upload, client, content, id="x", metadata=fails)
        assert has_begun.wait(20)
        assert upload(client, content, id="x").status_code == 201
        may_end.set()
        assert failing.result().status_code == 422
        assert client.get("/v1/items/x/media").content == content
        assert client.delete("/v1/items/x").status_code == 200
        assert stored(collection) == []


def test_a_slow_add_holds_up_no_other_and_undoes_no_later_one(
    collection: Collection, slow: tuple[threading.Event, threading.Event]
) -> None:
    has_begun, may_end = slow
    with client_of(collection) as client, ThreadPoolExecutor(2) as pool:
        client.post("/v1/items", json={"text": "red", "id": "gone"})
        bodies = [{"text": SLOW, "id": name} for name in ("x", "gone")]
        slow_ones = [pool.submit(client.post, "/v1/items", json=body) for body in bodies]
        assert has_begun.wait(20)
        time.sleep(0.2)  # until the other is there as well
        assert client.post("/v1/items", json={"text": "blue", "id": "y"}).status_code == 201
        assert client.post("/v1/items", json={"text": "blue", "id": "x"}).status_code == 201
        assert client.delete("/v1/items/gone").status_code == 200
        may_end.set()
        for future in slow_ones:
            answer = future.result()
            assert (answer.status_code, error_of(answer)["code"]) == (409, "superseded")
        assert client.get("/v1/items/x").json()["segments"][0]["text"] == "blue"
        assert client.get("/v1/items/gone").status_code == 404


def test_writes_that_wait_end_with_an_error_when_the_service_stops(
    collection: Collection, slow: tuple[threading.Event, threading.Event]
) -> None:
    has_begun, may_end = slow
    with client_of(collection) as client, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.post, "/v1/items", json={"text": SLOW})
        assert has_begun.wait(20)
        client.app.state.service.collection().writer.stop()  # type: ignore[attr-defined]
        may_end.set()
        for answer in (waiting.result(), client.post("/v1/items", json={"text": "red"})):
            assert (answer.status_code, error_of(answer)["code"]) == (503, "stopping")
        assert client.get("/v1/collections/current").json()["items"] == 0


def test_the_metadata_of_a_copy_are_added(collection: Collection) -> None:
    with client_of(collection) as client:
        content = png("#654321")
        upload(client, content, metadata='{"year": 2020, "place": "sea"}')
        again = upload(client, content, "b.png", metadata='{"year": 2021}')
        assert again.status_code == 200
        expected = {"filename": "a.png", "year": 2021, "place": "sea"}
        assert again.json()["metadata"] == expected
        assert client.get(f"/v1/items/{again.json()['id']}").json()["metadata"] == expected
        for number in range(3):
            large = f'{{"k{number}": "{"x" * 100_000}"}}'
            answer = upload(client, content, metadata=large)
        assert (answer.status_code, error_of(answer)["param"]) == (422, "metadata")
