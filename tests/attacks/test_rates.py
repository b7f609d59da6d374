"""Attempts to ask more often than a service allows: no spelling of a request is another client."""

from __future__ import annotations

import re
import socket
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
import tiny
from service_process import SCRIPT, serving

from anysense.index.collection import Collection
from anysense.index.types import NewItem
from anysense.server.http.access.key_file import changing_keys
from anysense.server.http.access.keys import new_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration

NO_PROXY = ("--forwarded-allow-ips", "192.0.2.1")
BURST = 1000
SLOW_RATE = f"10/day:{BURST}"
"""No token comes back while a test runs."""

ADA, BOB = "Authorization: Bearer secret-a", "Authorization: Bearer secret-b"
SAME_KEY = [
    ADA,
    "AUTHORIZATION: Bearer secret-a",
    "authorization: bearer secret-a",
    "Authorization: BEARER secret-a",
    "Authorization:Bearer secret-a",
    "Authorization:   Bearer    secret-a   ",
    "Authorization: Bearer \tsecret-a",
    f"{ADA}\r\nX-Forwarded-For: 198.51.100.7",
    f"{ADA}\r\nX-Api-Key: secret-b",
    f"{ADA}\r\nCookie: a=b",
]
NO_KEY = [
    "",
    "X-Forwarded-For: 198.51.100.7",
    "X-Forwarded-For: 198.51.100.8, 127.0.0.1",
    "X-Forwarded-For: nonsense",
    "X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 198.51.100.9",
    "Forwarded: for=198.51.100.7",
    "X-Real-IP: 198.51.100.7",
    "True-Client-IP: 198.51.100.7",
    "Via: 1.1 other",
    'Anysense-Request: {"client": ["198.51.100.7", 1], "key_name": "eve"}',
    "Authorization: Bearer wrong",
    "Authorization: Bearer another",
    "Authorization: Basic c2VjcmV0LWE6",
    f"{ADA}\r\n{ADA}",
    f"{ADA}\r\n{BOB}",
]


def remaining(port: int, lines: str, request: str = "GET /v1/items") -> tuple[int, int | None]:
    """The status of an answer, and how many requests its client may still make."""
    head = f"{request} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n{lines}\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"{head}\r\n".encode() if lines else head.encode())
        answer = b""
        while part := connection.recv(65536):
            answer += part
    left = re.search(rb"ratelimit-remaining: (\d+)", answer)
    return int(answer.split()[1]), None if left is None else int(left[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tiny.register()
    folder = tmp_path_factory.mktemp("rates")
    with Collection.create(folder / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem("red", id="red")])
    with changing_keys(folder / "keys") as keys:
        keys.append(new_key("ada", ["read", "write"], "secret-a"))
        keys.append(new_key("bob", ["read"], "secret-b"))
    return folder


@pytest.fixture(scope="module")
def with_keys(folder: Path) -> Iterator[int]:
    options = ("--api-key-file", folder / "keys", "--root-path", "/shown", *NO_PROXY)
    arguments = (folder / "c.anysense", *options, "--rate-limit", SLOW_RATE)
    with serving(*arguments, log=folder / "with-keys") as (_, port):
        yield port


@pytest.fixture(scope="module")
def without_keys(folder: Path) -> Iterator[int]:
    arguments = (folder / "c.anysense", *NO_PROXY, "--rate-limit", SLOW_RATE)
    with serving(*arguments, log=folder / "without-keys") as (_, port):
        yield port


def test_a_key_is_one_client_however_it_is_written(with_keys: int) -> None:
    _, before = remaining(with_keys, ADA)
    assert before is not None
    for number, lines in enumerate(SAME_KEY, 1):
        assert remaining(with_keys, lines) == (200, before - number), lines


def test_who_has_no_key_is_one_client_whatever_else_it_says(
    with_keys: int, without_keys: int
) -> None:
    for port, status in ((with_keys, 401), (without_keys, 200)):
        _, before = remaining(port, "")
        assert before is not None
        for number, lines in enumerate(NO_KEY, 1):
            assert remaining(port, lines) == (status, before - number), lines


ADDRESSES = [
    "/v1/items",
    "/v1/items/",
    "/v1/items?limit=1",
    "/v1/items/red",
    "/v1/collections",
    "/v1/collections/c/items",
    "/v1/collections/current/items",
    "/shown/v1/items",
    "/shown/v1/collections/c/items",
    "//v1/items",
    "/V1/items",
    "/%761/items",
    "http://127.0.0.1/v1/items",
    "/metrics",
    "/docs",
    "/openapi.json",
    "/nowhere",
    "/health/",
    "/health/v1/items",
    "/shown",
]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE", "TRACE", "SEARCH"])
def test_no_address_and_no_method_is_free(with_keys: int, method: str) -> None:
    _, before = remaining(with_keys, BOB)
    assert before is not None
    for number, address in enumerate(ADDRESSES, 1):
        _, left = remaining(with_keys, f"{BOB}\r\nContent-Length: 0", f"{method} {address}")
        assert left == before - number, address


def test_over_the_rate_all_is_refused_but_probes_and_others(folder: Path) -> None:
    options = ("--api-key-file", folder / "keys", *NO_PROXY, "--rate-limit", "3/day")
    with serving(folder / "c.anysense", *options, log=folder / "over") as (_, port):
        assert [remaining(port, ADA)[0] for _ in range(5)] == [200, 200, 200, 429, 429]
        for lines in SAME_KEY:
            for request in ("GET /v1/collections/c/items", "HEAD /v1/items", "OPTIONS /v1/items"):
                assert remaining(port, lines, request) == (429, 0)
        url = f"http://127.0.0.1:{port}"
        with httpx.Client(headers={"authorization": "Bearer secret-a"}) as client:  # one connection
            answer = client.post(f"{url}/v1/search", json={"text": "red"})
            assert answer.json()["error"]["code"] == "rate_limited"
            assert int(answer.headers["retry-after"]) > 3600
        assert remaining(port, BOB) == (200, 2)
        assert remaining(port, ADA, "GET /health") == (200, None)
        for _ in range(3):  # guesses are of the address, and a key is not refused for them
            remaining(port, "Authorization: Bearer guess")
        assert remaining(port, "Authorization: Bearer guess") == (429, 0)
        assert remaining(port, BOB) == (200, 1)


@pytest.mark.skipif(sys.platform == "win32", reason="sockets of Unix")
def test_several_processes_allow_no_more_than_each_of_them(folder: Path) -> None:
    rate, processes = 8, 2
    options = ("--rate-limit", f"{rate}/day", *NO_PROXY, "--workers", str(processes))
    arguments = (folder / "c.anysense", *options)
    with serving(*arguments, log=folder / "several", program=SCRIPT) as (_, port):
        requests = ["GET /v1/items", "DELETE /v1/items/none", "GET /v1/jobs"]
        statuses = [
            remaining(port, "", requests[number % len(requests)])[0] for number in range(60)
        ]
        assert rate <= 60 - statuses.count(429) <= rate * processes
        assert set(statuses) == {200, 404, 429}
