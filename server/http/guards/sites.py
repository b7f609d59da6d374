"""The sites whose pages may use the service, told to their browsers (CORS)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from anysense.server.http.settings import Settings

__all__ = ["SiteGuard"]

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
SHOWN = (
    *("etag", "location", "retry-after", "x-request-id", "www-authenticate", "content-range"),
    *("ratelimit-policy", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"),
)
"""Headers of answers that a page may read, beside those that all pages may."""


class SiteGuard:
    """Answers the questions of allowed sites' browsers, and lets their pages read what comes.

    Requests of all others go on unchanged, and their browsers keep the answers from them. Nothing
    is sent with cookies: a page has to bring its key.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.origins = frozenset(settings.allowed_origins)
        self.answering = CORSMiddleware(
            app,
            allow_origins=settings.allowed_origins,
            allow_methods=METHODS,
            allow_headers=["*"],  # a page may send what any other client may
            expose_headers=SHOWN,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        asks_for = headers.get("access-control-request-method", "GET")
        if headers.get("origin") in self.origins and asks_for in METHODS:
            await self.answering(scope, receive, send)
        else:
            await self.app(scope, receive, send)
