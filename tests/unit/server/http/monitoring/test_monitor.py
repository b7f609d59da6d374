"""Ids of requests in every answer, and one line in the log for each request."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, error_of, search

if TYPE_CHECKING:
    from anysense.index.collection import Collection

MADE = r"[0-9a-f]{32}"


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """The records of the access log so far."""
    caplog.set_level(logging.INFO, "anysense.access")
    return lambda: [r for r in caplog.records if r.name == "anysense.access"]


def test_an_id_is_taken_over_or_made(client: TestClient) -> None:
    given = client.get("/health", headers={"x-request-id": "ab-1/2:3"})
    assert given.headers.get_list("x-request-id") == ["ab-1/2:3"]
    first, second = (client.get("/health").headers["x-request-id"] for _ in range(2))
    assert first != second
    assert len(first) == 32


@pytest.mark.parametrize("bad", ["", "a b", "x" * 129, "\x7f", "a\tb", "ä", "a\x00b"])
def test_an_id_that_could_do_harm_is_replaced(client: TestClient, bad: str) -> None:
    answer = client.get("/health", headers=[(b"x-request-id", bad.encode("latin-1"))])
    assert len(answer.headers["x-request-id"]) == 32


def test_two_ids_are_none(client: TestClient) -> None:
    answer = client.get("/health", headers=[("x-request-id", "a"), ("x-request-id", "b")])
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize(
    ("method", "address", "options", "status"),
    [
        ("GET", "/nowhere", {}, 404),
        ("PATCH", "/v1/search", {}, 405),
        ("GET", "/v1/items/nothing", {}, 404),
        ("POST", "/v1/search", {"json": {"k": 1}}, 422),
        ("POST", "/v1/search", {"content": b"{"}, 415),
        ("POST", "/v1/search", {"headers": {"content-length": "9" * 12}}, 413),
        ("GET", "/v1/items?limit=0", {}, 422),
        ("GET", "/health", {"headers": {"host": "other.example"}}, 421),
        ("POST", "/v1/search", {"headers": {"origin": "http://other.example"}}, 403),
    ],
)
def test_refusals_have_ids_too(
    client: TestClient, method: str, address: str, options: dict[str, Any], status: int
) -> None:
    options = {**options, "headers": {**options.get("headers", {}), "x-request-id": "mine"}}
    answer = client.request(method, address, **options)
    assert answer.status_code == status
    assert answer.headers["x-request-id"] == error_of(answer)["request_id"] == "mine"


def test_a_failure_has_an_id_and_its_traceback_is_logged_with_it(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("a secret")

    with client_of(collection) as client:
        served = client.app.state.service.collection()  # type: ignore[attr-defined]
        monkeypatch.setattr(served.retriever, "retrieve", broken)
        answer = client.post("/v1/search", json={"text": "a"}, headers={"x-request-id": "mine"})
    assert (answer.status_code, error_of(answer)["request_id"]) == (500, "mine")
    assert "secret" not in answer.text
    [failure] = [record for record in caplog.records if record.exc_info]
    assert failure.exc_info is not None
    assert "a secret" in str(failure.exc_info[1])


def test_a_request_has_one_line_with_what_happened(client: TestClient, lines: Any) -> None:
    search(client, text="a very private thing")
    client.get("/v1/items/private")
    answered, missing = (vars(record) for record in lines())
    assert (answered["method"], answered["route"], answered["status"]) == (
        "POST",
        "/v1/search",
        200,
    )
    assert (answered["key"], answered["code"]) == (None, None)
    assert answered["duration_ms"] > 0
    assert (missing["route"], missing["code"]) == ("/v1/items/{item_id}", "item_not_found")
    said = [record.getMessage() for record in lines()]
    assert [line.rpartition(" ")[2] for line in said] == ["code=-", "code=item_not_found"]
    assert not any("private" in line for line in said)


@pytest.mark.parametrize("probe", ["/health", "/ready", "/metrics"])
def test_probes_have_no_line(client: TestClient, lines: Any, probe: str) -> None:
    assert client.get(probe).headers["x-request-id"]
    assert lines() == []
