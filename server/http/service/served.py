"""One collection that is served: searched, added to, and kept up to date."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, ParamSpec, TypeVar

from anysense.embed.errors import AnysenseError, ItemNotFoundError, MediaError
from anysense.index.building.ingest import add_one
from anysense.index.catalog.browse import find_item, item_paths
from anysense.index.ranking.retriever import Retriever
from anysense.index.types import NewItem
from anysense.server.http.batches.jobs import Jobs
from anysense.server.http.batches.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.index.catalog.reader import Catalog
    from anysense.index.catalog.records import Item
    from anysense.index.collection import Collection
    from anysense.index.ranking.hit import Hits
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
    """

    def __init__(self, name: str, collection: Collection, settings: Settings, turns: Turns) -> None:
        self.name = name
        self.collection = collection
        self.retriever = Retriever(collection)
        self.media = collection.folder.media
        self._settings = settings
        self._turns = turns
        self._writes = turns.new_line()
        self._thumbnails = turns.new_line()
        self._publishing: threading.Thread | None = None
        self.roots = Roots(settings.roots, exclude=collection.path)
        self.jobs = Jobs(collection, self.roots, settings, self.writing)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for an index that is being published, up to a limit; nothing is lost without it."""
        if self._publishing is not None:
            self._publishing.join(seconds)

    def reload(self) -> None:
        """Take the collection as it is on the disk now."""
        self.collection.folder.snapshot()

    @property
    def is_publishing(self) -> bool:
        """Whether the FAISS index is brought up to date at this moment."""
        return self._publishing is not None and self._publishing.is_alive()

    async def reading(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that reads the catalog or files, and waits for no model."""
        return await self._turns.reading(work, *args, **kwargs)

    async def shrinking(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that makes a small picture, one after the other: reads do not wait."""
        async with self._thumbnails:
            return await self._turns.working(work, *args, **kwargs)

    async def retrieving(self, terms: list[Term], **options: Any) -> Hits:
        """Search, when its turn comes; see `Retriever.retrieve`."""
        has_media = any(isinstance(term.content, bytes) for term in terms)
        return await self._turns.searching(
            self.retriever.retrieve, terms, has_media=has_media, **options
        )

    async def writing(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that writes, in a thread, after all that came before it."""
        async with self._writes:
            result = await self._turns.working(work, *args, **kwargs)
            await self._turns.working(self._publish_if_due)
            return result

    def _publish_if_due(self) -> None:
        if self.is_publishing:
            return
        snapshot = self.collection.folder.snapshot()
        changes = snapshot.unpublished + len(snapshot.tombstones)
        total = sum(snapshot.partitions.values())
        if changes >= max(self._settings.publish_after, total // 20):
            self._publishing = threading.Thread(target=self._publish, name="publish", daemon=True)
            self._publishing.start()

    def _publish(self) -> None:
        try:
            self.collection.publish()
        except AnysenseError as error:  # the catalog has everything; the next change tries again
            logger.error("The index cannot be published: %s", error)
        except Exception:  # whatever it is, it must not end in silence
            logger.exception("The index cannot be published")

    def add(self, item: NewItem, content_hash: str | None = None) -> Item:
        """Encode an item and write it; it is safe, and found by searches, when this returns.

        Args:
            item: what to add.
            content_hash: of its content, where that is known.

        Raises:
            MediaError: it cannot be used.
            StorageError: the disk refused.
            CollectionLockedError: another process is writing.
        """
        item_id = add_one(self.collection, item, content_hash=content_hash)
        return self.collection.folder.snapshot().item(item_id)

    def add_file(
        self, upload: BinaryIO, name: str, suffix: str, item: NewItem
    ) -> tuple[Item, bool]:
        """Store an uploaded file and add it as an item.

        Args:
            upload: the file.
            name: what the client calls it.
            suffix: what its stored name ends with.
            item: its id and metadata; the content is not looked at.

        Returns:
            The item, and whether it was added: without an id of its own, a file whose content is
            in the collection already is the item that it has.

        Raises:
            As `add`.
        """
        with self.media.receive(upload, name) as file:
            item_id = self._item_with(file.digest) if item.id is None else None
            if item_id is not None:
                return self.collection.folder.snapshot().item(item_id), False
            former_paths = self._paths(item.id) if item.id is not None else []
            path, is_new = file.keep(suffix, item.id)
        try:
            source = self.media.catalog_path(str(path))  # the same wherever the collection is
            new_item = self.add(NewItem(path, item.id, source, None, item.metadata), file.digest)
        except BaseException as error:
            if is_new:
                self.media.discard(path)
            if isinstance(error, MediaError):
                raise type(error)(name, error.reason) from None
            raise
        for former_path in former_paths:
            if former_path != path:
                self.media.discard(former_path)
        return new_item, True

    def remove(self, item_id: str) -> None:
        """Remove an item, and its file if a client has stored it.

        Raises:
            ItemNotFoundError: there is none of that id.
        """
        if self.collection.remove([item_id]) == 0:
            raise ItemNotFoundError(f"No item {item_id}.")

    def catalog(self) -> Catalog:
        """The items as they are now."""
        return self.collection.folder.snapshot().catalog

    def _item_with(self, digest: str) -> str | None:
        """The id of the item that has a content, unless its files are all gone."""
        item_id = self.collection.folder.by_hash(digest)
        if item_id is None:
            return None
        paths = self._paths(item_id)
        return item_id if not paths or any(path.is_file() for path in paths) else None

    def _paths(self, item_id: str) -> list[Path]:
        """Where the files of an item are, which may be gone; none if there is no such item."""
        catalog = self.catalog()
        try:
            item = find_item(catalog, item_id)
        except ItemNotFoundError:
            return []
        return [Path(path) for path in item_paths(catalog, item)]
