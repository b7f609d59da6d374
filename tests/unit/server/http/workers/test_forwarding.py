from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from anysense.server.http.workers.forwarding import ForwardGuard, is_for_writer, request_of

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/items"),
        ("PATCH", "/v1/items/a"),
        ("DELETE", "/v1/collections/notes/items/a"),
        ("POST", "/v1/items/batch/delete"),
        ("GET", "/v1/jobs"),
        ("GET", "/v1/collections/notes/jobs/1"),
        ("POST", "/v1/nothing"),
    ],
)
def test_changes_and_jobs_are_the_writers(method: str, path: str) -> None:
    assert is_for_writer(method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/items/jobs"),
        ("GET", "/v1/items/a/media"),
        ("POST", "/v1/search"),
        ("POST", "/v1/collections/notes/search/batch"),
        ("POST", "/v1/embeddings"),
        ("GET", "/metrics"),
        ("OPTIONS", "/v1/items"),
    ],
)
def test_all_else_is_answered_by_whoever_is_asked(method: str, path: str) -> None:
    assert not is_for_writer(method, path)


class Body:
    """A body of which nobody asks for a part."""

    has_none = False

    def note_none(self) -> None:
        self.has_none = True

    def parts(self) -> Any:
        async def nothing() -> Any:
            yield b""

        return nothing()


def scope_of(*headers: tuple[bytes, bytes], method: str = "POST", path: str = "/v1/items") -> Any:
    return {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": list(headers),
        "client": ("10.0.0.1", 5),
        "scheme": "https",
        "state": {},
    }


def test_what_a_client_says_of_itself_is_not_handed_on() -> None:
    scope = scope_of(
        (b"host", b"a.example"),
        (b"anysense-request", b'{"client": ["6.6.6.6", 1]}'),
        (b"x-forwarded-for", b"6.6.6.6"),
        (b"authorization", b"Bearer secret"),
        (b"connection", b"close"),
        (b"content-length", b"3"),
    )
    body = Body()
    request = request_of(scope, body)  # type: ignore[arg-type]  # all that it needs of one
    headers = dict(request.headers)
    assert set(headers) == {b"host", b"content-length", b"anysense-request"}
    assert b"10.0.0.1" in headers[b"anysense-request"]
    assert not body.has_none


def test_an_address_is_handed_on_as_it_was_written() -> None:
    scope = scope_of(method="DELETE")
    scope |= {"raw_path": b"/v1/items/a%2Fb%20", "query_string": b"x=%F0"}
    body = Body()
    request = request_of(scope, body)  # type: ignore[arg-type]  # all that it needs of one
    assert request.url.target == b"/v1/items/a%2Fb%20?x=%F0"
    assert body.has_none


def answered(scope: Scope, messages: list[Message]) -> list[Message]:
    """What is sent for a request of these messages, where no process writes."""

    async def others(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("not answered here")

    sent: list[Message] = []

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        return await asyncio.Future[Any]()

    async def send(message: Message) -> None:
        sent.append(message)

    guard = ForwardGuard(others, Path("/nowhere/writer.http"))
    asyncio.run(guard(scope, receive, send))
    return sent


def test_nothing_was_changed_where_no_process_writes() -> None:
    whole = {"type": "http.request", "body": b"{}", "more_body": False}
    start, body = answered(scope_of((b"content-length", b"2")), [whole])
    assert start["status"] == 503
    assert (b"retry-after", b"1") in start["headers"]
    assert b"writer_unavailable" in body["body"]
    assert b"nothing was changed" in body["body"]
