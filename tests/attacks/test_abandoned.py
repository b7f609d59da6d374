"""Clients that ask for much and go away: what they asked for ends, and nobody else waits for it."""

from __future__ import annotations

import json
import socket
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from slow_service import slow_service

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.integration
LONG = "word " * 20 * 200  # 200 passages, each of which takes the model 20 ms


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    with slow_service(tmp_path) as port:
        yield port


def post_and_leave(port: int, address: str, body: dict[str, Any], after: float = 0.5) -> None:
    content = json.dumps(body).encode()
    head = (
        f"POST {address} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    with closing(socket.create_connection(("127.0.0.1", port))) as connection:
        connection.sendall(head.encode() + content)
        time.sleep(after)


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("/v1/search", {"text": LONG}),
        ("/v1/search", {"terms": [{"text": LONG + str(i)} for i in range(16)]}),
        ("/v1/search", {"text": "red", "not": [LONG, LONG]}),
        ("/v1/items", {"text": LONG}),
    ],
)
def test_what_clients_leave_ends(port: int, address: str, body: dict[str, Any]) -> None:
    leavers = [
        threading.Thread(target=post_and_leave, args=(port, address, body)) for _ in range(8)
    ]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        before = client.get("/v1/items").json()
        for leaver in leavers:
            leaver.start()
        time.sleep(0.2)
        start = time.monotonic()
        assert client.get("/v1/items/red").status_code == 200
        assert time.monotonic() - start < 5
        for leaver in leavers:
            leaver.join()
        start = time.monotonic()
        assert client.post("/v1/search", json={"text": "red"}).status_code == 200
        assert time.monotonic() - start < 10  # 8 x 200 passages are 32 s
        assert client.get("/v1/items").json() == before  # nothing was added


def test_a_deadline_is_kept_whatever_is_asked(port: int) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
        for address in ("/v1/search", "/v1/items"):
            start = time.monotonic()
            answer = client.post(address, json={"text": LONG, "timeout": 0.5})
            assert (answer.status_code, answer.json()["error"]["code"]) == (504, "deadline")
            assert time.monotonic() - start < 3  # one is 4 s
        assert len(client.get("/v1/items").json()["items"]) == 1


@pytest.mark.parametrize("timeout", [0, -1, 1e9, "x", []])
def test_a_deadline_that_is_none_is_refused(port: int, timeout: Any) -> None:
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/search", json={"text": "red", "timeout": timeout}
    )
    assert (answer.status_code, answer.json()["error"]["param"]) == (422, "timeout")
