"""Files of pictures that are made of millions of parts, to cost what no picture costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.errors import MediaTooLargeError
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["MOST_READS", "CountedReads"]

MOST_READS = 1_000_000
"""A picture of 2 GiB in parts of 8 KiB, as PNG has them, takes as many."""
_EACH = 10_000  # reads, after which it is asked whether anybody waits


class CountedReads:
    """A file that Pillow reads a picture from, up to so many times.

    It keeps what each comment or application segment says: for four bytes of a JPEG, 150 of memory.

    Args:
        file: the file.
        name: what errors call it.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._reads = 0

    def read(self, size: int = -1) -> bytes:
        """Read on.

        Raises:
            MediaTooLargeError: it was done too often.
            AbandonedError, DeadlineError: nobody waits for it any more.
        """
        self._reads += 1
        if self._reads % _EACH == 0:
            check_waiter()
            if self._reads > MOST_READS:
                raise MediaTooLargeError(self._name, "is a picture of far too many parts")
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
