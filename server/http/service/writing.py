"""Changing a collection for many clients at once: encoded side by side, committed one by one."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from anysense.embed.errors import AbandonedError, ItemNotFoundError, MediaError
from anysense.embed.waiting import Waiter, check_waiter, current_waiter, waited_for_by
from anysense.index.building.ingest import encode_one
from anysense.index.building.pending import make_pending
from anysense.index.catalog.browse import find_item
from anysense.index.catalog.records import make_id
from anysense.index.types import NewItem
from anysense.server.http.errors import RequestError, StoppingError
from anysense.server.http.service.copies import item_with, join, text_with
from anysense.server.http.service.order import WriteOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from anysense.index.catalog.records import Item, ItemRecord
    from anysense.index.collection import Collection
    from anysense.index.folder.folder import CollectionFolder
    from anysense.index.folder.media import IncomingFile

__all__ = ["SeveralWrites", "Writer", "superseded"]

T = TypeVar("T")


class Writer:
    """Adds to a collection and removes from it. Safe to use from many threads.

    The right to write is taken before anything is stored or encoded, and kept until the commit.
    Of two writes of one id the one that came later counts, whichever was ready first.

    Args:
        collection: what is changed.
    """

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._order = WriteOrder()
        self._commits = threading.Lock()
        self._waiters: set[Waiter] = set()
        self._is_stopping = False

    @property
    def _folder(self) -> CollectionFolder:
        return self.collection.folder

    def start(self) -> None:
        """Take writes (again)."""
        self._is_stopping = False

    def stop(self) -> None:
        """Take no more writes; those that are not being committed yet end with an error."""
        self._is_stopping = True
        for waiter in list(self._waiters):
            waiter.leave()

    def add(self, item: NewItem) -> tuple[Item, bool]:
        """Encode a text and write it; it is safe, and found by searches, when this returns.

        Args:
            item: what to add.

        Returns:
            The item, and whether it was added: a text without an id that is in the collection
            already, under the id made from it, is that item, which gets the metadata too.

        Raises:
            MediaError: it cannot be used.
            StorageError: the disk refused.
            CollectionLockedError: another process is writing; told before anything is done.
            CollectionReplacedError: the folder is not the one any more that was opened.
            RequestError: a later request has written the item meanwhile, the service stops, or the
                metadata of that item and the text's own are together over the limits.
        """
        number = self._order.new_number()
        with self._under_way():
            pending = make_pending(0, item, with_sidecars=False)

            def join_known() -> Item | None:
                is_known = item.id is None and text_with(
                    self._folder, pending.content_hash, pending.id
                )
                return self._joined(pending.id, item) if is_known else None

            with self._commits:
                known_item = join_known()
            if known_item is not None:
                return known_item, False

            def write() -> tuple[Item, bool]:
                known_item = join_known()  # if another client sent it meanwhile
                if known_item is not None:
                    return known_item, False
                return self._write(record, number), True

            with self._order.line(pending.id, number):
                record = encode_one(self.collection, item)
                return self._commit(pending.id, number, write)

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
            in the collection already is the item that it has, which gets the metadata too.

        Raises:
            As `add`; RequestError too if the metadata of that item and the file's own are together
            over the limits.
        """
        number = self._order.new_number()
        with self._under_way():
            media, is_named = self._folder.media, self._folder.names_file
            with media.receive(upload, name, is_named) as file:
                known_item = self._join(file.digest, item, name) if item.id is None else None
                if known_item is not None:
                    return known_item, False
                path = file.keep(suffix, item.id)
                return self._add_stored(path, file, item, number)

    def remove(self, item_id: str) -> None:
        """Remove an item, and its file if a client has stored it.

        Raises:
            ItemNotFoundError: there is none of that id.
            CollectionLockedError, CollectionReplacedError, RequestError, StorageError: as `add`.
        """

        def remove() -> None:
            if self.collection.remove([item_id]) == 0:
                raise ItemNotFoundError(f"No item {item_id}.")
            self._order.mark_done(item_id, number)

        number = self._order.new_number()
        with self._under_way(), self._order.line(item_id, number):
            self._commit(item_id, number, remove)

    def describe(self, item_id: str, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Change the metadata of an item by what they are, so that no other change gets lost.

        Raises:
            ItemNotFoundError: there is none of that id.
            CollectionLockedError, CollectionReplacedError, RequestError, StorageError: as `add`.
        """
        with self._under_way(), self._commits:
            self._check_running()
            before = find_item(self._folder.catalog, item_id).metadata
            self._folder.describe({item_id: change(dict(before))})

    @contextlib.contextmanager
    def several(self) -> Iterator[SeveralWrites]:
        """Writes that take effect together; what was received for them and not written goes.

        Raises:
            CollectionLockedError, CollectionReplacedError, RequestError: as `add`.
        """
        number = self._order.new_number()
        with self._under_way(), contextlib.ExitStack() as stack:
            yield SeveralWrites(self._folder, self._order, self._commits, number, stack)

    @contextlib.contextmanager
    def _under_way(self) -> Iterator[None]:
        """A write is under way, and ends early if nobody waits for it or the service stops."""
        waiter = current_waiter() or Waiter()
        self._waiters.add(waiter)
        try:
            self._check_running()
            with waited_for_by(waiter), self._folder.writing():
                yield
        except AbandonedError:
            self._check_running()
            raise
        finally:
            self._waiters.discard(waiter)

    def _check_running(self) -> None:
        if self._is_stopping:
            raise StoppingError

    def _commit(self, item_id: str, number: int, write: Callable[[], T]) -> T:
        """Write something when its turn comes."""
        self._order.wait_for_earlier(item_id, number)
        with self._commits:
            self._check_running()
            check_waiter()
            return write()

    def _write(self, record: ItemRecord, number: int) -> Item:
        """Write a record, unless a later request was faster; the item as the collection has it."""
        digest = record.content_hash
        if not self._order.is_superseded(record.id, number):
            self._folder.write([record])
            self._order.mark_done(record.id, number)
        elif digest is None or item_with(self._folder, digest) != record.id:
            raise superseded(record.id)
        return self._folder.catalog.item(record.id)

    def _add_stored(
        self, path: Path, file: IncomingFile, item: NewItem, number: int
    ) -> tuple[Item, bool]:
        """Add a file that is in its place in the collection."""
        source = self._folder.media.catalog_path(str(path))  # the same wherever the collection is
        stored = NewItem(path, item.id, source, None, item.metadata)
        item_id = item.id or make_id(source)

        def write() -> tuple[Item, bool]:
            other_id = item_with(self._folder, file.digest) if item.id is None else None
            if other_id is not None and other_id != item_id:  # another client sent it meanwhile
                return self._joined(other_id, item, file.name), False
            return self._write(record, number), True

        with self._order.line(item_id, number):
            try:
                record = encode_one(self.collection, stored, content_hash=file.digest)
            except MediaError as error:
                raise type(error)(file.name, error.reason) from None
            return self._commit(item_id, number, write)

    def _join(self, digest: str, item: NewItem, name: str) -> Item | None:
        """The item that has a content, joined by another copy; None if none has it."""
        if item_with(self._folder, digest) is None:
            return None
        with self._commits:
            item_id = item_with(self._folder, digest)
            return None if item_id is None else self._joined(item_id, item, name)

    def _joined(self, item_id: str, item: NewItem, name: str | None = None) -> Item:
        """An item after a copy of its content has joined it."""
        join(self._folder, item_id, item.metadata, name=name)
        return self._folder.catalog.item(item_id)


def superseded(item_id: str) -> RequestError:
    """What is said of a write that a later one has overtaken."""
    message = (
        f"A later request has written or removed the item {item_id} before this one was ready: "
        "this one was not kept."
    )
    return RequestError(message, 409, "superseded", "id")


class SeveralWrites:
    """Writes of several items that came as one: see `Writer.several`.

    None of them waits for an earlier write of its item: that has been superseded by it then.
    """

    def __init__(
        self,
        folder: CollectionFolder,
        order: WriteOrder,
        commits: threading.Lock,
        number: int,
        stack: contextlib.ExitStack,
    ) -> None:
        self.folder = folder
        self._order = order
        self._commits = commits
        self._number = number
        self._stack = stack
        self._ids: set[str] = set()

    def receive(self, upload: BinaryIO, name: str) -> IncomingFile:
        """Take a file in; it stays if it was kept and an item names it in the end."""
        receiving = self.folder.media.receive(upload, name, self.folder.names_file)
        return self._stack.enter_context(receiving)

    def begin(self, item_id: str) -> None:
        """Note that an item is among those to be written or removed."""
        if item_id not in self._ids:
            self._ids.add(item_id)
            self._stack.enter_context(self._order.line(item_id, self._number))

    def write(self, records: Sequence[ItemRecord]) -> set[str]:
        """Write items in one transaction, but for those that a later request has written.

        Returns:
            The ids of these.
        """
        with self._commits:
            check_waiter()
            ids = {record.id for record in records}
            late = {i for i in ids if self._order.is_superseded(i, self._number)}
            written = [record for record in records if record.id not in late]
            if written:
                self.folder.write(written)
            for item_id in ids - late:
                self._order.mark_done(item_id, self._number)
        return late

    def remove(self, ids: Iterable[str]) -> set[str]:
        """Remove items in one transaction; the ids of those that there were."""
        with self._commits:
            check_waiter()
            existing = self.folder.existing(list(ids))
            if existing:
                self.folder.remove(sorted(existing))
            for item_id in self._ids:
                self._order.mark_done(item_id, self._number)
        return existing

    @contextlib.contextmanager
    def alone(self) -> Iterator[CollectionFolder]:
        """The folder, while nobody else changes it: for changes that depend on what is there.

        They are made even if nobody waits any more: what was written before them stays.
        """
        with self._commits:
            yield self.folder
