"""How the service is, and what its collection holds."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from http_client import TestClient, client_of, error_of

if TYPE_CHECKING:
    import pytest

    from anysense.index.collection import Collection


def test_health_and_collection(client: TestClient, collection: Collection) -> None:
    assert client.get("/health").json() == {"status": "ok", "reason": None}
    info = client.get("/v1/collections/current").json()
    assert (info["items"], info["items_by_kind"]["image"]) == (8, 3)
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
    with client_of(collection, loaded=False) as client:
        waiting = client.get("/ready")
        assert (waiting.status_code, waiting.json()["status"]) == (503, "loading")
        assert client.get("/health").status_code == 200
        for response in (
            client.post("/v1/search", json={"text": "red"}),
            client.post("/v1/items", json={"text": "red"}),
        ):
            assert (response.status_code, error_of(response)["code"]) == (503, "loading")
            assert response.headers["retry-after"] == "1"
        assert client.get("/v1/items/red").status_code == 200
        loaded.set()
        client.app.state.service.stop()
        assert (client.get("/ready").status_code, client.get("/ready").json()["reason"]) == (
            200,
            None,
        )
