"""What was fetched and is needed again soon, so that each object is fetched only once.

A build reads a new object twice: to know whether its content is new, and to encode it. Storage
services take money for each request and for each byte that leaves them, and time as well. So what
was fetched is kept until its item is dealt with: a small one in memory, a larger one in a file of
the user's cache that has no name any more, so that nothing is left of it whatever happens.
"""

from __future__ import annotations

import os
import tempfile
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.cache import user_cache
from anysense.embed.errors import StorageError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

__all__ = ["Fetched", "Spool"]

Blocks: TypeAlias = Callable[[], "Iterator[bytes]"]
"""Fetches an object, a block at a time."""


class Fetched:
    """The bytes of an object, here; safe to read from many threads.

    Args:
        size: how many there are.
        data: the bytes themselves; None if they are in a file.
        descriptor: of that file, which is closed when nobody has this any more.
    """

    def __init__(self, size: int, data: bytes | None = None, descriptor: int = -1) -> None:
        self.size = size
        self._data = data
        self._descriptor = descriptor
        self._lock = threading.Lock()
        if data is None:
            weakref.finalize(self, os.close, descriptor)

    @property
    def is_in_memory(self) -> bool:
        return self._data is not None

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` to before `end`."""
        if self._data is not None:
            return self._data[start:end]
        with self._lock:  # not every system can read at a place without going there
            os.lseek(self._descriptor, start, os.SEEK_SET)
            return os.read(self._descriptor, end - start)


class Spool:
    """Keeps what was fetched, within bounds; what is over them is fetched again when needed.

    Args:
        most_bytes: of all that is kept in files.
        most_files: how many of them there are, as a process may have so many open.
        most_small: how many objects are kept in memory.
        small_bytes: an object that has no more is kept in memory.
    """

    def __init__(
        self,
        most_bytes: int = 8 * 1024**3,
        most_files: int = 256,
        most_small: int = 256,
        small_bytes: int = 256 * 1024,
    ) -> None:
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._most_small = most_small
        self._small_bytes = small_bytes
        self._kept: dict[Hashable, Fetched] = {}
        self._fetching: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def fetched(self, key: Hashable, size: int, blocks: Blocks) -> Fetched:
        """What is kept under a key, or is fetched now: by one thread, while others wait for it.

        Args:
            key: of the object as it is now.
            size: how many bytes it has.
            blocks: fetches it.

        Raises:
            StorageError: the disk has no room for it.
        """
        with self._lock:
            turn = self._fetching.setdefault(key, threading.Lock())
        with turn:
            try:
                with self._lock:
                    kept = self._kept.get(key)
                if kept is not None:
                    return kept
                fetched = self._fetch(size, blocks)
                with self._lock:
                    if self._has_room(fetched):
                        self._kept[key] = fetched
                return fetched
            finally:
                with self._lock:
                    self._fetching.pop(key, None)

    def release(self, key: Hashable) -> None:
        """Keep this no longer; who reads it still may do so to the end."""
        with self._lock:
            self._kept.pop(key, None)

    def clear(self) -> None:
        """Keep nothing any longer."""
        with self._lock:
            self._kept.clear()

    def __len__(self) -> int:
        return len(self._kept)

    def _fetch(self, size: int, blocks: Blocks) -> Fetched:
        if size <= self._small_bytes:
            return Fetched(size, b"".join(blocks()))
        try:
            descriptor = _nameless_file()
        except OSError as error:
            raise _no_room(error) from None
        fetched = Fetched(size, descriptor=descriptor)
        for block in blocks():
            view = memoryview(block)
            try:
                while view:
                    view = view[os.write(descriptor, view) :]
            except OSError as error:
                raise _no_room(error) from None
        return fetched

    def _has_room(self, fetched: Fetched) -> bool:
        in_files = [each.size for each in self._kept.values() if not each.is_in_memory]
        if fetched.is_in_memory:
            return len(self._kept) - len(in_files) < self._most_small
        has_room = sum(in_files) + fetched.size <= self._most_bytes
        return has_room and len(in_files) < self._most_files


def _nameless_file() -> int:
    """A descriptor of an empty file without a name, in the cache if that can be written."""
    folder = user_cache("fetched")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, path = tempfile.mkstemp(dir=folder)
    except OSError:
        descriptor, path = tempfile.mkstemp()
    with suppress(OSError):  # not on Windows, where the next cleaning of its folder finds it
        os.unlink(path)  # noqa: PTH108
    return descriptor


def _no_room(error: OSError) -> StorageError:
    return StorageError(
        f"What is fetched cannot be kept in {user_cache('fetched')}: {error.strerror or error}; "
        "name a folder with room by ANYSENSE_CACHE."
    )
