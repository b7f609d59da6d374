"""Connections whose clients read slowly, or not at all."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
from certificates import write_certificate
from uvicorn import Config, Server

from anysense.server.http.connections import protocol
from anysense.server.http.connections.capacity import Capacity
from anysense.server.http.connections.tls import protocol_of
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

BODY_BYTES = 8 << 20
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\n"


async def large(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers everything with one large body, as it is."""
    length = str(BODY_BYTES).encode()
    headers = [(b"content-length", length)]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"a" * BODY_BYTES})


async def bytes_read(
    answer_seconds: float,
    request: bytes,
    pauses: list[float],
    certificate: ssl.SSLContext | None = None,
) -> int:
    """How much of the answer comes to a client that pauses before each of as many equal parts."""
    settings = Settings(answer_seconds=answer_seconds)
    config = Config(
        large,
        http=protocol_of(settings, Capacity(10, 16), certificate),  # type: ignore[arg-type]  # a class
        lifespan="off",
        log_config=None,
        timeout_keep_alive=1,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = Server(config)
    serving = asyncio.create_task(server.serve([listening]))
    try:
        port, is_tls = listening.getsockname()[1], certificate is not None
        return await asyncio.to_thread(read, port, request, pauses, is_tls=is_tls)
    finally:
        server.should_exit = True
        await serving


def read(port: int, request: bytes, pauses: list[float], *, is_tls: bool) -> int:
    count, most = 0, BODY_BYTES + 1000
    with ExitStack() as stack:
        connection = stack.enter_context(socket.socket())
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
        connection.settimeout(30)
        connection.connect(("127.0.0.1", port))
        if is_tls:
            trusting = ssl.create_default_context()
            trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
            connection = stack.enter_context(trusting.wrap_socket(connection))
        connection.sendall(request)
        try:
            for number, pause in enumerate(pauses, 1):
                time.sleep(pause)
                while count < most * number // len(pauses):
                    part = connection.recv(1 << 16)
                    if not part:
                        return count
                    count += len(part)
        except (ConnectionResetError, ssl.SSLEOFError):
            pass
    return count


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LAST_SECONDS", 0.5)


@pytest.mark.parametrize("ending", [b"\r\n", b"Connection: close\r\n\r\n"])
def test_who_reads_slowly_gets_the_whole_answer(ending: bytes) -> None:
    pauses = [0.4] * 10  # more than any of the deadlines, all together
    assert asyncio.run(bytes_read(3.0, REQUEST + ending, pauses)) > BODY_BYTES


@pytest.mark.parametrize("ending", [b"\r\n", b"Connection: close\r\n\r\n"])
def test_who_reads_nothing_is_cut_off(ending: bytes) -> None:
    assert asyncio.run(bytes_read(0.5, REQUEST + ending, [3.0])) < BODY_BYTES


def test_who_reads_slowly_over_tls_gets_the_whole_answer(tmp_path: Path) -> None:
    certificate = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.load_cert_chain(*write_certificate(tmp_path))
    pauses = [0.4] * 10
    assert asyncio.run(bytes_read(3.0, REQUEST + b"\r\n", pauses, certificate)) > BODY_BYTES
