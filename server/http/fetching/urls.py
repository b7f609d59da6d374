"""An address on the web, taken apart once: what is checked is what is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

__all__ = ["FetchError", "WebAddress"]

MAX_LENGTH = 4096
PORTS = {"http": 80, "https": 443}
WRONG = re.compile(r"[\x00-\x20\x7f\\]")
SAFE = "/%:@!$&'()*+,;=~-._?"
HOST = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}")


class FetchError(Exception):
    """An address is not fetched; the message is for the log alone."""


@dataclass(frozen=True)
class WebAddress:
    """The parts of an address, as they are asked for.

    Attributes:
        scheme: ``http`` or ``https``.
        host: a name in ASCII, or a number; of version 6 without brackets.
        port: of the server.
        target: the path and the query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @staticmethod
    def parse(url: str, ports: frozenset[int] = frozenset(PORTS.values())) -> WebAddress:
        """Take an address apart; what follows `#` is left out, as it is never sent.

        Raises:
            ValueError: it is none that may be asked for; the message says what it must be.
        """
        if len(url) > MAX_LENGTH:
            raise ValueError(f"an address must have at most {MAX_LENGTH:,} characters")
        if WRONG.search(url):
            raise ValueError("an address must have no spaces, control characters and backslashes")
        try:
            parts = urlsplit(url)
            port, host = parts.port, parts.hostname or ""
            host = host if host.isascii() else host.encode("idna").decode()
        except (ValueError, UnicodeError):
            raise ValueError("it must be an address that can be read") from None
        if parts.scheme not in PORTS:
            raise ValueError("an address must begin with http:// or https://")
        if "@" in parts.netloc:
            raise ValueError("an address must hold no user name and no password")
        if HOST.fullmatch(host.lower()) is None:
            raise ValueError("an address must name a server")
        port = PORTS[parts.scheme] if port is None else port
        if port not in ports:
            allowed = " or ".join(map(str, sorted(ports)))
            raise ValueError(f"the port of an address must be {allowed}")
        query = f"?{parts.query}" if parts.query else ""
        target = quote(f"{parts.path or '/'}{query}", safe=SAFE)
        return WebAddress(parts.scheme, host.lower(), port, target)

    @property
    def netloc(self) -> str:
        """What the header `Host` says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    def follow(self, location: str, ports: frozenset[int]) -> WebAddress:
        """Where a redirect leads.

        Raises:
            FetchError: to what may not be asked for.
        """
        try:
            url = urljoin(f"{self.scheme}://{self.netloc}{self.target}", location)
            there = WebAddress.parse(url, ports)
        except ValueError as error:
            raise FetchError(f"a redirect leads elsewhere: {error}") from None
        if self.scheme == "https" and there.scheme == "http":
            raise FetchError("a redirect leads out of TLS")
        return there
