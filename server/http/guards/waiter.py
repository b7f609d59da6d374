"""Who waits for the answer to a request: a client, until it goes away or its time is over."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from anysense.embed.waiting import Waiter, waited_for_by

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from anysense.server.http.settings import Settings

__all__ = ["WaiterGuard"]

QUICK = ("GET", "HEAD", "OPTIONS")


class WaiterGuard:
    """Names the client as the one who waits for what is done, and notices when it goes away.

    What runs for it, in threads too, then stops at its next look (`anysense.embed.waiting`).
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in QUICK:
            await self.app(scope, receive, send)
            return
        waiter = Waiter()
        client = _Client(receive, waiter, self.settings.request_timeout)
        try:
            with waited_for_by(waiter):
                await self.app(scope, client.receive, send)
        finally:
            waiter.leave()  # what still runs for it may end
            await client.stop()


class _Client:
    """The messages of a client; after the last of its body, its going away is waited for.

    From then on it waits for so many seconds.
    """

    def __init__(self, receive: Receive, waiter: Waiter, seconds: float) -> None:
        self._receive = receive
        self._waiter = waiter
        self._seconds = seconds
        self._watch: asyncio.Task[Message] | None = None

    async def receive(self) -> Message:
        if self._watch is not None:
            return await asyncio.shield(self._watch)
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._waiter.leave()
        elif not message.get("more_body", False):
            self._waiter.limit(self._seconds)
            self._watch = asyncio.create_task(self._leave())
        return message

    async def _leave(self) -> Message:
        message = await self._receive()  # nothing else comes after a body
        self._waiter.leave()
        return message

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._watch
