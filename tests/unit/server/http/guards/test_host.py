"""Whom the service answers, and how much it reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from http_client import TestClient, client_of, error_of, png, stored

from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.collection import Collection


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True),
        ("127.0.0.1:8000", True),
        ("LocalHost:1", True),
        ("[::1]:8000", True),
        ("evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example:8000", False),
        ("[::2]", False),
        ("", False),
    ],
)
def test_only_requests_for_this_machine_are_answered(
    client: TestClient, host: str, allowed: bool
) -> None:
    response = client.get("/health", headers={"host": host})
    assert response.status_code == (200 if allowed else 421)
    if not allowed:
        assert error_of(response)["code"] == "wrong_host"


def test_any_host_may_be_allowed(collection: Collection) -> None:
    with client_of(collection, Settings(allowed_hosts=("*",))) as client:
        assert client.get("/health", headers={"host": "any.example"}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:81", "http://["]
)
def test_pages_of_other_sites_change_nothing(
    client: TestClient, collection: Collection, origin: str
) -> None:
    headers = {"origin": origin}
    added = client.post("/v1/items", json={"text": "red"}, headers=headers)
    assert (added.status_code, error_of(added)["type"]) == (403, "permission_error")
    upload = {"file": ("a.png", png("red"))}
    assert client.post("/v1/items", files=upload, headers=headers).status_code == 403
    assert client.delete("/v1/items/red", headers=headers).status_code == 403
    assert collection.info()["items"] == 8
    same_site = client.post(
        "/v1/search", json={"text": "red"}, headers={"origin": "http://127.0.0.1"}
    )
    assert same_site.status_code == 200
    assert "access-control-allow-origin" not in same_site.headers


def test_bodies_are_limited(collection: Collection) -> None:
    settings = Settings(body_bytes=1000, upload_bytes=3000)
    with client_of(collection, settings) as client:
        stated = client.post("/v1/search", json={"text": "x" * 2000})
        assert stated.status_code == 413
        assert error_of(stated)["code"] == "body_too_large"

        def pieces() -> Iterator[bytes]:
            yield b'{"text": "'
            for _ in range(100):
                yield b"x" * 100

        kind = {"content-type": "application/json"}
        unstated = client.post("/v1/search", content=pieces(), headers=kind)
        assert unstated.status_code == 413
        assert error_of(unstated)["code"] == "body_too_large"
        text = {"file": ("a.txt", b"red " * 400)}
        assert client.post("/v1/items", files=text).status_code == 201
        assert client.post("/v1/search", files={"image": ("a", b"x" * 1600)}).status_code == 413
        long = {"file": ("a.txt", b"red " * 1000)}
        assert client.post("/v1/items", files=long).status_code == 413
        assert len(stored(collection)) == 1
