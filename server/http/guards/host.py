"""Whom a request is addressed to, and which site's page it comes from."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders

from anysense.server.http.addresses import origin_host
from anysense.server.http.errors import RequestError, refusal_response
from anysense.server.http.guards.proxy import public_host

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from anysense.server.http.settings import Settings

__all__ = ["HostGuard"]

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
OWN_PAGES = ("same-origin", "none")
"""What `Sec-Fetch-Site` says of pages of this service, and of what a person typed."""
HOST = re.compile(r"(?P<name>\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?", re.A)
ORIGIN = re.compile(r"https?://(?P<host>[^/?#@\s]+)", re.A)
TARGET = re.compile(r"https?://(?P<host>[^/?#]*)(?P<path>/.*)?", re.A | re.I | re.S)


class HostGuard:
    """Refuses requests made for another host, and writes that another site's page makes.

    A browser sends a page's form to any address without asking (CSRF), and says in `Origin` which
    site the page is from, and in `Sec-Fetch-Site` whether it is this one; other programs send
    neither.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.allowed_hosts = frozenset(host.lower() for host in settings.allowed_hosts)
        self.allowed_origins = frozenset(settings.allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = origin_form(scope)
            try:
                self._check(scope)
            except RequestError as error:
                await refusal_response(error)(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        host = hosts[0].lower() if hosts else ""
        if len(hosts) > 1 or not self._allows(host):
            message = (
                f"This service does not answer as {', '.join(hosts)[:200]!r}: use the address that "
                "it was started with."
            )
            raise RequestError(message, 421, "wrong_host")
        method, path = scope["method"], scope["path"]
        if not path.startswith("/") and (method, path) != ("OPTIONS", "*"):
            message = f"{path[:100]!r} is no address of a service: it begins with a slash."
            raise RequestError(message, 400, "bad_request")
        if method not in SAFE_METHODS:
            self._check_page(headers, public_host(scope))

    def _check_page(self, headers: Headers, host: str) -> None:
        """Refuse what a page of another site sends, unless that site is allowed.

        Args:
            headers: of the request.
            host: as which browsers call the service, in lower case, with the port if there is one.

        Raises:
            RequestError: it is from such a page.
        """
        origins = headers.getlist("origin")
        for origin in origins:
            if origin not in self.allowed_origins and not is_from(origin, host):
                message = f"Pages of {origin[:200]!r} may not change or search this collection."
                raise RequestError(message, 403, "wrong_origin")
        is_allowed = not self.allowed_origins.isdisjoint(origins)
        sites = {site.lower() for site in headers.getlist("sec-fetch-site")}
        if not is_allowed and not sites.issubset(OWN_PAGES):
            message = "Pages of other sites may not change or search this collection."
            raise RequestError(message, 403, "wrong_origin")

    def _allows(self, host: str) -> bool:
        if not host:  # clients of HTTP/1.0 need not say it
            return "*" in self.allowed_hosts
        parts = HOST.fullmatch(host)
        return parts is not None and not self.allowed_hosts.isdisjoint({"*", parts["name"]})


def origin_form(scope: Scope) -> Scope:
    """A request whose target is a whole URL, as if that had been its host and its path.

    Its `Host` counts for nothing then, as RFC 9112 has it.
    """
    target = TARGET.fullmatch(scope["path"])
    if target is None:
        return scope
    raw_path = TARGET.fullmatch(scope.get("raw_path", b"").decode("latin-1"))
    path = target["path"] or "/"
    scope = {**scope, "path": path, "headers": list(scope["headers"])}
    scope["raw_path"] = ((raw_path and raw_path["path"]) or "/").encode("latin-1")
    headers = MutableHeaders(scope=scope)
    del headers["host"]
    headers["host"] = target["host"].encode("ascii", "replace").decode()
    return scope


def is_from(origin: str, host: str) -> bool:
    """Whether a page is of the site that a host is; some proxies write the usual port out."""
    if ORIGIN.fullmatch(origin.lower()) is None:
        return False
    site, usual_port = origin_host(origin)
    return site != "" and site.removesuffix(usual_port) == host.removesuffix(usual_port)
