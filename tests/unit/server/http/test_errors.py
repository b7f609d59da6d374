"""How errors become statuses and codes, for every class there is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, error_of

from anysense.embed import errors
from anysense.embed.errors import AnysenseError
from anysense.server.http.errors import RequestError, code_of, error_response, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPECTED = {
    "AnysenseError": (500, "anysense"),
    "UsageError": (400, "usage"),
    "FilterError": (400, "filter"),
    "RemovalError": (400, "removal"),
    "NoHitError": (404, "no_hit"),
    "StateGoneError": (410, "state_gone"),
    "MediaError": (422, "media"),
    "UnsupportedMediaError": (415, "unsupported_media"),
    "CorruptMediaError": (422, "corrupt_media"),
    "EmptyMediaError": (422, "empty_media"),
    "MediaTooLargeError": (413, "media_too_large"),
    "EncoderError": (503, "encoder"),
    "UnknownEncoderError": (503, "unknown_encoder"),
    "MissingWeightsError": (503, "missing_weights"),
    "CheckpointError": (503, "checkpoint"),
    "CollectionError": (500, "collection"),
    "CollectionNotFoundError": (503, "collection_not_found"),
    "CollectionExistsError": (500, "collection_exists"),
    "CollectionLockedError": (503, "collection_locked"),
    "CollectionReplacedError": (503, "collection_replaced"),
    "IncompatibleCollectionError": (503, "incompatible_collection"),
    "CorruptCollectionError": (500, "corrupt_collection"),
    "ItemNotFoundError": (404, "item_not_found"),
    "NoMapError": (404, "no_map"),
    "NoMediaError": (404, "no_media"),
    "MediaGoneError": (410, "media_gone"),
    "EngineUnavailableError": (503, "engine_unavailable"),
    "StorageError": (507, "storage"),
    "ServiceError": (500, "service"),
    "ServiceUnreachableError": (500, "service_unreachable"),
    "AccessError": (500, "access"),
    "NoRouteError": (422, "no_route"),
    "BusyError": (429, "busy"),
    "AbandonedError": (499, "abandoned"),
    "DeadlineError": (504, "deadline"),
}


def make_error(name: str) -> AnysenseError:
    kind = getattr(errors, name)
    error = kind("a.png", "is wrong") if issubclass(kind, errors.MediaError) else kind("wrong")
    assert isinstance(error, AnysenseError)
    return error


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_has_a_status_and_a_code(name: str) -> None:
    error = make_error(name)
    assert (status_of(error), code_of(error)) == EXPECTED[name]


def test_a_class_that_is_not_listed_has_the_status_of_its_parent() -> None:
    class StrangeMediaError(errors.EmptyMediaError):
        pass

    error = StrangeMediaError("a.png", "is strange")
    assert (status_of(error), code_of(error)) == (422, "strange_media")


def test_a_refused_request_brings_its_own() -> None:
    error = RequestError("No.", 418, "teapot")
    assert (status_of(error), code_of(error)) == (418, "teapot")


def subclasses(kind: type[AnysenseError]) -> Iterator[type[AnysenseError]]:
    for child in kind.__subclasses__():
        yield child
        yield from subclasses(child)


def test_the_tree_is_the_one_that_is_documented() -> None:
    inside = {c.__name__ for c in subclasses(AnysenseError) if c.__module__ == errors.__name__}
    assert inside | {"AnysenseError"} == set(EXPECTED)


def test_a_fault_of_ours_tells_nothing_of_the_inside(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(client.app.state.service.collection().retriever, "retrieve", broken)
    response = client.post("/v1/search", json={"text": "red"})
    assert response.status_code == 500
    error = error_of(response)
    assert (error["type"], error["code"]) == ("server_error", "internal_error")
    assert "secret" not in response.text


def test_an_error_may_name_what_is_not_unicode() -> None:
    answer = error_response(410, "The file a\udcff.png is gone.", "media_gone")
    assert json.loads(answer.body)["error"]["message"] == "The file a\udcff.png is gone."


@pytest.mark.parametrize("text", [" \n", "red " * 6_000_000], ids=["blank", "too long"])
def test_a_text_that_cannot_be_added_is_not_repeated_in_the_error(
    client: TestClient, text: str
) -> None:
    response = client.post("/v1/items", json={"text": text})
    assert response.status_code in (413, 422)
    message = str(error_of(response)["message"])
    assert message.startswith("What was sent ")
    assert len(message) < 200
