"""Clients that hold connections without a word, or say it slowly, or say what is no HTTP."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from attacked import Attacked, Watch, attacked, raw_answer

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.integration, pytest.mark.slow]

HOST = b"Host: localhost\r\n"
POST = b"POST /v1/search HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n"
CLOSED = (BrokenPipeError, ConnectionResetError)
DEADLINES = {"header_seconds": 1.0, "body_seconds": 1.0, "body_rate": 1000, "answer_seconds": 1.0}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked(tmp_path_factory.mktemp("connections"), DEADLINES) as server:
        yield server


def answer_to(server: Attacked, request: bytes) -> tuple[int, str]:
    with server.connect() as connection:
        connection.sendall(request)
        return parsed(raw_answer(connection))


def parsed(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.rpartition(b"\r\n\r\n")
    assert b"content-type: application/json" in head
    assert b"nosniff" in head
    error = json.loads(body)["error"]
    assert error["message"].endswith(".")
    assert "bytearray" not in error["message"]
    return int(head.split()[1]), error["code"]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST * 2 + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\nA: " + b"a" * 100_000, 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"A: " + b"a" * 17_000 + b"\r\n\r\n", 431),
        (b"GET /?" + b"a" * 30_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 400),
    ],
)
def test_what_is_no_http_is_refused_in_json(server: Attacked, request_: bytes, status: int) -> None:
    assert answer_to(server, request_) == (status, "bad_request")


def test_a_refusal_of_head_is_a_head(server: Attacked) -> None:
    with server.connect() as connection:
        connection.sendall(b"HEAD /?" + b"a" * 30_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        answer = raw_answer(connection)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert answer.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("address", ["/v1/search", "/health", "//", "/v1/items/red"])
@pytest.mark.parametrize("host", [HOST, b"Host: elsewhere\r\n"])
def test_a_body_of_two_lengths_ends_the_connection(
    server: Attacked, address: str, host: bytes
) -> None:
    lengths = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    request = b"POST %s HTTP/1.1\r\n" % address.encode() + host + lengths
    with server.connect() as connection:
        connection.sendall(request + b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n")
        assert raw_answer(connection).count(b"HTTP/1.1 ") == 1


def test_what_comes_after_a_refusal_does_not_take_it_back(server: Attacked) -> None:
    with server.connect() as connection:
        connection.sendall(b"GET /?" + b"a" * 1_000_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        answer = b""
        while part := connection.recv(65536):  # no reset
            answer += part
    assert parsed(answer) == (431, "bad_request")


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HT",
        POST + b"Content-Length: 1000\r\n\r\n{",
        POST + b"Transfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_who_stops_in_the_middle_is_told_so(server: Attacked, request_: bytes) -> None:
    assert answer_to(server, request_) == (408, "too_slow")


def test_who_says_nothing_is_left(server: Attacked) -> None:
    with server.connect() as connection:
        assert raw_answer(connection) == b""


@pytest.mark.parametrize(
    ("request_", "piece"),
    [
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n"),
        (POST + b"Content-Length: 100000\r\n\r\n", b" "),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
)
def test_who_says_it_byte_by_byte_is_stopped(
    server: Attacked, request_: bytes, piece: bytes
) -> None:
    with server.connect() as connection:
        connection.sendall(request_)
        start = time.monotonic()
        with pytest.raises(CLOSED):  # noqa: PT012 - what is sent to a closed connection fails soon
            while time.monotonic() - start < 20:
                connection.sendall(piece)
                time.sleep(0.1)
            pytest.fail("it may go on for ever")


def test_a_slow_but_steady_body_is_read(server: Attacked) -> None:
    with server.connect() as connection:
        connection.sendall(POST + b"Connection: close\r\nContent-Length: 10014\r\n\r\n")
        for _ in range(20):
            connection.sendall(b" " * 500)
            time.sleep(0.1)
        connection.sendall(b'{"text":"red"}')
        assert raw_answer(connection).startswith(b"HTTP/1.1 200")


def test_a_body_of_tiny_chunks_is_refused(server: Attacked) -> None:
    with server.connect() as connection, Watch(server) as watch, pytest.raises(CLOSED):
        connection.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\n \r\n" * 5_000_000)
    assert watch.failures == []
    assert watch.stall < 1


@pytest.mark.parametrize(
    ("request_", "warnings"),
    [
        (b"", {1}),
        pytest.param(b"GET / HT", {1}, marks=pytest.mark.thorough),
        (POST + b"Content-Length: 1000\r\n\r\n{", {1}),
        # On a slow machine the first are closed, 5 s after an answer, before the last are there.
        (b"GET /health HTTP/1.1\r\n" + HOST + b"\r\n", {0, 1}),
    ],
    ids=["idle", "head", "body", "keep-alive"],
)
def test_more_sockets_than_descriptors_keep_nobody_out(
    tmp_path_factory: pytest.TempPathFactory, request_: bytes, warnings: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("sockets")
    patient = {"header_seconds": 300.0, "body_seconds": 300.0}
    with attacked(folder, patient, descriptors=200) as server, ExitStack() as sockets:
        for _ in range(400):
            connection = sockets.enter_context(server.connect())
            connection.sendall(request_)
        assert server.post("/v1/search", b'{"text":"red"}')[0] == 200
        assert server.post("/v1/items", b'{"text":"low red"}')[0] == 201
        log = server.log.read_text()
        assert "out of system resource" not in log
        assert log.count("as many as may be") in warnings
