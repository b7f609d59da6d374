"""The encoders that the service names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from http_client import TestClient, error_of

from anysense.index.collection import Collection
from anysense.server.http.app import create_app
from anysense.server.http.schemas.embeddings import ModelBody, ModelList
from anysense.server.http.service.models import Models
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


def test_the_models_are_the_encoders_of_the_collection(client: TestClient) -> None:
    listed = ModelList.model_validate(client.get("/v1/models").json(), extra="forbid")
    assert [model.id for model in listed.data] == ["tiny"]
    (model,) = listed.data
    assert (model.dimension, model.space, model.revision) == (32, "tiny", "1")
    assert [str(m) for m in model.modalities] == ["audio", "image", "text"]
    assert ModelBody.model_validate(client.get("/v1/models/tiny").json()) == model
    assert ModelBody.model_validate(client.get("/v1/models/anysense").json()) == model


def test_a_model_that_is_not_here_is_not_found(client: TestClient) -> None:
    for name in ("gpt", "a/b", "tiny:"):
        response = client.get(f"/v1/models/{name}")
        assert (response.status_code, error_of(response)["code"]) == (404, "model_not_found")
        assert error_of(response)["param"] == "model"


def test_collections_share_their_models(tmp_path: Path) -> None:
    load = Models().load
    for name, encoders in (("a", ["tiny"]), ("b", ["tiny:text-audio", "tiny"])):
        Collection.create(tmp_path / name, encoders).close()
    with (
        Collection.open(tmp_path / "a", load=load) as a,
        Collection.open(tmp_path / "b", load=load) as b,
        TestClient(
            create_app({"a": a, "b": b}, Settings(warm_up=False)), base_url="http://127.0.0.1"
        ) as client,
    ):
        listed = client.get("/v1/models").json()["data"]
        assert [(m["id"], m["collections"]) for m in listed] == [
            ("tiny", ["a", "b"]),
            ("tiny:text-audio", ["b"]),
        ]
        body = {"input": "red", "model": "tiny:text-audio"}
        assert len(client.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]) == 24
