"""TLS before HTTP: who is slow to agree on it is bounded as who is slow to ask.

By itself asyncio gives a handshake a minute, and tells nobody of the connection until it is over.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from asyncio.sslproto import SSLProtocol
from typing import TYPE_CHECKING, Any

from anysense.server.http.connections.protocol import READ_BYTES, BoundedProtocol

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from anysense.server.http.connections.capacity import Capacity
    from anysense.server.http.settings import Settings

__all__ = ["BoundedTls", "protocol_of"]

GOODBYE_SECONDS = 5.0
"""How long a client may take to say goodbye."""


def protocol_of(
    settings: Settings, capacity: Capacity, certificate: ssl.SSLContext | None = None
) -> Callable[..., asyncio.BaseProtocol]:
    """What makes the protocol of a connection, as uvicorn's option `http` takes it.

    Args:
        settings: the deadlines.
        capacity: the limit of connections.
        certificate: to speak HTTPS with.
    """
    make = functools.partial(BoundedProtocol, settings=settings, capacity=capacity)
    if certificate is None:
        return make
    seconds = settings.header_seconds
    return functools.partial(BoundedTls, make, certificate, seconds=seconds, capacity=capacity)


class BoundedTls(SSLProtocol):
    """One connection, on which HTTP begins once both sides have agreed on keys.

    Args:
        make: makes the protocol of HTTP.
        certificate: to speak HTTPS with.
        seconds: how long the handshake may take.
        capacity: the limit of connections, those that shake hands among them.
        arguments: uvicorn's own, for `make`.
    """

    max_size = READ_BYTES
    """What asyncio decrypts in one go."""

    def __init__(
        self,
        make: Callable[..., BoundedProtocol],
        certificate: ssl.SSLContext,
        *,
        seconds: float,
        capacity: Capacity,
        **arguments: Any,
    ) -> None:
        self._http = make(**arguments)
        self._capacity = capacity
        options: dict[str, Any] = {"server_side": True, "ssl_handshake_timeout": seconds}
        options["waiter"] = None  # nobody waits for the end of the handshake
        if sys.version_info >= (3, 11):
            options["ssl_shutdown_timeout"] = GOODBYE_SECONDS
        super().__init__(asyncio.get_running_loop(), self._http, certificate, **options)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        if hasattr(transport, "max_size"):  # asyncio's own transports
            transport.max_size = READ_BYTES
        if not self._http.has_room(1):
            transport.abort()  # before the handshake nothing can be told
            return
        self._http.wire = transport
        self._capacity.handshakes[self._http] = transport
        super().connection_made(transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._capacity.handshakes.pop(self._http, None)
        super().connection_lost(exc)
