"""Which addresses need which key."""

from __future__ import annotations

import pytest

from anysense.server.http.access.scopes import is_open, public_path, route_path, scopes_needed


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/ready",
        "/docs",
        "/docs/a.js",
        "/openapi.json",
        "/",
        "",
        "/web/",
        "/web/a/b.js",
        "/v1/access",
    ],
)
def test_what_is_for_everybody(path: str) -> None:
    assert is_open(path)


@pytest.mark.parametrize(
    "path",
    [
        "//",
        "/v1/access/",
        "/v2/access",
        "/v1/collections/a/access",
        "/web",
        "/webs/a.js",
        "/v1/web/a.js",
        "/health/",
        "/health/x",
        "/Health",
        "//health",
        "/docsx",
        "/metrics",
        "/v1/items",
        "/v1/docs",
        "/openapi.json/x",
        "/openapixjson",
        "/docs\n",
    ],
)
def test_what_is_not(path: str) -> None:
    assert not is_open(path)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/v1/items", "read"),
        ("HEAD", "/v1/items/a/media", "read"),
        ("OPTIONS", "/v1/items", "read"),
        ("POST", "/v1/search", "read"),
        ("POST", "/v1/search/batch", "read"),
        ("POST", "/v1/search/explain", "read"),
        ("POST", "/v1/queries", "read"),
        ("POST", "/v1/queries/q-1", "write"),
        ("POST", "/v1/embeddings", "read"),
        ("POST", "/v1/collections/a/search", "read"),
        ("POST", "/v1/items", "write"),
        ("POST", "/v1/collections/search/items", "write"),
        ("POST", "/v1/collections/a/b/search", "write"),
        ("POST", "/v1/items/search", "write"),
        ("POST", "/v1/search/", "write"),
        ("POST", "/x/v1/search", "write"),
        ("POST", "/v1/search\n", "write"),
        ("DELETE", "/v1/search", "write"),
        ("PUT", "/v1/search", "write"),
        ("MADE-UP", "/v1/items", "write"),
        ("get", "/v1/items", "write"),
    ],
)
def test_the_scope_that_is_needed(method: str, path: str, scope: str) -> None:
    assert scopes_needed(method, path) == (scope,)


def test_what_answers_with_an_item_needs_to_read_too() -> None:
    assert set(scopes_needed("PATCH", "/v1/items/a")) == {"read", "write"}


@pytest.mark.parametrize(
    ("root", "path", "routed", "public"),
    [
        ("", "/health", "/health", "/health"),
        ("/a", "/a/health", "/health", "/a/health"),
        ("/a", "/health", "/health", "/a/health"),
        ("/a", "/ab/health", "/ab/health", "/a/ab/health"),
        ("/a", "/a", "", "/a"),
    ],
)
def test_paths_below_that_of_a_proxy(root: str, path: str, routed: str, public: str) -> None:
    connection = {"path": path, "root_path": root}
    assert route_path(connection) == routed
    assert public_path(connection) == public
