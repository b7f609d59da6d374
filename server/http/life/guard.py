"""What is told to requests that the service cannot finish before it stops."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from anysense.server.http.errors import error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from anysense.server.http.life.life import Life

__all__ = ["StopGuard"]

STOPPING = (
    "The service stops before it could finish this; send it again. What it was to change may have "
    "been changed."
)


class StopGuard:
    """Answers with 503 what is broken off because the service ends."""

    def __init__(self, app: ASGIApp, life: Life) -> None:
        self.app = app
        self.life = life

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        self.life.enter(task)
        try:
            await self.app(scope, receive, watched)
        except asyncio.CancelledError:
            if not self.life.is_over:
                raise
            if not has_begun:  # otherwise the server sees half an answer, and closes the connection
                await _refuse(task, scope, receive, send)
        finally:
            self.life.leave(task)


async def _refuse(task: asyncio.Task[object], scope: Scope, receive: Receive, send: Send) -> None:
    if hasattr(task, "uncancel"):  # from Python 3.11 on a task counts how often it was cancelled
        task.uncancel()
    headers = {"retry-after": "1", "connection": "close"}
    await error_response(503, STOPPING, "stopping", None, headers)(scope, receive, send)
