"""A file put together from stretches of another and from bytes, without copying the other.

For what decoders cannot be told: to begin after a tag, to pass over a damaged part, to take the end
that a file has lost for granted.
"""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeAlias, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed import WriteableBuffer

__all__ = ["Part", "Stretch", "splice"]


class Stretch(NamedTuple):
    """Bytes of a file, from `start` up to `end`."""

    start: int
    end: int


Part: TypeAlias = "Stretch | bytes"


def splice(file: BinaryIO, parts: Sequence[Part]) -> BinaryIO:
    """A file that reads as these parts, one after the other; it is at its beginning.

    Closing it leaves `file` open, whose position it moves.
    """
    return cast("BinaryIO", io.BufferedReader(_Splice(file, parts)))


class _Splice(io.RawIOBase):
    def __init__(self, file: BinaryIO, parts: Sequence[Part]) -> None:
        self._file = file
        self._parts = parts
        lengths = (len(p) if isinstance(p, bytes) else p.end - p.start for p in parts)
        self._ends = list(accumulate(lengths))
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        end = self._ends[-1] if self._ends else 0
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: end}[whence]
        if start + offset < 0:
            raise ValueError("a position before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """As many bytes as the part has that the position is in: fewer than asked for is no end."""
        index = bisect_right(self._ends, self._at)
        if index == len(self._parts):
            return 0
        part, view = self._parts[index], memoryview(buffer).cast("B")
        left = min(self._ends[index] - self._at, len(view))
        if isinstance(part, bytes):
            start = len(part) - (self._ends[index] - self._at)
            data = part[start : start + left]
        else:
            self._file.seek(part.end - (self._ends[index] - self._at))
            data = self._file.read(left)
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
