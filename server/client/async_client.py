"""A service, asked from an event loop."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from anysense.index.ranking.options import SearchOptions
from anysense.server.client.calls import Call, Calls
from anysense.server.client.client import (
    BATCH_ITEMS,
    PAGE_ITEMS,
    Client,
    batches,
    count_removed,
    new_item,
)
from anysense.server.client.connection import RETRIES, TIMEOUT_SECONDS, Connection
from anysense.server.client.refusals import unreachable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    import httpx
    from PIL.Image import Image

    from anysense.embed.types import FloatArray, Kind, Waveform
    from anysense.index.catalog.records import Item
    from anysense.index.hits.explanation import Explanation
    from anysense.index.hits.hits import Hits
    from anysense.index.hits.media import MediaFile
    from anysense.index.ranking.query import Query
    from anysense.index.types import NewItem
    from anysense.server.client.links import Upload
    from anysense.server.client.results import Added, CollectionInfo, ItemPage, Job, Model, Status

__all__ = ["AsyncClient"]

T = TypeVar("T")


class AsyncClient:
    """What `anysense.Client` is, for an event loop: the same methods, to be awaited.

    Files and pictures are read in threads. The files of its hits are read as those of others are:
    `hit.media()` blocks, and goes into a thread (`asyncio.to_thread(hit.media)`).

    >>> async with AsyncClient("http://127.0.0.1:8000") as client:
    ...     await client.search("the sea")
    """

    def __init__(
        self,
        url: str,
        *,
        api_key: str | None = None,
        collection: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        retries: int = RETRIES,
    ) -> None:
        """Ask a service; see `anysense.Client`."""
        self._connection = Connection(url, api_key, collection, timeout, retries)
        self._reader = Client(
            url, api_key=api_key, collection=collection, timeout=timeout, retries=retries
        )
        self._calls = Calls(self._connection, self._reader)
        self._http = _new_client(self._connection)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()
        self._reader.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"AsyncClient({self._connection.url!r})"

    # Searching

    async def search(self, query: Query, k: int = 10, **options: Any) -> Hits:
        return await self.ask(query, SearchOptions(k=k, **options))

    async def ask(self, query: Query, options: SearchOptions) -> Hits:
        return await self._make(partial(self._calls.search, query, options))

    async def explain(self, query: Query, item_id: str, **options: Any) -> Explanation:
        return await self.ask_why(query, item_id, SearchOptions(**options))

    async def ask_why(self, query: Query, item_id: str, options: SearchOptions) -> Explanation:
        return await self._make(partial(self._calls.explain, query, item_id, options))

    async def keep(self, content: Path | bytes | Image | Waveform) -> Upload:
        return await self._make(partial(self._calls.keep, new_item(content, None, None)))

    # Items

    async def add(
        self,
        content: str | Path | bytes | Image | Waveform | NewItem,
        *,
        id: str | None = None,  # noqa: A002 - as it is called everywhere
        metadata: Mapping[str, Any] | None = None,
    ) -> Item:
        return await self._make(partial(self._calls.add, new_item(content, id, metadata)))

    async def add_texts(self, items: Iterable[str | NewItem]) -> list[Added]:
        added: list[Added] = []
        for batch in batches(items):
            added += await self._send(self._calls.add_texts(batch))
        return added

    async def add_later(self, items: Iterable[str | NewItem]) -> list[Job]:
        return [await self._send(self._calls.add_later(batch)) for batch in batches(items)]

    async def job(self, job_id: str) -> Job:
        return await self._send(self._calls.job(job_id))

    async def item(self, item_id: str) -> Item:
        return await self._send(self._calls.item(item_id))

    async def items(
        self,
        where: str | None = None,
        *,
        order: str = "added",
        kinds: Sequence[Kind | str] | None = None,
    ) -> AsyncIterator[Item]:
        cursor = None
        while True:
            page = await self.page(where, order=order, cursor=cursor, kinds=kinds)
            for item in page.items:
                yield item
            if page.next_cursor in (None, cursor):  # a page that is told twice would never end
                return
            cursor = page.next_cursor

    async def page(
        self,
        where: str | None = None,
        *,
        order: str = "added",
        limit: int = PAGE_ITEMS,
        cursor: str | None = None,
        kinds: Sequence[Kind | str] | None = None,
    ) -> ItemPage:
        return await self._send(self._calls.items(where, order, limit, cursor, kinds))

    async def describe(self, item_id: str, metadata: Mapping[str, Any]) -> Item:
        return await self._send(self._calls.describe(item_id, metadata))

    async def remove(self, ids: str | Sequence[str]) -> int:
        listed = [ids] if isinstance(ids, str) else list(ids)
        removed = 0
        for start in range(0, len(listed), BATCH_ITEMS):
            call = self._calls.remove(listed[start : start + BATCH_ITEMS])
            removed += count_removed(await self._send(call))
        return removed

    # Their files

    async def media(self, item_id: str) -> MediaFile:
        return await self._send(self._calls.media(item_id))

    async def thumbnail(
        self, item_id: str, width: int = 320, page: int | None = None, start: float | None = None
    ) -> MediaFile:
        return await self._send(self._calls.thumbnail(item_id, width, page, start))

    async def clip(self, item_id: str, start: float, end: float) -> MediaFile:
        return await self._send(self._calls.clip(item_id, start, end))

    async def download(self, item_id: str, path: Path) -> None:
        await asyncio.to_thread(self._reader.download, item_id, path)

    # Vectors

    async def embed(
        self,
        inputs: str | Path | bytes | Sequence[Any],
        *,
        model: str | None = None,
        dimensions: int | None = None,
    ) -> FloatArray:
        several = inputs if isinstance(inputs, list | tuple) else [inputs]
        return await self._make(partial(self._calls.embed, several, model, dimensions))

    # The service

    async def models(self) -> list[Model]:
        return await self._send(self._calls.models())

    async def collections(self) -> list[CollectionInfo]:
        return await self._send(self._calls.collections())

    async def info(self) -> dict[str, Any]:
        return await self._send(self._calls.info())

    async def health(self) -> Status:
        return await self._send(self._calls.health())

    async def ready(self) -> Status:
        return await self._send(self._calls.ready())

    # How

    async def _make(self, make: Callable[[], Call[T]]) -> T:
        """Send a call that may have to read files first."""
        return await self._send(await asyncio.to_thread(make))

    async def _send(self, call: Call[T]) -> T:
        try:
            async with self._reached():
                response = await self._http.request(call.method, call.url, **call.arguments())
        finally:
            call.close()
        return call.answer(response)

    @asynccontextmanager
    async def _reached(self) -> AsyncIterator[None]:
        import httpx

        try:
            yield
        except httpx.HTTPError as error:
            raise unreachable(self._connection, error) from error


def _new_client(connection: Connection) -> httpx.AsyncClient:
    import httpx

    return httpx.AsyncClient(
        **connection.options(httpx.AsyncHTTPTransport(verify=connection.is_secure))
    )
