"""The content of an object: fetched when it is needed, whole or by ranges."""

from __future__ import annotations

import os
from contextlib import contextmanager
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

__all__ = ["FetchedObject", "RangedObject", "fetching"]

BLOCK_BYTES = 8 * 1024**2
"""Of one request for an object that is fetched whole, and of what a thread holds of it."""

RANGE_BYTES = 2 * 1024**2
"""Of one request for a part of an object."""
_RANGES = 16  # of an object that are held

_READ_BYTES = 64 * 1024


@dataclass(frozen=True)
class _StoredContent(EmbeddedFile):
    """An object as a listing has it; `name` is its address.

    Attributes:
        stamp: its state; see `anysense.index.objects.storage.StoredObject`.
    """

    stamp: int

    @property
    def address(self) -> Address:
        return address_of(self.name)

    def _fetch(self, start: int, end: int) -> bytes:
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

    def _blocks(self) -> Iterator[bytes]:
        for start in range(0, self.size, BLOCK_BYTES):
            yield self._fetch(start, min(start + BLOCK_BYTES, self.size))
        if self.size > BLOCK_BYTES:  # or its parts may be of two states
            now = storage_of(self.address.protocol).look(self.address)
            if (now.size, now.stamp) != (self.size, self.stamp):
                raise self._changed()

    def _changed(self) -> MediaError:
        return CorruptMediaError(self.name, "has changed while it was read: build again")


class FetchedObject(_StoredContent):
    """An object that is fetched whole when it is opened first, and kept until it is released."""

    def open(self) -> BinaryIO:
        fetched = _spool(os.getpid()).fetched(self._key, self.size, self._blocks)
        return open_ranges(fetched.read, fetched.size, _READ_BYTES)

    def release(self) -> None:
        """Let go of what was kept of it; opened again, it is fetched again."""
        _spool(os.getpid()).release(self._key)

    @property
    def _key(self) -> tuple[str, int]:
        return self.name, self.stamp


class RangedObject(_StoredContent):
    """An object of which only what is read is fetched; some of it is held while it is open."""

    def read(self) -> bytes:
        """All of it, in as few requests as for an object that is fetched whole."""
        return b"".join(self._blocks())

    def open(self) -> BinaryIO:
        from fsspec.caching import BlockCache

        def fetch(start: int, end: int) -> bytes:
            return self._fetch(start, min(end, self.size))  # the last block may be shorter

        cache = BlockCache(RANGE_BYTES, fetch, self.size, maxblocks=_RANGES)
        return open_ranges(cache._fetch, self.size, _READ_BYTES)


@contextmanager
def fetching() -> Iterator[None]:
    """Fetch objects inside, and keep nothing of them at the end, also where that comes early."""
    try:
        yield
    finally:
        _spool(os.getpid()).clear()


@lru_cache(maxsize=1)
def _spool(process: int) -> Spool:
    """What this process keeps; a forked one shares no file with it."""
    return Spool()
