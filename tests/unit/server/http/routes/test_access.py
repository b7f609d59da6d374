"""What a client is told that it may do, with a key and without."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from http_client import TestClient, client_of

import anysense
from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.keys import new_key
from anysense.server.http.schemas.state import Access
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.collection import Collection


def access(client: TestClient, key: str | None = None) -> dict[str, Any]:
    headers = {} if key is None else {"authorization": f"Bearer {key}"}
    answer = client.get("/v1/access", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    return Access.model_validate(answer.json(), strict=True, extra="forbid").model_dump()


@pytest.mark.parametrize("key", [None, "whatever"])
def test_without_keys_everybody_may_do_everything(client: TestClient, key: str | None) -> None:
    assert access(client, key) == {
        "version": anysense.__version__,
        "needs_key": False,
        "scopes": ["read", "write"],
        "fetches_urls": False,
        "collections": ["current"],
    }


def test_a_key_tells_what_it_may_do(collection: Collection, tmp_path: Path) -> None:
    with changing_keys(tmp_path / "keys") as keys:
        keys += [
            new_key("ada", ("read",), "a-reader"),
            new_key("bob", ("write",), "a-writer"),
            new_key("cyd", ("write", "read"), "a-both"),
        ]
    settings = Settings(api_key_file=tmp_path / "keys", allow_url_fetch=True)
    with client_of(collection, settings, lifespan=False) as client:
        given = {key: access(client, key) for key in (None, "", "no-key", "a-reader", "a-writer")}
        assert all(one["needs_key"] and one["fetches_urls"] for one in given.values())
        told = {key: (one["scopes"], one["collections"]) for key, one in given.items()}
        assert told == {
            None: ([], []),
            "": ([], []),
            "no-key": ([], []),
            "a-reader": (["read"], ["current"]),
            "a-writer": (["write"], []),  # who may not read learns no names
        }
        assert access(client, "a-both")["scopes"] == ["read", "write"]
        assert client.post("/v1/access").status_code == 405
        head = client.head("/v1/access")
        assert (head.status_code, head.content) == (200, b"")
