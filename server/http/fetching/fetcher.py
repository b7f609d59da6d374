"""Files from addresses on the web, within limits of size and time."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from functools import cached_property, partial
from typing import TYPE_CHECKING

import httpcore
from starlette.concurrency import run_in_threadpool

from anysense import __version__
from anysense.embed.waiting import check_waiter
from anysense.server.http.errors import RequestError
from anysense.server.http.fetching.connecting import Deadline, GuardedBackend, Resolver
from anysense.server.http.fetching.urls import PORTS, FetchError, WebAddress

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping

    from anysense.server.http.settings import Settings

__all__ = ["Fetcher"]

logger = logging.getLogger(__name__)
MAX_ADDRESSES = 64
MAX_REDIRECTS = 3
AT_ONCE = 8
REDIRECTS = (301, 302, 303, 307, 308)
FAILED = (
    "the address cannot be fetched; it must be that of a file that a public server gives to "
    "anybody, at once and as it is"
)
"""One sentence for all that fails on the way, or it would tell what answers inside and what not."""


FAILURES = (
    httpcore.NetworkError,
    httpcore.TimeoutException,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ProxyError,
)
"""Whatever httpcore raises where a server does not answer as it should."""


class Room:
    """How many bytes there is still room for, over all addresses of a request."""

    def __init__(self, byte_count: int) -> None:
        self._left = byte_count
        self._lock = threading.Lock()

    def take(self, byte_count: int) -> None:
        """Use some of it.

        Raises:
            OverflowError: there is not so much.
        """
        with self._lock:
            self._left -= byte_count
            if self._left < 0:
                raise OverflowError


class Fetcher:
    """Fetches files for requests: no credentials, no cookies, no proxies, no caches.

    Args:
        settings: the limits.
        resolver: gives the addresses of names.
        network: what connects to addresses that were checked.
        ports: those that addresses may name.
    """

    def __init__(
        self,
        settings: Settings,
        resolver: Resolver | None = None,
        network: httpcore.NetworkBackend | None = None,
        ports: frozenset[int] = frozenset(PORTS.values()),
    ) -> None:
        self._settings = settings
        self._resolver = resolver or Resolver()
        self._network = network or httpcore.SyncBackend()
        self._ports = ports
        self._turns = asyncio.Semaphore(AT_ONCE)

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpcore.default_ssl_context()

    async def fetch_all(self, params: Mapping[str, str]) -> dict[str, bytes]:
        """What the addresses of one request give, by address.

        Args:
            params: by address, what errors call it.

        Raises:
            RequestError: one cannot be fetched, or they are too many or too large together.
        """
        if len(params) > MAX_ADDRESSES:
            message = f"At most {MAX_ADDRESSES} addresses are fetched for one request."
            raise RequestError(message, 422, "invalid_value")
        room = Room(self._settings.fetch_bytes)
        deadline = Deadline(self._settings.fetch_seconds)

        async def fetch(url: str, param: str) -> bytes:
            async with self._turns:
                return await run_in_threadpool(self._fetch, url, param, room, deadline)

        tasks = [asyncio.ensure_future(fetch(url, param)) for url, param in params.items()]
        try:
            return dict(zip(params, await asyncio.gather(*tasks), strict=True))
        finally:
            deadline.expire()  # of the others, where one has failed
            for task in tasks:
                task.cancel()

    def _fetch(self, url: str, param: str, room: Room, deadline: Deadline) -> bytes:
        """What one address gives.

        Raises:
            RequestError: it cannot be fetched.
        """
        try:
            address = WebAddress.parse(url, self._ports)
        except ValueError as error:
            raise RequestError(f"{param}: {error}.", 400, "address_refused", param) from None
        try:
            return self._follow(address, room, deadline)
        except OverflowError:
            limit = f"{self._settings.fetch_bytes:,} bytes"
            message = f"{param}: what the addresses of a request give is over the limit of {limit}."
            raise RequestError(message, 413, "media_too_large", param) from None
        except (FetchError, OSError, *FAILURES) as error:
            logger.info("%s was not fetched: %s", ascii(url[:200]), ascii(str(error)[:200]))
            raise RequestError(f"{param}: {FAILED}.", 422, "fetch_failed", param) from None

    def _follow(self, address: WebAddress, room: Room, deadline: Deadline) -> bytes:
        for _ in range(MAX_REDIRECTS + 1):
            with self._response(address, deadline) as response:
                if response.status in REDIRECTS:
                    location = header(response, b"location")
                    address = address.follow(location, self._ports)
                    continue
                return read(response, room)
        raise FetchError("it redirects too often")

    @contextlib.contextmanager
    def _response(self, address: WebAddress, deadline: Deadline) -> Iterator[httpcore.Response]:
        """The answer to one request, on a connection of its own."""
        backend = GuardedBackend(self._resolver, deadline, self._network)
        make = partial(httpcore.ConnectionPool, max_connections=1, network_backend=backend)
        url = httpcore.URL(
            scheme=address.scheme, host=address.host, port=address.port, target=address.target
        )
        headers: dict[bytes | str, bytes | str] = {
            "host": address.netloc,
            "user-agent": f"anysense/{__version__}",
            "accept": "image/*, audio/*, */*;q=0.5",
            "accept-encoding": "identity",
            "connection": "close",
        }
        tls = self._tls if address.scheme == "https" else None
        with make(ssl_context=tls) as pool, pool.stream("GET", url, headers=headers) as response:
            yield response


def header(response: httpcore.Response, name: bytes) -> str:
    values = [value for key, value in response.headers if key.lower() == name]
    return values[0].decode("latin-1") if values else ""


def read(response: httpcore.Response, room: Room) -> bytes:
    """The body of an answer.

    Raises:
        FetchError: it is none that holds a file as it is.
        OverflowError: there is no room for it.
    """
    if response.status != 200:
        raise FetchError(f"its server answers with the status {response.status}")
    if header(response, b"content-encoding").strip().lower() not in ("", "identity"):
        raise FetchError("its server sends it compressed")
    parts: list[bytes] = []
    for part in response.iter_stream():
        check_waiter()
        room.take(len(part))
        parts.append(part)
    return b"".join(parts)
