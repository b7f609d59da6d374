"""How long the body of a request may be."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from anysense.server.http.access.scopes import route_path
from anysense.server.http.errors import RequestError, error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from anysense.server.http.settings import Settings

__all__ = ["LINES_TYPES", "BodyGuard"]

UPLOAD_PATH = re.compile(r"/v1(/collections/[^/]+)?/items(/batch)?")
LINES_TYPES = ("application/x-ndjson", "application/jsonl", "application/x-jsonlines")
"""What lines of JSON are called: there is no one name."""


class BodyGuard:
    """Refuses a body over the limit: by its stated length, and by what really comes."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = UPLOAD_PATH.fullmatch(route_path(scope)) and is_streamed(headers)
        limit = self.settings.upload_bytes if is_upload else self.settings.body_bytes
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > limit:
            refusal = too_large(limit)
            response = error_response(refusal.status, str(refusal), refusal.code)
            await response(scope, receive, send)
            return
        byte_count = 0

        async def receive_limited() -> Message:
            nonlocal byte_count
            message = await receive()
            byte_count += len(message.get("body", b""))
            if byte_count > limit:
                raise too_large(limit)
            return message

        await self.app(scope, receive_limited, send)


def is_streamed(headers: Headers) -> bool:
    """Whether a body goes to the disk while it comes: a form, or lines of JSON."""
    return headers.get("content-type", "").lower().startswith(("multipart/", *LINES_TYPES))


def too_large(limit: int) -> RequestError:
    message = f"The body of the request is over the limit of {limit:,} bytes."
    return RequestError(message, 413, "body_too_large")
