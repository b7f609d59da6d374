"""What a proxy in front says of a request: from whom it is, and by which name it was called."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from starlette.datastructures import Headers
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from anysense.server.http.settings import Settings

__all__ = ["ProxyGuard", "public_host"]


class ProxyGuard:
    """Takes the client's address, the scheme and the public host from proxies that are trusted.

    Addresses are understood with the path under which a proxy shows them, and without.

    The public host, `X-Forwarded-Host`, is only what a browser's `Origin` is compared with. It does
    not stand in for `Host`: a page that has pointed its own name at this machine can send any
    header, and comes from loopback as a proxy does.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.root_path = settings.root_path
        proxies = list(settings.forwarded_allow_ips)
        self.believing = ProxyHeadersMiddleware(
            app,  # type: ignore[arg-type]  # uvicorn has its own types for ASGI
            "*" if "*" in proxies else proxies,  # older ones do not look for it in a list
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.root_path:
            scope["root_path"] = self.root_path
        client = scope.get("client")
        if scope["type"] == "lifespan" or not client:
            await self.app(scope, receive, send)
            return
        if client[0] in self.believing.trusted_hosts:
            names = Headers(scope=scope).getlist("x-forwarded-host")
            if names:
                nearest = names[-1].rpartition(",")[2].strip()
                scope.setdefault("state", {})["public_host"] = nearest
        await cast("ASGIApp", self.believing)(scope, receive, send)


def public_host(scope: Scope) -> str:
    """The host by which a browser called the service, in lower case."""
    name = scope.get("state", {}).get("public_host") or Headers(scope=scope).get("host", "")
    return str(name).lower()
