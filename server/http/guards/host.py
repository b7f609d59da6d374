"""Whom a request is addressed to, and which site's page it comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from anysense.server.http.addresses import origin_host
from anysense.server.http.errors import error_response
from anysense.server.http.guards.proxy import public_host

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from anysense.server.http.settings import Settings

__all__ = ["HostGuard"]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class HostGuard:
    """Refuses requests made for another host, and writes that another site's page makes.

    A browser sends a page's form to any address without asking (CSRF), and says in `Origin` which
    site the page is from; other programs send no `Origin`.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.allowed_hosts = frozenset(host.lower() for host in settings.allowed_hosts)
        self.allowed_origins = frozenset(settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host, origin = headers.get("host", ""), headers.get("origin")
        if not self._allows(host):
            message = (
                f"This service does not answer as {host[:200]!r}: use the address that it was "
                "started with."
            )
            await error_response(421, message, "wrong_host")(scope, receive, send)
        elif (
            origin is not None
            and scope["method"] not in SAFE_METHODS
            and origin not in self.allowed_origins
            and not is_from(origin, public_host(scope))
        ):
            message = f"Pages of {origin[:200]!r} may not change or search this collection."
            await error_response(403, message, "wrong_origin")(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _allows(self, host: str) -> bool:
        return "*" in self.allowed_hosts or host_name(host) in self.allowed_hosts


def host_name(host: str) -> str:
    """The name in a `Host` header, without the port, in lower case; IPv6 keeps its brackets."""
    name, bracket, _ = host.lower().partition("]")
    return name + bracket if bracket else name.partition(":")[0]


def is_from(origin: str, host: str) -> bool:
    """Whether a page is of the site that a host is; some proxies write the usual port out."""
    site, usual_port = origin_host(origin)
    return site != "" and site.removesuffix(usual_port) == host.removesuffix(usual_port)
