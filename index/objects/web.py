"""Objects of web servers: each by its own address, as there is nothing to list.

A server is asked only where that is allowed, and is not trusted: it is given bounded time, no more
is taken of an answer than was asked for, and where it leads elsewhere nobody follows.
"""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
from httpx_retries import Retry, RetryTransport

from anysense.embed.errors import ServiceUnreachableError, UsageError
from anysense.index.objects.failures import RefusedError, translated
from anysense.index.objects.requests import REQUEST_SECONDS, await_request
from anysense.index.objects.storage import StoredObject, stamp_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from typing import TypeVar

    from anysense.index.objects.addresses import Address

    T = TypeVar("T")

__all__ = ["WebStorage"]

_SECONDS = 30.0
_PLAIN = {"Accept-Encoding": "identity"}


class WebStorage:
    """What web servers have; see `anysense.index.objects.storage.Storage`.

    Requests run in the thread of fsspec, so that nobody has to wait for one to be rid of it.

    Args:
        transport: what requests go through.
        retries: how often a request is repeated that fails for the moment.
    """

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None, retries: int = 3) -> None:
        retry = Retry(total=retries, backoff_factor=0.5)
        inner = RetryTransport(transport or httpx.AsyncHTTPTransport(), retry)
        self._client = httpx.AsyncClient(transport=inner, timeout=_SECONDS, headers=_PLAIN)

    def pages(self, address: Address) -> Iterator[list[StoredObject]]:
        """Nothing: what a page links to is not what a user has named."""
        return iter(())

    def look(self, address: Address) -> StoredObject:
        """What a server says of an object, which must have a size.

        Raises:
            FileNotFoundError: it is not there.
            UsageError: the address leads elsewhere, or has no size.
            AccessError, ServiceUnreachableError: it may be there, or not.
        """
        with translated(address):
            return _await(self._look(address))

    def read(self, address: Address, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`; of a server without ranges from its beginning."""
        with translated(address):
            return _await(self._read(address, start, end))

    async def _look(self, address: Address) -> StoredObject:
        async with self._answer("HEAD", address, {}) as answer:
            length = answer.headers.get("Content-Length", "")
            if not length.isdigit():
                raise UsageError(f"{address}: its server does not say how long it is.")
            times = answer.headers.get("Last-Modified")
            stamp = stamp_of(answer.headers.get("ETag"), times)
            return StoredObject(address.key, int(length), stamp)

    async def _read(self, address: Address, start: int, end: int) -> bytes:
        headers = {"Range": f"bytes={start}-{end - 1}"}
        async with self._answer("GET", address, headers) as answer:
            skipped = start if answer.status_code != httpx.codes.PARTIAL_CONTENT else 0
            data = bytearray()
            async for block in answer.aiter_raw():
                kept = block[skipped:]
                skipped = max(0, skipped - len(block))
                data += kept[: end - start - len(data)]
                if len(data) == end - start:
                    break
            return bytes(data)

    @asynccontextmanager
    async def _answer(
        self, method: str, address: Address, headers: dict[str, str]
    ) -> AsyncIterator[httpx.Response]:
        async with self._client.stream(method, str(address), headers=headers) as answer:
            if answer.is_redirect:
                raise UsageError(
                    f"{address}: leads to another address, which is not followed: name that one."
                )
            if answer.status_code in (httpx.codes.NOT_FOUND, httpx.codes.GONE):
                raise FileNotFoundError(str(address))
            if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
                code = str(answer.status_code)
                raise RefusedError(
                    f"{address}: its server refuses access ({code}).", code, is_of_object=True
                )
            if not answer.is_success:
                raise ServiceUnreachableError(
                    f"{address}: its server fails ({answer.status_code}); what is known of it is "
                    "left as it is: try again later."
                )
            yield answer


def _await(request: Coroutine[Any, Any, T]) -> T:
    from fsspec.asyn import get_loop

    return await_request(request, get_loop(), REQUEST_SECONDS)
