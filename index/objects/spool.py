"""What was fetched and is needed again soon, so that each object is fetched only once.

A build reads a new object twice: to know whether its content is new, and to encode it. Storage
services take money for each request and for each byte that leaves them, and time as well. So what
was fetched is kept until its item is dealt with: a small one in memory, a larger one in a file of
the user's cache that has no name any more, so that nothing is left of it whatever happens.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import weakref
from collections import OrderedDict
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
        lets_go: whether what was not asked for the longest makes room for what comes.
    """

    def __init__(
        self,
        most_bytes: int = 8 * 1024**3,
        most_files: int = 256,
        most_small: int = 256,
        small_bytes: int = 256 * 1024,
        *,
        lets_go: bool = False,
    ) -> None:
        self._lets_go = lets_go
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._most_small = most_small
        self._small_bytes = small_bytes
        self._kept: OrderedDict[Hashable, Fetched] = OrderedDict()
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
                        self._kept.move_to_end(key)
                        return kept
                    self._make_room(size)
                fetched = self._fetch(size, blocks)
                with self._lock:
                    self._make_room(size)  # others may have come meanwhile
                    if self._has_room(size):
                        self._kept[key] = fetched
                return fetched
            finally:
                with self._lock:
                    self._fetching.pop(key, None)

    def takes(self, size: int) -> bool:
        """Whether it would keep so many bytes if all else had gone, on its disk as it is now."""
        with self._lock:
            room = _free_bytes() + sum(self._sizes_in_files())
        return size <= min(self._most_bytes, room)

    def has_room(self, key: Hashable, size: int) -> bool:
        """Whether an object is kept, or would be without another one having to go."""
        with self._lock:
            is_kept = key in self._kept
            return is_kept or (self._has_room(size) and size <= _free_bytes())

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

    def _make_room(self, size: int) -> None:
        while self._lets_go and self._kept and not self._has_room(size):
            self._kept.popitem(last=False)

    def _has_room(self, size: int) -> bool:
        in_files = self._sizes_in_files()
        if size <= self._small_bytes:
            return len(self._kept) - len(in_files) < self._most_small
        return sum(in_files) + size <= self._most_bytes and len(in_files) < self._most_files

    def _sizes_in_files(self) -> list[int]:
        return [each.size for each in self._kept.values() if not each.is_in_memory]


def _free_bytes() -> int:
    """Of the disk on which files are kept."""
    folder = user_cache("fetched")
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return 0


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
