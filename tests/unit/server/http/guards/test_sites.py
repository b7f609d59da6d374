"""The sites whose pages may use the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import TestClient, client_of, error_of

from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.collection import Collection

APP = "https://app.example"


@pytest.fixture
def shared(collection: Collection) -> Iterator[TestClient]:
    settings = Settings(allowed_origins=(APP,), api_key="0123456789abcdef")  # type: ignore[arg-type]
    with client_of(collection, settings) as client:
        yield client


def ask(client: TestClient, origin: str, method: str = "POST") -> object:
    headers = {
        "origin": origin,
        "access-control-request-method": method,
        "access-control-request-headers": "authorization, content-type",
    }
    return client.options("/v1/search", headers=headers)


def test_an_allowed_site_may_ask_and_read(shared: TestClient) -> None:
    asked = ask(shared, APP)
    assert asked.status_code == 200  # type: ignore[attr-defined]
    allowed = asked.headers  # type: ignore[attr-defined]
    assert allowed["access-control-allow-origin"] == APP
    assert "authorization" in allowed["access-control-allow-headers"]
    assert "DELETE" in allowed["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in allowed
    headers = {"origin": APP, "authorization": "Bearer 0123456789abcdef"}
    added = shared.post("/v1/items", json={"text": "red"}, headers=headers)
    assert added.status_code == 201
    assert added.headers["access-control-allow-origin"] == APP
    assert "Origin" in added.headers["vary"]


def test_its_pages_can_read_errors_too(shared: TestClient) -> None:
    refused = shared.post("/v1/items", json={"text": "red"}, headers={"origin": APP})
    assert (refused.status_code, error_of(refused)["code"]) == (401, "missing_api_key")
    assert refused.headers["access-control-allow-origin"] == APP


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "http://app.example",
        "https://app.example:8443",
        "null",
        "https://app.example.evil.example",
        "https://sub.app.example",
        "HTTPS://APP.EXAMPLE",
    ],
)
def test_other_sites_may_not(shared: TestClient, origin: str) -> None:
    asked = ask(shared, origin)
    key = {"authorization": "Bearer 0123456789abcdef"}
    got = shared.get("/v1/items", headers={"origin": origin, **key})
    posted = shared.post("/v1/items", json={"text": "x"}, headers={"origin": origin, **key})
    assert posted.status_code == 403
    for response in (asked, got, posted):
        headers = response.headers  # type: ignore[attr-defined]
        assert [name for name in headers if name.startswith("access-control-")] == []


def test_a_method_that_there_is_not_is_answered_as_all_errors_are(shared: TestClient) -> None:
    assert error_of(ask(shared, APP, "TRACE"))["code"] == "missing_api_key"
