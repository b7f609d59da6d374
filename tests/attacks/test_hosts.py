"""Requests that say they are for this machine, or from its own pages, and are not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import tiny
from http_client import TestClient, client_of, error_of

from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    tiny.register()
    with Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem("red", id="red")])
        yield collection


@pytest.fixture
def client(collection: Collection) -> Iterator[TestClient]:
    with client_of(collection) as client:
        yield client


@pytest.mark.parametrize(
    "host",
    [
        *("[::1]evil", "[::1]evil.example", "[::1].evil:80", "[::1]:80:evil", "[::1", "::1"),
        *("127.0.0.1:1:evil", "127.0.0.1:evil", "127.0.0.1:", "127.0.0.1:123456"),
        *("user@127.0.0.1", "127.0.0.1@evil", "127.0.0.1/evil", "127.0.0.1#", "127.0.0.1?"),
        *("localhost,evil", "localhost evil", "localhost.", "LOCALHOST.evil", "localhost\\evil"),
        *("0x7f.1", "2130706433", "127.1", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", ":80", "*"),
        *("", "localhost:80:80", "[::1]]", "[[::1]]"),
    ],
)
def test_no_other_host_passes(client: TestClient, host: str) -> None:
    response = client.get("/health", headers={"host": host})
    assert (response.status_code, error_of(response)["code"]) == (421, "wrong_host")


def test_any_host_that_is_none_is_refused_where_all_are_allowed(collection: Collection) -> None:
    with client_of(collection, Settings(allowed_hosts=("*",))) as client:
        for host in ("a b", "a:b", "[::1]evil", "a@b"):
            assert client.get("/health", headers={"host": host}).status_code == 421
        null = {"host": "", "origin": "null"}
        assert client.post("/v1/search", json={"text": "red"}, headers=null).status_code == 403


def test_two_hosts_are_none(client: TestClient) -> None:
    headers = [("host", "127.0.0.1"), ("host", "127.0.0.1")]
    assert client.get("/health", headers=headers).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "Cross-Site"},
        {"sec-fetch-site": "nonsense"},
        {"origin": "http://127.0.0.1", "sec-fetch-site": "cross-site"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "127.0.0.1"},
        {"origin": "http://127.0.0.1/"},
        {"origin": "http://evil@127.0.0.1"},
        {"origin": "http://127.0.0.1 http://evil.example"},
        {"origin": "file://127.0.0.1"},
        {"origin": "chrome-extension://127.0.0.1"},
    ],
)
def test_no_page_of_another_site_writes(client: TestClient, headers: dict[str, str]) -> None:
    for method, path in (
        ("POST", "/v1/search"),
        ("POST", "/v1/items"),
        ("DELETE", "/v1/items/red"),
    ):
        response = client.request(method, path, json={"text": "red"}, headers=headers)
        assert (response.status_code, error_of(response)["code"]) == (403, "wrong_origin")
    assert client.get("/v1/items/red", headers=headers).status_code == 200


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_its_own_pages_do(client: TestClient, site: str) -> None:
    headers = {"origin": "http://127.0.0.1", "sec-fetch-site": site}
    assert client.post("/v1/search", json={"text": "red"}, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/health", "GET, HEAD"),
        ("/v1/items", "GET, HEAD, POST"),
        ("/v1/items/red", "DELETE, GET, HEAD, PATCH"),
        ("/v1/search", "POST"),
        ("/v1/collections/current/items/red", "DELETE, GET, HEAD, PATCH"),
        ("/openapi.json", "GET, HEAD"),
    ],
)
def test_an_address_tells_all_its_methods(client: TestClient, path: str, methods: str) -> None:
    for method in ("PUT", "TRACE"):
        response = client.request(method, path)
        assert (response.status_code, response.headers["allow"]) == (405, methods)
        assert error_of(response)["code"] == "method_not_allowed"
    options = client.options(path)
    assert (options.status_code, options.headers["allow"]) == (204, methods)
    if "GET" in methods:
        head, get = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == get.headers["content-length"]
    assert client.options("/nothing").status_code == 404


def test_every_answer_has_headers_against_misuse(client: TestClient) -> None:
    for path in ("/health", "/nothing", "/v1/items/red", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
