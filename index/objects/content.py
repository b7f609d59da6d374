"""The content of an object: fetched when it is needed, whole or by ranges."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.embedded import EmbeddedFile
from anysense.embed.errors import CorruptMediaError, MediaError
from anysense.embed.waiting import check_waiter
from anysense.index.objects.addresses import Address, address_of
from anysense.index.objects.failures import RefusedError
from anysense.index.objects.ranges import open_ranges
from anysense.index.objects.services import storage_of
from anysense.index.objects.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FetchedObject", "RangedObject", "StoredContent", "forget_fetched"]

BLOCK_BYTES = 8 * 1024**2
"""Of one request for an object that is fetched whole, and of what a thread holds of it."""

RANGE_BYTES = 2 * 1024**2
"""Of one request for a part of an object."""
_RANGES = 16  # of an object that are held

_READ_BYTES = 64 * 1024
_SPARSE_BYTES = 8 * 1024


@dataclass(frozen=True)
class StoredContent(EmbeddedFile):
    """An object as a listing has it; `name` is its address. Each kind fetches it in its own way.

    Attributes:
        stamp: its state; see `anysense.index.objects.storage.StoredObject`.
    """

    stamp: int

    @property
    def address(self) -> Address:
        return address_of(self.name)

    @property
    def key(self) -> tuple[str, int]:
        """Under which it is kept."""
        return self.name, self.stamp

    def fetch(self, start: int, end: int) -> bytes:
        """A range of it in one request.

        Raises:
            FileNotFoundError: it is gone.
            MediaError: it may not be read, or is another one by now.
            AccessError, ServiceUnreachableError: no object can be read.
        """
        check_waiter()
        try:
            data = storage_of(self.address.protocol).read(self.address, start, end)
        except RefusedError as error:
            if not error.is_of_object:
                raise
            raise MediaError(self.name, f"may not be read ({error.code})") from None
        if len(data) != end - start:
            raise self._changed()
        return data

    def blocks(self) -> Iterator[bytes]:
        """All of it, a block at a time; see `fetch` for what may go wrong."""
        for start in range(0, self.size, BLOCK_BYTES):
            yield self.fetch(start, min(start + BLOCK_BYTES, self.size))
        if self.size > BLOCK_BYTES:  # or its parts may be of two states
            now = storage_of(self.address.protocol).look(self.address)
            if (now.size, now.stamp) != (self.size, self.stamp):
                raise self._changed()

    def _changed(self) -> MediaError:
        return CorruptMediaError(self.name, "has changed while it was read: build again")


class FetchedObject(StoredContent):
    """An object that is fetched whole when it is opened first, and kept until it is released."""

    def open(self) -> BinaryIO:
        fetched = _spool(os.getpid()).fetched(self.key, self.size, self.blocks)
        return open_ranges(fetched.read, fetched.size, _READ_BYTES)

    def release(self) -> None:
        """Let go of what was kept of it; opened again, it is fetched again."""
        _spool(os.getpid()).release(self.key)


class RangedObject(StoredContent):
    """An object of which only what is read is fetched; some of it is held while it is open."""

    def read(self) -> bytes:
        """All of it, in as few requests as for an object that is fetched whole."""
        return b"".join(self.blocks())

    def open(self) -> BinaryIO:
        return self.open_part(0, self.size)

    def open_part(self, start: int, size: int) -> BinaryIO:
        """Some of its bytes as a file, from a place on."""
        from fsspec.caching import BlockCache

        def fetch(at: int, end: int) -> bytes:
            return self.fetch(start + at, start + min(end, size))  # the last may be shorter

        cache = BlockCache(RANGE_BYTES, fetch, size, maxblocks=_RANGES)
        return open_ranges(cache._fetch, size, _READ_BYTES)

    def open_sparsely(self) -> BinaryIO:
        """It, to be read at a few places far from each other: no more is fetched than is read."""
        return open_ranges(self.fetch, self.size, _SPARSE_BYTES)


def forget_fetched() -> None:
    """Keep nothing any longer of what was fetched whole."""
    _spool(os.getpid()).clear()


@lru_cache(maxsize=1)
def _spool(process: int) -> Spool:
    """What this process keeps; a forked one shares no file with it."""
    return Spool()
