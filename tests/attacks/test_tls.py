"""Clients that connect to a service of HTTPS, and do not, or only slowly, agree on keys."""

from __future__ import annotations

import socket
import ssl
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest
import tiny
from attacked import Attacked, attacked, raw_answer
from certificates import write_certificate
from service_process import SCRIPT, serving, wait_until_loaded

from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.slow]
DEADLINES = {"header_seconds": 1.0, "body_seconds": 1.0, "answer_seconds": 1.0}
PATIENT = {"header_seconds": 300.0, "body_seconds": 300.0}
REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
LET_GO = 30.0
"""A handshake that nobody bounds has a minute."""


def files_of(folder: Path) -> dict[str, Any]:
    certificate, key = write_certificate(folder)
    return {"ssl_certfile": str(certificate), "ssl_keyfile": str(key)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    folder = tmp_path_factory.mktemp("tls")
    with attacked(folder, {**DEADLINES, **files_of(folder)}) as server:
        yield server


def trusting_anybody() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def answers(port: int) -> bool:
    url = f"https://127.0.0.1:{port}/v1/search"
    return httpx.post(url, json={"text": "red"}, verify=False, timeout=60).status_code == 200


def first_words() -> bytes:
    """What a client says first of all."""
    outgoing = ssl.MemoryBIO()
    client = trusting_anybody().wrap_bio(ssl.MemoryBIO(), outgoing)
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0], ids=["silent", "half", "no-keys"])
def test_who_does_not_end_the_handshake_is_left(server: Attacked, share: float) -> None:
    words = first_words()
    with server.connect() as connection:
        connection.settimeout(LET_GO)
        connection.sendall(words[: int(len(words) * share)])
        raw_answer(connection)  # ends when the service closes it
    assert answers(server.port)


def test_a_handshake_byte_by_byte_is_stopped(server: Attacked) -> None:
    start = time.monotonic()
    with server.connect() as connection, pytest.raises(OSError):  # noqa: PT012
        for byte in first_words() * 100:
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
            assert time.monotonic() - start < LET_GO
    assert answers(server.port)


@pytest.mark.parametrize("words", [REQUEST, b"\x00" * 100_000, b"\x16\x03\x01\xff\xff" + b"a" * 99])
def test_what_is_no_tls_harms_nobody(server: Attacked, words: bytes) -> None:
    for _ in range(20):
        with server.connect() as connection:
            try:
                connection.sendall(words)
                assert b"HTTP" not in raw_answer(connection)
            except (BrokenPipeError, ConnectionResetError):
                pass
    assert answers(server.port)
    assert "Traceback" not in server.log.read_text()


def test_what_comes_after_a_refusal_does_not_take_it_back(server: Attacked) -> None:
    with trusting_anybody().wrap_socket(server.connect()) as connection:
        connection.sendall(b"GET /?" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert raw_answer(connection).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "is_agreed",
    [pytest.param(False, marks=pytest.mark.thorough), True],
    ids=["no-handshake", "no-request"],
)
def test_more_sockets_than_descriptors_keep_nobody_out(tmp_path: Path, is_agreed: bool) -> None:
    settings = {**PATIENT, **files_of(tmp_path)}
    with attacked(tmp_path, settings, descriptors=200) as server, ExitStack() as sockets:
        for _ in range(400):
            connection = server.connect()
            if is_agreed:
                connection = trusting_anybody().wrap_socket(connection)
            sockets.enter_context(connection)
        assert answers(server.port)
        log = server.log.read_text()
        assert "out of system resource" not in log
        assert "Traceback" not in log


def test_only_clients_with_a_certificate_are_answered_if_that_is_asked(tmp_path: Path) -> None:
    files = files_of(tmp_path)
    own = trusting_anybody()
    own.load_cert_chain(files["ssl_certfile"], files["ssl_keyfile"])
    tiny.register()
    with Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem("red", id="red")])
    settings = {**files, "ssl_ca_certs": files["ssl_certfile"]}
    words = [f"--{name.replace('_', '-')}={value}" for name, value in settings.items()]
    arguments = (tmp_path / "c.anysense", *words)
    with serving(*arguments, log=tmp_path / "log", scheme="https", trust=own) as (_, port):
        url = f"https://127.0.0.1:{port}/v1/items"
        assert httpx.get(url, verify=own).status_code == 200
        with pytest.raises(httpx.TransportError):
            httpx.get(url, verify=trusting_anybody())


@pytest.mark.skipif(sys.platform == "win32", reason="sockets of Unix")
def test_several_processes_speak_it_also_after_one_was_killed(tmp_path: Path) -> None:
    tiny.register()
    with Collection.create(tmp_path / "c.anysense", ["tiny"]) as collection:
        collection.add([NewItem("red", id="red")])
    words = [f"--{name.replace('_', '-')}={value}" for name, value in files_of(tmp_path).items()]
    arguments = (tmp_path / "c.anysense", *words, "--workers", "2")
    log = tmp_path / "log"
    with serving(*arguments, log=log, scheme="https", program=SCRIPT) as (process, port):
        url = f"https://127.0.0.1:{port}/v1/items"

        def add(item_id: str) -> int:
            body = {"text": "blue", "id": item_id}
            return httpx.post(url, json=body, verify=False, timeout=60).status_code

        wait_until_loaded(f"https://127.0.0.1:{port}", log)
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        assert add("one") == 201
        for connection in silent:
            connection.sendall(REQUEST)
            raw_answer(connection)
            connection.close()
        assert all(answers(port) for _ in range(6))
        former = psutil.Process(process.pid).children()
        for child in former:
            child.kill()
        psutil.wait_procs(former, timeout=30)
        deadline = time.monotonic() + 120
        while True:
            try:
                wait_until_loaded(f"https://127.0.0.1:{port}", log)
                break
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        assert add("two") == 201
        assert all(answers(port) for _ in range(6))
        assert httpx.get(f"{url}/one", verify=False).status_code == 200
        assert "Traceback" not in log.read_text()
