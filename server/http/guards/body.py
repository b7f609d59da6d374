"""How long the body of a request may be, and those of all requests together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from anysense.server.http.access.scopes import route_path
from anysense.server.http.errors import RequestError, refusal_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from anysense.server.http.settings import Settings

__all__ = ["LINES_TYPES", "BodyGuard"]

UPLOAD_PATH = re.compile(r"/v1(/collections/[^/]+)?/items(/batch)?")
LINES_TYPES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines")
"""What lines of JSON are called: there is no one name."""


class Budget:
    """How many bytes of bodies there may be at once, and how many there are."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, size: int) -> None:
        """Count bytes that came.

        Raises:
            RequestError: there are too many; none of these is counted.
        """
        if self.used + size > self.limit:
            message = "The service reads as many bodies as it can; try again in a moment."
            raise RequestError(message, 503, "busy")
        self.used += size


class BodyGuard:
    """Refuses a body over the limit: by its stated length, and by what really comes.

    What has come of all bodies counts as long as their requests run: those that add items are on
    the disk, all others in memory, and each kind has its own budget.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings
        self.in_memory = Budget(settings.bodies_bytes)
        self.on_disk = Budget(settings.uploads_bytes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = is_streamed(headers) and UPLOAD_PATH.fullmatch(route_path(scope))
        limit = self.settings.upload_bytes if is_upload else self.settings.body_bytes
        budget = self.on_disk if is_upload else self.in_memory
        refusal = refusal_of(headers, limit)
        if refusal is not None:
            await refusal_response(refusal)(scope, receive, send)
            return
        taken = 0

        async def receive_limited() -> Message:
            nonlocal taken
            message = await receive()
            size = len(message.get("body", b""))
            if taken + size > limit:
                raise too_large(limit)
            budget.take(size)
            taken += size
            return message

        try:
            await self.app(scope, receive_limited, send)
        finally:
            budget.used -= taken


def is_streamed(headers: Headers) -> bool:
    """Whether a body goes to the disk while it comes: a form, or lines of JSON."""
    return headers.get("content-type", "").lower().startswith(("multipart/", *LINES_TYPES))


def refusal_of(headers: Headers, limit: int) -> RequestError | None:
    """Why a body is not read at all, if it is not."""
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > limit:
        return too_large(limit)
    if length and "transfer-encoding" in headers:  # a proxy may have read another body
        message = "A body has either a Content-Length or a Transfer-Encoding, not both."
        return RequestError(message, 400, "bad_request")
    return None


def too_large(limit: int) -> RequestError:
    message = f"The body of the request is over the limit of {limit:,} bytes."
    return RequestError(message, 413, "body_too_large")
