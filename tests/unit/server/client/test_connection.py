"""What is sent again, how long is waited, and what it means that no answer comes."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
from live_server import handled_by

from anysense import AsyncClient, Client, NewItem, errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOUND = {"hits": [], "no_match": True, "state": "0-0-0"}


class Script:
    """Answers in turn, the last for ever: a status, headers, and a body or what to do."""

    def __init__(self, *answers: tuple[int, dict[str, str], Any]) -> None:
        self.answers = answers
        self.bodies: list[bytes] = []
        self.times: list[float] = []


@contextmanager
def scripted(*answers: tuple[int, dict[str, str], Any]) -> Iterator[tuple[str, Script]]:
    script = Script(*answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            script.times.append(time.monotonic())
            length = int(self.headers.get("content-length") or 0)
            script.bodies.append(self.rfile.read(length) if length else self._chunks())
            place = min(len(script.bodies), len(script.answers)) - 1
            status, headers, body = script.answers[place]
            if status == 0:  # hang up
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            if callable(body):
                body()
                body = {}
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"content-length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST  # noqa: N815 - as the base class calls it

        def _chunks(self) -> bytes:
            body = b""
            if self.headers.get("transfer-encoding") != "chunked":
                return body
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def log_message(self, *args: Any) -> None:
            pass

    with handled_by(Handler) as url:
        yield url, script


def refusal(code: str, message: str = "No.") -> dict[str, Any]:
    return {"error": {"message": message, "type": "t", "code": code, "param": None}}


@pytest.mark.parametrize("status", [429, 502, 503])
def test_what_is_over_soon_is_asked_again(status: int) -> None:
    busy = (status, {"retry-after": "0"}, refusal("busy"))
    with scripted(busy, busy, (200, {}, FOUND)) as (url, script), Client(url) as client:
        assert client.search("red").no_match
    assert len(script.bodies) == 3
    assert len(set(script.bodies)) == 1


def test_retry_after_is_kept_to() -> None:
    busy = (503, {"retry-after": "1"}, refusal("loading"))
    with scripted(busy, (200, {}, FOUND)) as (url, script), Client(url) as client:
        client.search("red")
    assert script.times[1] - script.times[0] >= 1.0


def test_it_gives_up_with_what_the_service_says() -> None:
    busy = (429, {"retry-after": "0"}, refusal("busy", "Too much waits."))
    with (
        scripted(busy) as (url, script),
        Client(url, retries=1) as client,
        pytest.raises(errors.BusyError, match="Too much waits"),
    ):
        client.search("red")
    assert len(script.bodies) == 2


@pytest.mark.parametrize("status", [400, 404, 500, 507])
def test_what_is_wrong_is_asked_once(status: int) -> None:
    with (
        scripted((status, {}, refusal("whatever", "Bad."))) as (url, script),
        Client(url) as client,
        pytest.raises(errors.AnysenseError, match="Bad"),
    ):
        client.search("red")
    assert len(script.bodies) == 1


def test_a_connection_that_breaks_off_is_made_again() -> None:
    answers = (0, {}, b""), (200, {}, FOUND)
    with scripted(*answers) as (url, script), Client(url) as client:
        assert client.search("red").no_match
    assert len(script.bodies) == 2


def test_an_upload_is_sent_again_from_its_beginning(tmp_path: Any) -> None:
    path = tmp_path / "long.txt"
    path.write_bytes(b"some words " * 50_000)
    item = {"id": "a", "source": "s", "kind": "text", "metadata": {}, "added_at": 1.0}
    answers = (503, {"retry-after": "0"}, refusal("loading")), (201, {}, item)
    with scripted(*answers) as (url, script), Client(url) as client:
        assert client.add(path).id == "a"
    assert all(path.read_bytes() in body for body in script.bodies)
    assert len(script.bodies) == 2


def test_nobody_there_is_said_in_a_sentence() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with (
        Client(url, retries=0) as client,
        pytest.raises(errors.ServiceUnreachableError, match=f"No service answers at {url}"),
    ):
        client.search("red")

    async def use() -> None:
        async with AsyncClient(url, retries=0) as other:
            await other.search("red")

    with pytest.raises(errors.ServiceUnreachableError):
        asyncio.run(use())


def test_time_is_bounded() -> None:
    gate = threading.Event()
    with scripted((200, {}, lambda: gate.wait(5))) as (url, script):
        try:
            with (
                Client(url, timeout=0.2) as client,
                pytest.raises(errors.DeadlineError, match=r"within 0\.2 s"),
            ):
                client.search("red")
        finally:
            gate.set()
    assert len(script.bodies) == 1  # it may still be at work


@pytest.mark.parametrize(
    ("status", "kind", "message"),
    [
        (404, errors.UsageError, r"404.*Nothing here"),
        (200, errors.ServiceError, "no answer of anysense"),
    ],
)
def test_what_is_no_service_of_ours_is_told(
    status: int, kind: type[errors.AnysenseError], message: str
) -> None:
    with (
        scripted((status, {"content-type": "text/html"}, b"<h1>Nothing   here</h1>")) as (url, _),
        Client(url) as client,
        pytest.raises(kind, match=message),
    ):
        client.search("red")


DEEP = b"[" * 100_000


@pytest.mark.parametrize(
    "answer",
    [
        DEEP,
        b'{"hits": [1], "no_match": true, "state": "0-0-0"}',
        b'{"hits": 5, "no_match": true, "state": "0-0-0"}',
        b"[]",
    ],
)
def test_an_answer_of_another_shape_is_no_answer(answer: bytes) -> None:
    with (
        scripted((200, {}, answer)) as (url, _),
        Client(url) as client,
        pytest.raises(errors.ServiceError, match="no answer of anysense"),
    ):
        client.search("red")


@pytest.mark.parametrize("answer", [DEEP, b'{"error": 5}', b'{"error": {"code": "busy"}}'])
def test_an_error_of_another_shape_is_told_as_it_is(answer: bytes) -> None:
    with (
        scripted((500, {}, answer)) as (url, _),
        Client(url) as client,
        pytest.raises(errors.ServiceError) as failed,
    ):
        client.search("red")
    assert len(str(failed.value)) < 2000


def test_pages_that_lead_to_themselves_end() -> None:
    page = {"items": [], "next_cursor": "a"}
    with scripted((200, {}, page)) as (url, script), Client(url) as client:
        assert list(client.items()) == []
    assert len(script.bodies) == 2


def test_a_download_that_breaks_off_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"as it was")
    with (
        scripted((200, {"content-length": "1000"}, b"abc")) as (url, _),
        Client(url, retries=0, timeout=0.5) as client,
        pytest.raises(errors.AnysenseError),
    ):
        client.download("a", path)
    assert [each.name for each in tmp_path.iterdir()] == ["a.bin"]
    assert path.read_bytes() == b"as it was"


def test_names_of_files_are_names() -> None:
    disposition = "attachment; filename*=utf-8''..%2F..%2Fetc%2Fpasswd"
    headers = {"content-disposition": disposition, "content-type": "text/plain"}
    with scripted((200, headers, b"abc")) as (url, _), Client(url) as client:
        assert client.media("a").name == "passwd"


def test_readiness_is_asked_once_and_told() -> None:
    loading = {"status": "loading", "reason": None}
    with scripted((503, {"retry-after": "30"}, loading)) as (url, script), Client(url) as client:
        status = client.ready()
    assert (status.status, status.is_ready) == ("loading", False)
    assert len(script.bodies) == 1


def test_a_file_that_is_not_there_is_told_before_anything_is_sent(tmp_path: Any) -> None:
    with scripted((200, {}, {})) as (url, script), Client(url) as client:
        with pytest.raises(errors.MediaError, match="does not exist"):
            client.add(tmp_path / "missing.png")
        with pytest.raises(errors.MediaError, match="no file"):
            client.add(NewItem(tmp_path))
    assert script.bodies == []
