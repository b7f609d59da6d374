"""Bytes that lie elsewhere as a file that can be read from any place in it, a range at a time."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["RangeFile", "open_ranges"]


def open_ranges(fetch: Callable[[int, int], bytes], size: int, buffer_bytes: int) -> BinaryIO:
    """A file over ranges of bytes.

    Args:
        fetch: gives the bytes from a start to before an end, both within the size.
        size: how many bytes there are in all.
        buffer_bytes: so many are asked for at least, unless the file ends before.
    """
    raw = RangeFile(fetch, size)
    return cast("BinaryIO", io.BufferedReader(raw, buffer_bytes))


class RangeFile(io.RawIOBase):
    """The bytes of a file, as `open_ranges` has them, without a buffer."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        super().__init__()
        self._fetch = fetch
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}
        if whence not in bases:
            raise ValueError(f"no such way to seek: {whence}")
        position = bases[whence] + offset
        if position < 0:
            # a ValueError as of bytes in memory, and an OSError as of a file
            raise io.UnsupportedOperation(f"a position before the beginning: {position}")
        self._position = position
        return position

    def tell(self) -> int:
        return self._position

    def readinto(self, target: object) -> int:
        view = memoryview(target).cast("B")  # type: ignore[arg-type]
        end = min(self._position + len(view), self._size)
        if end <= self._position:
            return 0
        data = self._fetch(self._position, end)
        if len(data) > len(view):
            raise OSError("more bytes came than were asked for")
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
