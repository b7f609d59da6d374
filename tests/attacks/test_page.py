"""The page's addresses, asked as no client writes them: nothing but its own files is given."""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from live_server import listening

from anysense.index.collection import Collection
from anysense.server.http.routes.pages.page import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BEYOND = FOLDER.parent / "http" / "settings.py"
RAW = (
    "/web/../http/settings.py",
    "/web/./../http/settings.py",
    "/web/%2e%2e/http/settings.py",
    "/web/%2e%2e%2fhttp%2fsettings.py",
    "/web/..%5chttp%5csettings.py",
    "/web/%252e%252e/http/settings.py",
    "/web/style/../../http/settings.py",
    "/web//" + str(BEYOND),
    "/web/" + str(BEYOND).replace("/", "%2f"),
    "/web/file://" + str(BEYOND),
    "/web/index.html%00.py",
    "/web/%ff%fe",
    "/web/" + "a/" * 2000 + "b.js",
    "//web/../http/settings.py",
    "/..%2fhttp/settings.py",
    "/web/../../../../../../../../etc/passwd",
)


@pytest.fixture
def address(tmp_path: Path) -> Iterator[tuple[str, int]]:
    with (
        Collection.create(tmp_path / "c", ["tiny"]) as collection,
        listening(collection) as (url, _),
    ):
        parts = urlsplit(url)
        yield str(parts.hostname), int(parts.port or 0)


def ask(address: tuple[str, int], target: str, method: str = "GET") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize("target", RAW)
def test_no_path_leads_out_of_the_folder(address: tuple[str, int], target: str) -> None:
    status, body = ask(address, target)
    assert status in (400, 404), body[:200]
    assert b"class Settings" not in body
    assert b"root:" not in body


def test_what_is_there_is_given_beside_them(address: tuple[str, int]) -> None:
    assert ask(address, "/web/index.html")[0] == 200
    assert ask(address, "/", "HEAD") == (200, b"")
    assert ask(address, "/", "TRACE")[0] == 405
