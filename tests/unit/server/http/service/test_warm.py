"""Encoders that are ready before the first search, and those that cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import tiny
from http_client import client_of, error_of, ids, search

from anysense.embed.encoders.registry import register_encoder
from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


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


def test_encoders_may_wait_for_the_first_search(tmp_path: Path) -> None:
    loads: list[str] = []

    def load(rest: str, device: str) -> tiny.TinyEncoder:
        loads.append(rest)
        return tiny.TinyEncoder()

    register_encoder("tiny", load)
    with Collection.create(tmp_path / "c", ["tiny"]) as collection:
        collection.add([NewItem("red", id="a")])
    loads.clear()
    settings = Settings(warm_up=False)
    with Collection.open(tmp_path / "c") as collection, client_of(collection, settings) as client:
        assert client.get("/ready").status_code == 200
        assert loads == []
        assert ids(search(client, text="red")) == ["a"]
        assert loads == [""]
