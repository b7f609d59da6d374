"""Whom the service lets in, and how often."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of, error_of

from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.keys import Scope, new_key
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.collection import Collection

SCOPES: dict[str, list[Scope]] = {"both": ["read", "write"], "reader": ["read"], "adder": ["write"]}


@contextmanager
def guarded(collection: Collection, folder: Path, **settings: Any) -> Iterator[TestClient]:
    """A client of a service with three keys, whose secrets are their names."""
    with changing_keys(folder / "keys") as keys:
        keys += [new_key(name, scopes, name) for name, scopes in SCOPES.items()]
    with client_of(collection, Settings(api_key_file=folder / "keys", **settings)) as client:
        yield client


def by(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_what_each_key_may_do(collection: Collection, tmp_path: Path) -> None:
    with guarded(collection, tmp_path) as client:
        requests = {
            ("GET", "/v1/items"): "read",
            ("GET", "/v1/collections"): "read",
            ("GET", "/v1/collections/current"): "read",
            ("GET", "/v1/items/red/media"): "read",
            ("HEAD", "/v1/items/red/media"): "read",
            ("POST", "/v1/search"): "read",
            ("GET", "/nowhere"): "read",
            ("POST", "/v1/items"): "write",
            ("DELETE", "/v1/items/nothing"): "write",
            ("PUT", "/v1/items"): "write",
        }
        for (method, path), scope in requests.items():
            body = {"text": "red"} if method == "POST" else None
            for name, scopes in SCOPES.items():
                response = client.request(method, path, json=body, headers=by(name))
                refused = response.status_code in (401, 403)
                assert refused == (scope not in scopes), (method, path, name)
                if refused:
                    assert response.status_code == 403
                    assert f'scope="{scope}"' in response.headers["www-authenticate"]


@pytest.mark.parametrize("path", ["/health", "/ready", "/docs", "/openapi.json"])
def test_what_is_open(collection: Collection, tmp_path: Path, path: str) -> None:
    with guarded(collection, tmp_path) as client:
        for headers in ({}, by("wrong"), by("adder")):
            assert client.get(path, headers=headers).status_code in (200, 503)  # still loading


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([], "missing_api_key"),
        ([("authorization", "Bearer wrong")], "invalid_api_key"),
        ([("authorization", "Bearer")], "invalid_api_key"),
        ([("authorization", "Bearer ")], "invalid_api_key"),
        ([("authorization", "both")], "invalid_api_key"),
        ([("authorization", "Basic both")], "invalid_api_key"),
        ([("authorization", "Bearer both, Bearer both")], "invalid_api_key"),
        ([("authorization", "Bearer both"), ("authorization", "Bearer both")], "invalid_api_key"),
        ([("authorization", "Bearer " + "x" * 5000)], "invalid_api_key"),
        ([("authorization", b"Bearer \xff\xfe")], "invalid_api_key"),
        ([("x-api-key", "both")], "missing_api_key"),
    ],
)
def test_no_key_and_wrong_keys(
    collection: Collection, tmp_path: Path, headers: Any, code: str
) -> None:
    with guarded(collection, tmp_path) as client:
        response = client.get("/v1/items", headers=headers)
        assert response.status_code == 401
        assert (error_of(response)["code"], error_of(response)["type"]) == (
            code,
            "authentication_error",
        )
        assert response.headers["www-authenticate"].startswith("Bearer realm=")
        for scheme in ("Bearer both", "bearer both", "BEARER  both "):
            assert client.get("/v1/items", headers={"authorization": scheme}).status_code == 200


def test_a_body_is_not_read_without_a_key(collection: Collection, tmp_path: Path) -> None:
    with guarded(collection, tmp_path, body_bytes=1) as client:
        kind = {"content-type": "application/json"}
        refused = client.post("/v1/items", content=b"x" * 1000, headers=kind)
        assert refused.status_code == 401  # and not 413: nobody is told how long bodies may be
        assert client.post("/v1/items", content=b"xx", headers=kind | by("both")).status_code == 413


def test_the_rate_is_of_each_key_and_the_headers_say_it(
    collection: Collection, tmp_path: Path
) -> None:
    with guarded(collection, tmp_path, rate_limit="2/hour") as client:
        first, second, third = (client.get("/v1/items", headers=by("both")) for _ in range(3))
        assert [r.status_code for r in (first, second, third)] == [200, 200, 429]
        assert [r.headers["ratelimit-remaining"] for r in (first, second, third)] == ["1", "0", "0"]
        assert first.headers["ratelimit-limit"] == "2"
        assert first.headers["ratelimit-policy"] == "2;w=3600"
        assert error_of(third)["code"] == "rate_limited"
        assert 1795 <= int(third.headers["retry-after"]) <= 1800
        assert client.get("/v1/items", headers=by("reader")).status_code == 200
        assert all(client.get("/health").status_code == 200 for _ in range(5))


def test_guesses_of_keys_are_counted_for_their_address(
    collection: Collection, tmp_path: Path
) -> None:
    with guarded(collection, tmp_path, rate_limit="3/hour") as client:
        guesses = [client.get("/v1/items", headers=by(f"k{i}")).status_code for i in range(5)]
        assert guesses == [401, 401, 401, 429, 429]
        assert client.get("/v1/items", headers=by("both")).status_code == 200


def test_without_keys_the_rate_is_of_each_address(collection: Collection) -> None:
    settings = Settings(rate_limit="1/hour", forwarded_allow_ips=("*",))  # type: ignore[arg-type]
    with client_of(collection, settings) as client:
        for address in ("10.0.0.1", "10.0.0.2"):
            headers = {"x-forwarded-for": address}
            codes = [client.get("/v1/items", headers=headers).status_code for _ in range(2)]
            assert codes == [200, 429]


def test_the_document_says_which_keys_are_needed(
    client: TestClient, collection: Collection, tmp_path: Path
) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert paths["/v1/items"]["post"]["security"] == [{"key": ["write"]}, {}]
    with guarded(collection, tmp_path) as with_keys:
        document = with_keys.get("/openapi.json").json()
    paths = document["paths"]
    assert paths["/v1/search"]["post"]["security"] == [{"key": ["read"]}]
    assert paths["/health"]["get"]["security"] == []
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
