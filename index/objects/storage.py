"""A storage service: its objects listed in pages, looked at one by one, and read by ranges."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from anysense.embed.media.digest import digest_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.objects.addresses import Address

__all__ = ["Storage", "StoredObject", "stamp_of"]


class StoredObject(NamedTuple):
    """An object as a listing has it.

    Attributes:
        key: in its bucket.
        size: in bytes.
        stamp: another number as soon as the object is another one; see `stamp_of`.
    """

    key: str
    size: int
    stamp: int


class Storage(Protocol):
    """The objects of one service; safe to use from many threads."""

    def pages(self, address: Address) -> Iterator[list[StoredObject]]:
        """All objects whose keys begin with an address's key and a slash, in pages.

        Raises:
            UsageError: there is no such bucket.
            AccessError, ServiceUnreachableError: the listing is refused, or breaks off.
        """
        ...

    def look(self, address: Address) -> StoredObject:
        """One object as it is now.

        Raises:
            FileNotFoundError: it is not there.
            AccessError, ServiceUnreachableError: it may be there, or not.
        """
        ...

    def read(self, address: Address, start: int, end: int) -> bytes:
        """The bytes of an object from `start` to before `end`, in one request.

        Raises:
            FileNotFoundError: it is not there.
            AccessError, ServiceUnreachableError: it cannot be read.
        """
        ...


def stamp_of(tag: str | None, time: datetime | str | None) -> int:
    """A number for the state of an object.

    Args:
        tag: its entity tag, of which these are the first digits of a hash.
        time: when it was changed last, for a service that has no tags; 0 if it has no times.
    """
    if tag:
        return int(digest_text(tag.strip('"'))[:15], 16)  # 60 bits: SQLite's integers have 63
    if isinstance(time, datetime):
        return int(time.timestamp() * 1e6) * 1000
    return int(digest_text(time)[:15], 16) if time else 0
