"""What proxies say, and whether it is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of

from anysense.server.http.app import create_app
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from anysense.index.collection import Collection


def add(client: TestClient, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/v1/items", json={"text": "red"}, headers=named).status_code


def of_peer(collection: Collection, peer: str, **settings: Any) -> TestClient:
    app = create_app(collection, Settings(**settings))
    return TestClient(app, base_url="http://127.0.0.1", client=(peer, 50000))


ORIGIN = "https://search.example"


@pytest.mark.parametrize("host", ["search.example", "other.example, search.example"])
def test_the_public_host_of_a_proxy_is_what_an_origin_is_compared_with(
    collection: Collection, host: str
) -> None:
    client = of_peer(collection, "127.0.0.1")
    assert add(client, origin=ORIGIN, x_forwarded_host=host) == 201
    assert add(client, origin=ORIGIN) == 403
    assert add(client, origin="https://evil.example", x_forwarded_host=host) == 403


def test_nobody_else_is_believed(collection: Collection) -> None:
    client = of_peer(collection, "10.0.0.9", allowed_hosts=("*",))
    assert add(client, origin=ORIGIN, x_forwarded_host="search.example") == 403
    trusted = of_peer(
        collection, "10.0.0.9", allowed_hosts=("*",), forwarded_allow_ips=("10.0.0.0/8",)
    )
    assert add(trusted, origin=ORIGIN, x_forwarded_host="search.example") == 201


def test_a_rebound_name_is_refused_whatever_it_says_of_itself(collection: Collection) -> None:
    client = of_peer(collection, "127.0.0.1")
    for name in ("evil.example", "127.0.0.1", "localhost"):
        refused = add(
            client, host="evil.example", origin="http://evil.example", x_forwarded_host=name
        )
        assert refused == 421


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("search.example", "https://search.example", 201),
        ("search.example:443", "https://search.example", 201),
        ("search.example", "https://search.example:443", 201),
        ("search.example:80", "http://search.example", 201),
        ("SEARCH.example:8443", "https://search.example:8443", 201),
        ("search.example", "https://search.example:8443", 403),
        ("search.example:443", "http://search.example", 403),
        ("search.example", "https://search.example.evil.example", 403),
        ("search.example", "https://evil.example:443", 403),
        ("search.example", "null", 403),
        ("search.example", "", 403),
        ("search.example", "https://", 403),
        ("search.example", "search.example", 403),
    ],
)
def test_an_origin_is_that_of_the_host(
    collection: Collection, host: str, origin: str, status: int
) -> None:
    with client_of(collection, Settings(allowed_hosts=("search.example",))) as client:
        assert add(client, host=host, origin=origin) == status


def test_addresses_below_the_path_of_a_proxy(collection: Collection) -> None:
    with client_of(collection, Settings(root_path="/any", body_bytes=500)) as client:
        for path in ("/any/v1/items", "/v1/items"):
            added = client.post(path, json={"text": "red", "id": "a"})
            assert added.status_code == 201
            assert added.headers["location"] == "/any/v1/items/a"
            assert client.get("/any/v1/items/a").status_code == 200
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/any"}]
        assert 'src="docs/start.js"' in client.get("/any/docs").text  # beside the page
        upload = {"file": ("a.txt", b"red " * 1000)}
        assert client.post("/any/v1/collections/current/items", files=upload).status_code == 201
