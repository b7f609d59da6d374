"""What the tools ask of a collection: the HTTP API, of a service or of this process itself.

A collection that is opened here is behind the same application as one that is served, only without
a network between. So limits, filters, cursors, turns, and what errors may tell are the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import httpx

from anysense.embed.errors import (
    DeadlineError,
    MediaTooLargeError,
    ServiceError,
    ServiceUnreachableError,
    UsageError,
)
from anysense.index.collection import Collection
from anysense.server.client.connection import is_address
from anysense.server.http.app import create_app
from anysense.server.http.errors import RequestError
from anysense.server.http.service.models import Models
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Mapping

__all__ = ["Api", "File", "FileFacts", "open_api"]

IN_PROCESS = "http://127.0.0.1"
"""The name by which the application is called where there is no network."""
TIMEOUT_SECONDS = 600.0
CONNECT_SECONDS = 10.0
LOADING_SECONDS = 600.0
LOOK_AGAIN_SECONDS = 0.25
MOST_THUMBNAIL = 4 * 1024**2
MOST_CLIP = 64 * 1024**2
STOP_SECONDS = 5.0
"""How long what still runs may take once a server is closed."""


class FileFacts(NamedTuple):
    """The file of an item: its type, and its length in bytes."""

    mime_type: str
    size: int


class File(NamedTuple):
    """The content of a file."""

    data: bytes
    mime_type: str


class Api:
    """One collection behind the HTTP API.

    Args:
        client: sends requests, with the key if one is needed.
        collection: the name of the collection; the service's first one if None.
        where: what errors call the service.
    """

    def __init__(
        self, client: httpx.AsyncClient, collection: str | None = None, where: str = "the service"
    ) -> None:
        self._client = client
        self._root = "v1" if collection is None else f"v1/collections/{quote(collection, safe='')}"
        self._about = f"v1/collections/{quote(collection or 'current', safe='')}"
        self._where = where
        self._was_loaded = False

    async def about(self) -> dict[str, Any]:
        """What the collection holds, as `anysense info --json` prints it."""
        return await self._json("GET", self._about)

    async def search(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What a search finds; waits for encoders that are being loaded."""
        return await self._once_loaded("POST", f"{self._root}/search", json=body)

    async def item(self, item_id: str) -> dict[str, Any]:
        """An item with its segments."""
        return await self._json("GET", self._item(item_id))

    async def items(self, **query: Any) -> dict[str, Any]:
        """A page of items."""
        return await self._json("GET", f"{self._root}/items", params=query)

    async def add(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Add a text."""
        return await self._once_loaded("POST", f"{self._root}/items", json=body)

    async def add_file(self, name: str, data: bytes, fields: Mapping[str, str]) -> dict[str, Any]:
        """Add a file."""
        return await self._once_loaded(
            "POST", f"{self._root}/items", files={"file": (name, data)}, data=dict(fields)
        )

    async def remove(self, item_id: str) -> None:
        """Remove an item."""
        await self._json("DELETE", self._item(item_id))

    async def file_facts(self, item_id: str) -> FileFacts:
        """What there is to know of an item's file before it is read.

        Raises:
            RequestError: there is no item, or it has no file, or that is gone.
        """
        address = f"{self._item(item_id)}/media"
        async with self._asked("HEAD", address) as response:
            length = response.headers.get("content-length", "")
            if response.is_success and length.isdecimal():
                return FileFacts(mime_type_of(response), int(length))
        # An answer to HEAD does not say what is wrong.
        async with self._asked("GET", address, headers={"range": "bytes=0-0"}) as response:
            await self._check(response)
            raise ServiceError(f"{self._where} does not tell how long the file of the item is.")

    async def file(self, item_id: str, most: int, **part: float) -> File:
        """The file of an item, or what a service makes of it.

        Args:
            item_id: the item.
            most: bytes that are read.
            part: nothing, or what is to be made of the file.

        Raises:
            MediaTooLargeError: there are more bytes.
            RequestError: as `file_facts`, or it cannot be made.
        """
        address = f"{self._item(item_id)}/media"
        async with self._asked("GET", address, params=part) as response:
            await self._check(response)
            parts, length = [], 0
            async for some in response.aiter_bytes():
                parts.append(some)
                length += len(some)
                if length > most:
                    raise MediaTooLargeError(item_id, f"has over {most:,} bytes")
            return File(b"".join(parts), mime_type_of(response))

    async def thumbnail(
        self, item_id: str, side: int, page: int | None = None, start: float | None = None
    ) -> bytes:
        """A small JPEG of a picture, a page of a PDF, or what a video shows from `start` on."""
        given = {"page": page, "start": start}
        part = {name: value for name, value in given.items() if value is not None}
        return (await self.file(item_id, MOST_THUMBNAIL, w=side, **part)).data

    async def clip(self, item_id: str, start: float, end: float) -> bytes:
        """Some seconds of a sound as WAV."""
        return (await self.file(item_id, MOST_CLIP, start=start, end=end)).data

    def _item(self, item_id: str) -> str:
        return f"{self._root}/items/{quote(item_id, safe='')}"

    async def _once_loaded(self, method: str, address: str, **request: Any) -> dict[str, Any]:
        """Ask when encoders are not being loaded any more."""
        deadline = time.monotonic() + LOADING_SECONDS
        while not self._was_loaded and await self._is_loading() and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        self._was_loaded = True
        return await self._json(method, address, **request)

    async def _is_loading(self) -> bool:
        async with self._asked("GET", "ready") as response:
            await response.aread()
        try:
            return bool(response.json()["status"] == "loading")
        except (ValueError, KeyError, TypeError):  # of no anysense, as what is asked next will tell
            return False

    async def _json(self, method: str, address: str, **request: Any) -> dict[str, Any]:
        async with self._asked(method, address, **request) as response:
            await self._check(response)
            await response.aread()
            try:
                answer: dict[str, Any] = response.json()
            except ValueError:
                raise self._is_no_anysense(response) from None
            return answer

    @contextlib.asynccontextmanager
    async def _asked(
        self, method: str, address: str, **request: Any
    ) -> AsyncIterator[httpx.Response]:
        try:
            async with self._client.stream(method, address, **request) as response:
                yield response
        except httpx.TimeoutException:
            raise DeadlineError(f"{self._where} did not answer in time.") from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            reason = str(error).rstrip(".") or type(error).__name__
            raise ServiceUnreachableError(f"{self._where} cannot be reached: {reason}.") from None

    async def _check(self, response: httpx.Response) -> None:
        """Raise what an answer says that is an error."""
        if response.is_success:
            return
        await response.aread()
        try:
            error = response.json()["error"]
            message, code = str(error["message"]), str(error["code"])
        except (ValueError, KeyError, TypeError):
            raise self._is_no_anysense(response) from None
        raise RequestError(message, response.status_code, code, error.get("param"))

    def _is_no_anysense(self, response: httpx.Response) -> ServiceError:
        return ServiceError(
            f"{self._where} answered with {response.status_code} and not as anysense does: see "
            "whether its address is right."
        )


def mime_type_of(response: httpx.Response) -> str:
    stated: str = response.headers.get("content-type", "application/octet-stream")
    return stated.partition(";")[0].strip()


@contextlib.asynccontextmanager
async def open_api(
    source: Collection | str | os.PathLike[str],
    *,
    api_key: str | None = None,
    collection: str | None = None,
    device: str = "auto",
    show_paths: bool = True,
) -> AsyncIterator[Api]:
    """Open a collection of this machine, or reach one that is served.

    Args:
        source: an open collection, the path of one, or the address of a service.
        api_key: of the service.
        collection: which one of the service; its first one if None.
        device: where models run, of a path.
        show_paths: tell in which folders files lie; of a service it is the service that decides.

    Raises:
        CollectionError: there is no collection at the path, or it cannot be used.
    """
    if is_address(source):
        async with open_service(str(source), api_key, collection) as api:
            yield api
        return
    if isinstance(source, Collection):
        async with serve_here(source, show_paths) as api:
            yield api
        return
    with Collection.open(Path(source), load=Models(device).load) as opened:
        async with serve_here(opened, show_paths) as api:
            yield api


@contextlib.asynccontextmanager
async def open_service(
    address: str, api_key: str | None, collection: str | None
) -> AsyncIterator[Api]:
    headers = {} if api_key is None else {"authorization": f"Bearer {api_key}"}
    timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
    try:
        client = httpx.AsyncClient(
            base_url=address.rstrip("/") + "/", headers=headers, timeout=timeout
        )
    except (httpx.InvalidURL, ValueError) as error:
        raise UsageError(f"{address} is no address of a service: {error}.") from None
    async with client:
        yield Api(client, collection, f"The service at {address}")


@contextlib.asynccontextmanager
async def serve_here(collection: Collection, show_paths: bool) -> AsyncIterator[Api]:
    """The application over one collection, called without a network.

    Its settings are the defaults: those in the environment are of a service.
    """
    settings = Settings.model_construct(show_paths=show_paths, shutdown_timeout=STOP_SECONDS)
    app = create_app(collection, settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with app.router.lifespan_context(app):
        try:
            async with httpx.AsyncClient(
                transport=transport, base_url=IN_PROCESS + "/", timeout=TIMEOUT_SECONDS
            ) as client:
                yield Api(client, where="The collection")
        finally:
            app.state.service.life.stop(STOP_SECONDS)
