"""Objects in which many others lie, as in a tar: what was fetched of one serves all of them."""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from anysense.index.objects.content import BLOCK_BYTES, RangedObject, StoredContent
from anysense.index.objects.ranges import open_ranges
from anysense.index.objects.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SharedObject", "forget_shared"]

_READ_BYTES = 64 * 1024
_HELD_BLOCKS = 16
"""In memory, of an object for which there is no room else; two such may be read at a time."""


class SharedObject(StoredContent):
    """An object of which parts are read again and again, about in their order.

    It is fetched whole when it is opened first, and kept until others need its room. One for which
    there is never room is fetched a block at a time.
    """

    def open(self) -> BinaryIO:
        spool = _spool(os.getpid())
        if not spool.takes(self.size):
            fetch = _block_fetcher(self.ranges, os.getpid())
            return open_ranges(fetch, self.size, _READ_BYTES)
        fetched = spool.fetched(self.key, self.size, self.blocks)
        return open_ranges(fetched.read, fetched.size, _READ_BYTES)

    def open_ahead(self) -> BinaryIO:
        """It, to be looked through long before its parts are read, and others in between.

        So it is kept only where nothing else has to go for that.
        """
        if _spool(os.getpid()).has_room(self.key, self.size):
            return self.open()
        return self.ranges.open()

    @property
    def ranges(self) -> RangedObject:
        """The same, of which only what is read is fetched."""
        return RangedObject(self.name, self.size, self.stamp)


def forget_shared() -> None:
    """Keep nothing any longer of such objects."""
    _spool(os.getpid()).clear()
    _block_fetcher.cache_clear()


@lru_cache(maxsize=1)
def _spool(process: int) -> Spool:
    """What this process keeps; a forked one shares no file with it."""
    return Spool(small_bytes=0, lets_go=True)


@lru_cache(maxsize=2)
def _block_fetcher(content: RangedObject, process: int) -> Callable[[int, int], bytes]:
    """Gives ranges of an object, out of blocks that all who read it share."""
    from fsspec.caching import BlockCache

    def fetch_block(start: int, end: int) -> bytes:
        return content.fetch(start, min(end, content.size))  # the last is shorter

    cache, lock = BlockCache(BLOCK_BYTES, fetch_block, content.size, _HELD_BLOCKS), threading.Lock()

    def fetch(start: int, end: int) -> bytes:
        with lock:  # or each of many threads would fetch the same block
            data: bytes = cache._fetch(start, end)
            return data

    return fetch
