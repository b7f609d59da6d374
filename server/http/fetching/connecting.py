"""Connections to public addresses alone, each within a deadline.

The name of a server is resolved once, here; its addresses are checked, and the connection goes to
one of those that were checked. TLS still checks the certificate against the name.
"""

from __future__ import annotations

import socket
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import TYPE_CHECKING, Any

import httpcore

from anysense.server.http.fetching.addresses import is_public
from anysense.server.http.fetching.urls import FetchError

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable

    Resolve = Callable[[str, int], list[str]]

__all__ = ["Deadline", "GuardedBackend", "Resolver", "resolve"]

RESOLVERS = 8
MOST_ADDRESSES = 4
"""How many addresses of one name are tried."""


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them.

    Raises:
        OSError: it knows none.
    """
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class Deadline:
    """When something must be over."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """The seconds that are left, over 0.

        Raises:
            FetchError: none are.
        """
        seconds = self._end - time.monotonic()
        if seconds <= 0:
            raise FetchError("it takes too long")
        return seconds

    def expire(self) -> None:
        """Let it be over: nobody waits any more."""
        self._end = 0.0


class Resolver:
    """Resolves names in threads of its own, as the system's resolver knows no deadline.

    Args:
        resolve: gives the addresses of a name.
    """

    def __init__(self, resolve: Resolve = resolve) -> None:
        self._resolve = resolve
        self._threads = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    def public(self, host: str, port: int, deadline: Deadline) -> list[str]:
        """The addresses of a name, if all of them are public.

        Raises:
            FetchError: there are none, one is not public, or it takes too long.
        """
        answer: Future[list[str]] = self._threads.submit(self._resolve, host, port)
        try:
            addresses = answer.result(deadline.left())
        except FutureTimeoutError:
            answer.cancel()
            raise FetchError("its name takes too long to resolve") from None
        except (OSError, UnicodeError) as error:
            raise FetchError(f"its name has no address: {error}") from None
        if not addresses or not all(map(is_public, addresses)):
            raise FetchError(f"not all of its addresses are public: {addresses}")
        return addresses[:MOST_ADDRESSES]


class GuardedBackend(httpcore.NetworkBackend):
    """How httpcore reaches the network for one fetch.

    Args:
        resolver: gives the addresses of names.
        deadline: when all must be over.
        network: what connects, to an address that was checked.
    """

    def __init__(
        self, resolver: Resolver, deadline: Deadline, network: httpcore.NetworkBackend
    ) -> None:
        self._resolver = resolver
        self._deadline = deadline
        self._network = network

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to one of the checked addresses of a name.

        Raises:
            FetchError: it has none, or none answers.
        """
        error: Exception | None = None
        for address in self._resolver.public(host, port, self._deadline):
            try:
                stream = self._network.connect_tcp(
                    address, port, self._deadline.left(), None, socket_options
                )
            except (httpcore.NetworkError, httpcore.TimeoutException) as failure:
                error = failure
                continue
            check_peer(stream, address)
            return TimedStream(stream, self._deadline)
        raise FetchError(f"its server cannot be reached: {error}")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Refuse; no address leads to one."""
        raise FetchError("it leads to a socket of this machine")


def check_peer(stream: httpcore.NetworkStream, address: str) -> None:
    """Look at the connection itself: with whom it is, and that it is not with this machine.

    Raises:
        FetchError: it is with another address than the one that was checked, or with our own.
    """
    peer, own = (stream.get_extra_info(name) for name in ("server_addr", "client_addr"))
    if peer is not None and peer[0] == address and own is not None and own[0] != address:
        return
    stream.close()
    raise FetchError(f"the connection is with {peer}, from {own}, not with {address}")


class TimedStream(httpcore.NetworkStream):
    """A connection whose every step ends by one deadline, however slowly the bytes come."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.left())

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        secure = self._stream.start_tls(ssl_context, server_hostname, self._deadline.left())
        return TimedStream(secure, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
