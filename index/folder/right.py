"""The right to write: one process has it at a time, and all its threads share it."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from anysense.embed.errors import CorruptCollectionError
from anysense.embed.forking import new_rlock, renew_after_fork
from anysense.index.catalog.schema import CATALOG
from anysense.index.catalog.sqlite.identity import replaced
from anysense.index.folder.lock import WriterLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from anysense.index.catalog.writer import CatalogWriter

__all__ = ["RightToWrite", "open_writer"]

PAUSES_SECONDS = (0.0, 0.02, 0.05, 0.1, 0.2)
"""Between the tries to open a catalog to write; readers need that long to let go of it."""


def open_writer(opened: Callable[[], CatalogWriter], forget: Callable[[], None]) -> CatalogWriter:
    """The writer of a catalog that this process reads already.

    Args:
        opened: makes it.
        forget: lets those who read the catalog open it anew.

    Raises:
        CorruptCollectionError: it cannot be written.
        StorageError: it may not be.
    """
    for pause in PAUSES_SECONDS:
        with contextlib.suppress(CorruptCollectionError):
            return opened()
        # SQLite shares what it knows of a file among the connections of a process: as long as one
        # is open from when the file could not be written, none can write to it.
        forget()
        time.sleep(pause)
    return opened()


class RightToWrite:
    """Taken when first needed, and given back only when no thread is using it.

    Args:
        folder: the collection.
        open_writer: called when the lock is taken, with what sees that it still counts; it says
            why the collection cannot be written, or gives its writer.
        patience: tells for how many seconds to wait for the lock.
    """

    def __init__(
        self,
        folder: Path,
        open_writer: Callable[[Callable[[], None]], CatalogWriter],
        patience: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._folder = folder
        self._patience = patience
        self._open_writer = open_writer
        self._lock = new_rlock()
        self._file = WriterLock(folder)
        self._writer: CatalogWriter | None = None
        self._users = 0
        self._is_unwanted = False
        self._is_retired = False
        self._last_use = time.monotonic()
        renew_after_fork(self)

    @property
    def is_taken(self) -> bool:
        """Whether this process has it."""
        return self._writer is not None

    def check_place(self) -> None:
        """See that what is written with it now would be found by others.

        Raises:
            CollectionReplacedError: the files, or the lock, are not those any more.
        """
        writer = self._writer
        if writer is not None:
            writer.check_place()

    @contextlib.contextmanager
    def taken(self) -> Iterator[CatalogWriter]:
        """The right to write, for as long as the block lasts.

        Raises:
            CollectionLockedError: another process has it; told at once, or after `patience`.
            CollectionReplacedError: the collection is not in its place any more.
            StorageError: the folder cannot be written.
        """
        writer = self._enter()
        try:
            yield writer
        finally:
            self._leave()

    def release(self) -> None:
        """Give it back: now, or as soon as the threads that are using it are done."""
        with self._lock:
            if self._users:
                self._is_unwanted = True
            else:
                self._give_back()

    def retire(self) -> None:
        """Give it back for good: the collection is another one now."""
        with self._lock:
            self._is_retired = True
            self.release()

    def release_idle(self, seconds: float) -> bool:
        """Give it back if nobody has used it for so long; whether this process is without it now.

        It is kept while a reader is in the way of emptying the catalog's log: the next writer would
        have to check the whole catalog.
        """
        with self._lock:
            if self._writer is None:
                return True
            if self._users or time.monotonic() - self._last_use < seconds:
                return False
            if not self._writer.checkpoint():
                return False
            self._give_back()
            return True

    def renew(self) -> None:
        """Leave it to the process that this one was forked from."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
        self._users, self._is_unwanted = 0, False
        self._file = WriterLock(self._folder)

    def _enter(self) -> CatalogWriter:
        with self._lock:
            if self._is_retired:
                raise replaced(self._folder / CATALOG)
            if self._writer is None:
                self._file.acquire(self._patience())
                try:
                    self._writer = self._open_writer(self._file.check)
                except BaseException:
                    self._file.release()
                    raise
            self._users += 1
            return self._writer

    def _leave(self) -> None:
        with self._lock:
            self._users = max(0, self._users - 1)  # a forked process begins anew at 0
            self._last_use = time.monotonic()
            if self._users == 0 and self._is_unwanted:
                self._give_back()

    def _give_back(self) -> None:
        self._is_unwanted = False
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._file.release()
