"""The state in which a tar was looked into, and the stamps of its members that are made of it.

The catalog knows a member by its path, its size and a stamp, which is made of where its header is
and of the size and the time of the tar. So a member is found at once, in a tar of any length, and
with any change of the tar all of its members are looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from anysense.embed.media.digest import digest_bytes
from anysense.index.building.sources.tars.headers import BLOCK

if TYPE_CHECKING:
    import os

__all__ = ["MOST_BYTES", "TarState", "offset_in"]

_STATE_BITS = 28
_OFFSET_BITS = 35
MOST_BYTES = BLOCK << _OFFSET_BITS
"""Bytes of the largest tar: 16 TiB."""


@dataclass(frozen=True, slots=True)
class TarState:
    """A tar as it was when it was looked into.

    Attributes:
        size: in bytes.
        mtime_ns: when it was written last, in nanoseconds since 1970; of one in storage a number
            that stands for its entity tag (`anysense.index.objects.storage.stamp_of`).
    """

    size: int
    mtime_ns: int

    @staticmethod
    def of(status: os.stat_result) -> TarState:
        return TarState(status.st_size, status.st_mtime_ns)

    def stamp(self, offset: int, *, is_bare: bool = False) -> int:
        """The stamp of a member.

        Args:
            offset: of its header.
            is_bare: whether it is an item without the words about it in the tar, so that it is
                another one with them.
        """
        return (offset // BLOCK) << _STATE_BITS | _digest(self.size, self.mtime_ns, is_bare)

    def has_stamp(self, stamp: int) -> bool:
        """Whether a member of this tar, as it is, may have a stamp."""
        offset = offset_in(stamp)
        return stamp in (self.stamp(offset), self.stamp(offset, is_bare=True))


@lru_cache(64)
def _digest(size: int, mtime_ns: int, is_bare: bool) -> int:
    digest = digest_bytes(f"{size} {mtime_ns}{' bare' * is_bare}".encode())
    return int(digest[:15], 16) & ((1 << _STATE_BITS) - 1)


def offset_in(stamp: int) -> int:
    """Where the header is of the member that has a stamp."""
    return (stamp >> _STATE_BITS) * BLOCK
