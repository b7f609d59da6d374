"""Which methods an address has: HEAD wherever there is GET, OPTIONS, and 405 for all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Match

from anysense.server.http.errors import error_response

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MethodGuard"]

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
OF_THE_SERVICE = frozenset({"GET", "HEAD", "POST", "DELETE"})


class MethodGuard:
    """Answers OPTIONS and methods that an address does not have, and HEAD as GET without a body.

    A route by itself knows only its own method, not those of others at the same address.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        if takes(scope, method):
            await self.app(scope, receive, send)
            return
        methods = methods_at(scope)
        if not methods:  # there is nothing: let that be said
            await self.app(scope, receive, send)
        elif method == "OPTIONS":
            await Response(status_code=204, headers=allow(methods))(scope, receive, send)
        elif method == "HEAD" and "GET" in methods:
            await self.app({**scope, "method": "GET"}, receive, without_body(send))
        else:
            has = allow(methods)
            message = f"This address does not have the method {method[:20]}; it has {has['allow']}."
            await error_response(405, message, "method_not_allowed", headers=has)(
                scope, receive, send
            )


def takes(scope: Scope, method: str) -> bool:
    """Whether a route takes the path of a request with a method."""
    asked = {**scope, "method": method}
    return any(route.matches(asked)[0] is Match.FULL for route in scope["app"].routes)


def methods_at(scope: Scope) -> frozenset[str]:
    """The methods of an address, with HEAD beside GET; none if there is nothing."""
    if scope["path"] == "*":
        return OF_THE_SERVICE
    methods = {method for method in METHODS if takes(scope, method)}
    if "GET" in methods:
        methods.add("HEAD")
    return frozenset(methods)


def allow(methods: frozenset[str]) -> dict[str, str]:
    return {"allow": ", ".join(sorted(methods))}


def without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head
