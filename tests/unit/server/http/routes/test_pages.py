"""Pages of one search, while the collection changes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from http_client import TestClient, client_of, error_of, ids

from anysense.index.ranking.states import PINNED
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from anysense.index.collection import Collection


def page(client: TestClient, **body: Any) -> dict[str, Any]:
    response = client.post("/v1/search", json={"text": "red", **body})
    assert response.status_code == 200, response.text
    payload: dict[str, Any] = response.json()
    return payload


def test_pages_of_one_state_fit_together_while_items_come_and_the_index_is_published(
    collection: Collection,
) -> None:
    with client_of(collection, Settings(publish_after=5)) as client:
        for number in range(30):
            client.post("/v1/items", json={"text": f"a reddish thing {number}", "id": f"r{number}"})
        whole = page(client, k=38)
        enough = threading.Event()

        def add() -> None:
            for number in range(200):
                if enough.is_set():
                    return
                client.post("/v1/items", json={"text": "red", "id": f"new-{number}"})

        adding = threading.Thread(target=add)
        adding.start()
        try:
            seen: list[str] = []
            for offset in range(0, 38, 4):
                wait_for_another_item(collection)
                payload = page(client, k=4, offset=offset, state=whole["state"])
                assert payload["state"] == whole["state"]
                seen += ids(payload["hits"])
        finally:
            enough.set()
            adding.join()
        assert seen == ids(whole["hits"])
        newest = page(client, k=4)
        assert newest["state"] != whole["state"]
        assert all(item_id.startswith("new-") for item_id in ids(newest["hits"][1:]))
    assert collection.folder.snapshot().version[0] > int(whole["state"].split("-")[1])


def wait_for_another_item(collection: Collection) -> None:
    before, deadline = collection.folder.snapshot().version, time.monotonic() + 30
    while collection.folder.snapshot().version == before:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_state_is_let_go_when_many_others_were_searched(client: TestClient) -> None:
    first = page(client)["state"]
    for number in range(PINNED):
        assert page(client, offset=1, state=first)["state"] == first  # still in use
        client.post("/v1/items", json={"text": f"a green thing {number}"})
        page(client)
    last = page(client)["state"]
    for number in range(PINNED):
        client.post("/v1/items", json={"text": f"a blue thing {number}"})
        page(client)
    for state in (first, last):
        response = client.post("/v1/search", json={"text": "red", "state": state})
        assert (response.status_code, error_of(response)["code"]) == (410, "state_gone")
        assert "search again from the first page" in response.text
