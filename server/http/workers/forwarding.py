"""What a process that reads hands on to the one that writes."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpcore
from starlette.requests import ClientDisconnect

from anysense.server.http.access.scopes import route_path, scopes_needed
from anysense.server.http.errors import RequestError, error_response, refusal_response
from anysense.server.http.monitoring.record import REQUEST_ID, current_request
from anysense.server.http.workers.facts import ANSWER, REQUEST, pack, take

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["ForwardGuard", "is_for_writer"]

JOBS = re.compile(r"/v\d+(/collections/[^/]+)?/jobs(/.*)?")
"""Jobs are the writer's, to look at too: it alone knows how they stand."""
CONNECT_SECONDS = 2.0
BETWEEN_TWO = {
    *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding"),
    *(b"upgrade", b"expect"),
}
"""Headers of one connection, which go no further."""
READ_HERE = {
    *(b"authorization", b"cookie", b"origin", b"sec-fetch-site", b"forwarded"),
    *(b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", REQUEST_ID.encode(), REQUEST),
}
"""Headers that this process has judged, or that it says itself."""
SET_HERE = {b"date", b"server", REQUEST_ID.encode(), ANSWER}
"""Headers of answers that this process gives."""

IS_DOWN = "The process that writes is being started again: nothing was changed. Try again."
HAS_ENDED = (
    "The process that writes ended before it had answered: what this was to change may have been "
    "changed. Try again."
)


def is_for_writer(method: str, path: str) -> bool:
    """Whether a request changes something, or is about jobs."""
    return "write" in scopes_needed(method, path) or JOBS.fullmatch(path) is not None


class ForwardGuard:
    """Hands on what changes something, as it comes, and the answer to it.

    Each request has a connection of its own: one that was kept open could be closed at the moment
    at which it is used again, and nobody would know whether the request was read.

    Args:
        app: answers all other requests.
        socket: where the process that writes listens.
    """

    def __init__(self, app: ASGIApp, socket: Path) -> None:
        self.app = app
        self._pool = httpcore.AsyncConnectionPool(
            uds=str(socket), max_connections=None, max_keepalive_connections=0
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_for_writer(scope["method"], route_path(scope)):
            await self.app(scope, receive, send)
            return
        body = _Body(receive)
        exchange = asyncio.ensure_future(self._exchange(scope, body, receive, send))
        leaving = asyncio.ensure_future(body.wait_for_leaving())
        try:
            await asyncio.wait({exchange, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if exchange.done():
                exchange.result()
        finally:
            # The writer sees its connection close, and stops what nobody waits for.
            exchange.cancel()
            leaving.cancel()
            await asyncio.gather(exchange, leaving, return_exceptions=True)

    async def _exchange(self, scope: Scope, body: _Body, receive: Receive, send: Send) -> None:
        answer: httpcore.Response | None = None
        try:
            answer = await self._pool.handle_async_request(request_of(scope, body))
            await relay(answer, scope, send)
        except ClientDisconnect:
            pass  # nobody is there to be told
        except RequestError as error:  # a guard has refused the rest of the body
            headers = {"retry-after": "1"} if error.status == 503 else None
            await refusal_response(error, headers)(scope, receive, send)
        except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException) as error:
            if answer is not None:  # half an answer cannot be taken back: the connection breaks
                raise
            is_down = isinstance(error, httpcore.ConnectError | httpcore.ConnectTimeout)
            message = IS_DOWN if is_down else HAS_ENDED
            headers = {"retry-after": "1"}
            unavailable = error_response(503, message, "writer_unavailable", None, headers)
            await unavailable(scope, receive, send)
        finally:
            if answer is not None:
                await answer.aclose()


def request_of(scope: Scope, body: _Body) -> httpcore.Request:
    """A request as the process that writes gets it."""
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    headers = [
        (name, value)
        for name, value in scope["headers"]
        if name not in BETWEEN_TWO and name not in READ_HERE
    ]
    is_chunked = any(name == b"transfer-encoding" for name, _ in scope["headers"])
    if is_chunked:
        headers.append((b"transfer-encoding", b"chunked"))
    record = current_request()
    if record is not None:
        headers.append((REQUEST_ID.encode(), record.id.encode("ascii")))
    headers.append((REQUEST, pack(request_facts(scope))))
    has_body = is_chunked or any(name == b"content-length" for name, _ in headers)
    if not has_body:
        body.note_none()
    return httpcore.Request(
        scope["method"],
        httpcore.URL(scheme=b"http", host=b"writer", port=None, target=target),
        headers=headers,
        content=body.parts() if has_body else None,
        extensions={"timeout": {"connect": CONNECT_SECONDS}},
    )


def request_facts(scope: Scope) -> dict[str, Any]:
    """What is known here of a request, and not to be seen in it."""
    state = scope.get("state", {})
    scopes = state.get("key_scopes")
    return {
        "client": scope.get("client"),
        "scheme": scope.get("scheme", "http"),
        "public_host": state.get("public_host"),
        "key_name": state.get("key_name"),
        "key_scopes": None if scopes is None else sorted(scopes),
    }


async def relay(answer: httpcore.Response, scope: Scope, send: Send) -> None:
    """Give an answer of the process that writes to the client, as it comes."""
    facts, headers = take(answer.headers, ANSWER)
    if "route" in facts:  # as if a route here had taken it
        scope["route"] = SimpleNamespace(path=facts["route"])
    record = current_request()
    if record is not None:
        record.code = facts.get("code")
    lower = [(name.lower(), value) for name, value in headers]
    kept = [(n, v) for n, v in lower if n not in BETWEEN_TWO and n not in SET_HERE]
    await send({"type": "http.response.start", "status": answer.status, "headers": kept})
    async for part in answer.aiter_stream():
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Body:
    """The body of a request as it comes, and after that the going away of its client."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._is_complete = asyncio.Event()

    def note_none(self) -> None:
        """Note that the request has no body."""
        self._is_complete.set()

    async def parts(self) -> AsyncIterator[bytes]:
        """The body.

        Raises:
            ClientDisconnect: the client went away before the end of it.
        """
        while True:
            message: Message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            if message.get("body"):
                yield message["body"]
            if not message.get("more_body", False):
                self._is_complete.set()
                return

    async def wait_for_leaving(self) -> None:
        """Wait until the client goes away, from the end of its body on."""
        await self._is_complete.wait()
        while (await self._receive())["type"] != "http.disconnect":
            pass
