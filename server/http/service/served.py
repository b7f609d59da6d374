"""One collection that is served: searched, added to, and kept up to date."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from anysense.embed.errors import AnysenseError, CollectionReplacedError
from anysense.index.catalog.fields import summarise
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.server.http.batches.jobs import Jobs
from anysense.server.http.batches.roots import Roots
from anysense.server.http.service.publishing import Publishing
from anysense.server.http.service.upkeep import Upkeep
from anysense.server.http.service.watching import Watching
from anysense.server.http.service.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.index.catalog.fields import Summary
    from anysense.index.catalog.reader import Catalog
    from anysense.index.catalog.records import Item
    from anysense.index.collection import Collection
    from anysense.index.folder.media import MediaFolder
    from anysense.index.hits.explanation import Explanation
    from anysense.index.hits.hits import Hits
    from anysense.index.ranking.query import Term
    from anysense.server.http.service.turns import Turns
    from anysense.server.http.settings import Settings

__all__ = ["ServedCollection"]

logger = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")
STOP_SECONDS = 30.0


class ServedCollection:
    """A collection behind HTTP: what the routes call.

    Args:
        name: what addresses call it.
        collection: the collection; it stays the caller's to close.
        settings: how the service behaves.
        turns: whose turn it is, over all collections of the service.
        watched: sources that it is kept up to date with.
    """

    def __init__(
        self,
        name: str,
        collection: Collection,
        settings: Settings,
        turns: Turns,
        watched: Sequence[str] = (),
    ) -> None:
        self.name = name
        self.collection = collection
        self.retriever = CollectionRetriever(collection, state_seconds=settings.state_seconds)
        self.writer = Writer(collection)
        self._turns = turns
        self._writes = turns.new_line(name, settings.write_threads)
        self._thumbnails = asyncio.Semaphore(1)
        self._publishing = Publishing(collection, settings.publish_after)
        self._upkeep = Upkeep(collection, self.retriever, settings)
        self.roots = Roots(settings.roots, exclude=collection.path)
        self.reach_objects = settings.reach_objects
        self._fields: tuple[tuple[int, int], Summary] | None = None
        self.jobs = Jobs(self.writer, self.roots, settings, self.writing)
        self._watching = Watching(name, collection, watched, self._in_place)

    @property
    def media(self) -> MediaFolder:
        """The files that clients have stored."""
        return self.collection.folder.media

    @property
    def is_publishing(self) -> bool:
        """Whether the FAISS index is brought up to date at this moment."""
        return self._publishing.is_running

    def start(self, *, writes: bool = True) -> None:
        """Begin to look after the collection.

        Args:
            writes: whether this process is the one that writes, if the service has several.
        """
        self.writer.start()
        self._upkeep.start(tidies=writes)
        if writes:
            self.jobs.start()
            self._watching.start()

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for what runs in the background, up to a limit; nothing is lost without it."""
        deadline = time.monotonic() + seconds
        self.jobs.stop()
        self._watching.stop()
        self._upkeep.stop(seconds)
        self._watching.join(max(0.0, deadline - time.monotonic()))
        self._publishing.join(max(0.0, deadline - time.monotonic()))

    def reload(self) -> None:
        """Take the collection as it is on the disk now."""
        self.check_place()
        self.collection.folder.snapshot()

    def check_place(self) -> None:
        """See that what is written now would be kept; if the folder was replaced, open the new one.

        Raises:
            CollectionError: it would not be.
        """
        try:
            self.collection.folder.check_place()
        except CollectionReplacedError:
            self.collection.folder.reopen()

    async def reading(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that reads the catalog or files, and waits for no model."""
        return await self._turns.reading(self._again_if_replaced, partial(work, *args, **kwargs))

    async def shrinking(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that makes a small picture, one after the other: reads do not wait."""
        async with self._thumbnails:
            return await self._turns.working(work, *args, **kwargs)

    async def retrieving(self, terms: list[Term], **options: Any) -> Hits:
        """Search, when its turn comes; see `CollectionRetriever.retrieve`."""
        return await self._searching(terms, partial(self.retriever.retrieve, terms, **options))

    async def explaining(self, terms: list[Term], item_id: str, **options: Any) -> Explanation:
        """Tell why a search finds an item; see `CollectionRetriever.explain`."""
        work = partial(self.retriever.explain, terms, item_id, **options)
        return await self._searching(terms, work)

    async def _searching(self, terms: list[Term], work: Callable[[], T]) -> T:
        has_media = any(isinstance(term.content, bytes | Path) for term in terms)
        return await self._turns.searching(self._again_if_replaced, work, has_media=has_media)

    async def writing(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that may encode and writes, in a thread, beside some others."""
        async with self._writes:
            return await self.removing(work, *args, **kwargs)

    async def removing(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that writes and encodes nothing, so that it need not wait for models."""
        return await self._turns.working(self._in_place, partial(work, *args, **kwargs))

    def _in_place(self, work: Callable[[], T]) -> T:
        """Write to the folder that is at the collection's path now; then publish, if it is due."""
        self.check_place()
        try:
            result = work()
        except CollectionReplacedError:
            with contextlib.suppress(AnysenseError):  # told with the next request, if it lasts
                self.collection.folder.reopen()
            raise
        self._publish_if_due()
        return result

    def _again_if_replaced(self, work: Callable[[], T]) -> T:
        """Read, once more from the new folder if the old one is not at the path any more."""
        try:
            return work()
        except CollectionReplacedError:
            self.collection.folder.reopen()
            return work()

    def _publish_if_due(self) -> None:
        try:
            self._publishing.publish_if_due()
        except AnysenseError as error:  # what was written is safe without it
            logger.error("The index cannot be published: %s", error)

    def catalog(self) -> Catalog:
        """The items as they are now."""
        return self.collection.snapshot().catalog

    def fields(self) -> Summary:
        """The fields of the items' metadata, looked up anew after each change."""
        snapshot = self.collection.snapshot()
        if self._fields is None or self._fields[0] != snapshot.version:
            self._fields = snapshot.version, summarise(snapshot.catalog)
        return self._fields[1]

    def item(self, item_id: str) -> Item:
        """An item as it is now.

        Raises:
            ItemNotFoundError: there is none of that id.
        """
        return self.collection.snapshot().item(item_id)
