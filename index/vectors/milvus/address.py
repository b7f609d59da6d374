"""Where a Milvus server is: ``milvus://HOST:PORT[/DATABASE]``, and who asks it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from anysense.embed.errors import UsageError

__all__ = ["Address", "is_address"]

DEFAULT_PORT = 19530

_SCHEMES = {"milvus": "http", "milvus+tls": "https"}
_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:]+")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")


def is_address(text: str) -> bool:
    """Whether a text is meant as the address of a Milvus server."""
    return text.partition("://")[0] in _SCHEMES


@dataclass(frozen=True)
class Address:
    """A database of a Milvus server. It holds no credentials: those are the environment's.

    Attributes:
        scheme: ``milvus``, or ``milvus+tls`` for a server behind TLS.
        host: its name or its IP address.
        port: of its gRPC service.
        database: empty for the server's default.
    """

    scheme: str
    host: str
    port: int = DEFAULT_PORT
    database: str = ""

    @staticmethod
    def parse(text: str) -> Address:
        """Read an address.

        Raises:
            UsageError: it is none, or has more in it than an address has.
        """
        try:
            parts = urlsplit(text)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            raise _unreadable() from None
        if parts.username is not None or parts.password is not None:
            raise UsageError(
                "The address of a Milvus server must not hold credentials: set MILVUS_TOKEN, or "
                "MILVUS_USER and MILVUS_PASSWORD, in the environment."
            )
        if not _is_plain(parts, host):
            raise _unreadable()
        return Address(parts.scheme, host, port or DEFAULT_PORT, parts.path.strip("/"))

    def __str__(self) -> str:
        database = f"/{self.database}" if self.database else ""
        return f"{self.scheme}://{self._location}{database}"

    @property
    def uri(self) -> str:
        """The address as pymilvus takes it, without the database."""
        return f"{_SCHEMES[self.scheme]}://{self._location}"

    @property
    def _location(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def token() -> str:
    """The credentials in the environment, as pymilvus takes them; empty if there are none."""
    user, password = os.environ.get("MILVUS_USER", ""), os.environ.get("MILVUS_PASSWORD", "")
    return os.environ.get("MILVUS_TOKEN", "") or (f"{user}:{password}" if user else "")


def _is_plain(parts: SplitResult, host: str) -> bool:
    database = parts.path.strip("/")
    return (
        parts.scheme in _SCHEMES
        and _HOST.fullmatch(host) is not None
        and (not database or _DATABASE.fullmatch(database) is not None)
        and not parts.query
        and not parts.fragment
    )


def _unreadable() -> UsageError:
    return UsageError(
        "The address of a Milvus server is written milvus://HOST:PORT or "
        "milvus://HOST:PORT/DATABASE, with milvus+tls:// for one behind TLS."
    )
