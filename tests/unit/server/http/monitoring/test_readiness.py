"""Whether the service says that it is ready when it is, and why not when it is not."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
import tiny
from http_client import TestClient, client_of
from memory_engine import MemoryEngine

from anysense.embed.errors import StorageError
from anysense.index.vectors.milvus import store
from anysense.index.vectors.thresholds import Thresholds
from anysense.server.http.monitoring import readiness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.collection import Collection


@pytest.fixture
def warm(collection: Collection, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client of a service whose encoders are loaded, and which remembers no answer."""
    with client_of(collection) as client:
        client.app.state.service.stop = lambda *_: None  # type: ignore[attr-defined]
        deadline = time.monotonic() + 30
        while client.get("/ready").status_code != 200:
            assert time.monotonic() < deadline
        monkeypatch.setattr(readiness, "FRESH_SECONDS", 0.0)
        yield client


def ready(client: TestClient) -> tuple[int, str, str | None]:
    answer = client.get("/ready")
    return answer.status_code, answer.json()["status"], answer.json()["reason"]


def test_a_model_that_encodes_no_more_is_told_and_so_is_its_recovery(
    warm: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("CUDA error: device lost")

    assert ready(warm) == (200, "ready", None)
    with monkeypatch.context() as patch:
        patch.setattr(tiny.TinyEncoder, "encode", broken)
        assert ready(warm) == (503, "failed", "RuntimeError: CUDA error: device lost.")
        assert warm.get("/health").status_code == 200
    assert ready(warm) == (200, "ready", None)


def test_a_catalog_that_cannot_be_read_is_told(
    warm: TestClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise StorageError("The disk is gone.")

    monkeypatch.setattr(collection.folder, "snapshot", broken)
    assert ready(warm) == (503, "failed", "The disk is gone.")


def test_a_model_that_hangs_is_told_in_time_and_asked_once(
    warm: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, calls = threading.Event(), []

    def hang(*_: Any) -> Any:
        calls.append(1)
        end.wait(60)
        raise RuntimeError("woken")

    monkeypatch.setattr(readiness, "DEADLINE_SECONDS", 0.3)
    monkeypatch.setattr(tiny.TinyEncoder, "encode", hang)
    try:
        for _ in range(3):
            status, _, reason = ready(warm)
            assert status == 503
            assert "within" in (reason or "")
        assert len(calls) == 1
        assert warm.get("/health").status_code == 200
    finally:
        end.set()


def test_an_answer_holds_for_a_while(
    warm: TestClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    (encoder,) = collection.loaded_encoders
    monkeypatch.setattr(readiness, "FRESH_SECONDS", 1000.0)
    before = encoder.encoded  # type: ignore[attr-defined]
    for _ in range(20):
        assert ready(warm)[0] == 200
    assert encoder.encoded == before  # type: ignore[attr-defined]


def test_health_touches_nothing(
    warm: TestClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "_folder", None)  # as it would be lost
    assert warm.get("/health").status_code == 200


def test_an_engine_that_is_away_is_told(
    warm: TestClient, collection: Collection, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = MemoryEngine()
    monkeypatch.setattr(store, "Remote", engine.connect)
    # The folder was opened by a fixture, and holds too little for an engine to be asked.
    monkeypatch.setattr(collection.folder._views, "thresholds", Thresholds(elsewhere=0))
    collection.publish(to=engine.address)
    query = {"text": "red"}
    assert ready(warm) == (200, "ready", None)
    assert warm.post("/v1/search", json=query).json()["hits"]
    engine.is_away = True
    assert ready(warm)[:2] == (503, "failed")
    answer = warm.post("/v1/search", json=query)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "engine_unavailable")
    assert answer.headers["retry-after"]
    engine.is_away = False
    assert warm.post("/v1/search", json=query).json()["hits"]
