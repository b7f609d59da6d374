"""The frames of animated pictures: whether there are several, and for how long each is shown.

It is told by the parts of a GIF (89a), of a WebP (its container specification) or a PNG (third
edition, 11.3.2), without decoding a pixel.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.media.signatures import ANIMATED_FORMATS
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from anysense.embed.media.signatures import Format

__all__ = ["Timing", "animated_format", "timing_of"]

_LEAST_SECONDS, _USUAL_SECONDS = 0.01, 0.1
"""What says that it is shown for so short a time, or for none, browsers show for the usual one."""
_EACH = 10_000  # parts, after which it is asked whether anybody waits
_MOST_PARTS = 30_000_000
"""A GIF of 2 GiB in blocks of 255 bytes has a third of them; what has more is read no further."""
_GIF_BLOCKS, _CHUNKS = 1 << 16, 1 << 10
"""Bytes that are read at once where small parts follow each other, and where large ones do."""


class Timing(NamedTuple):
    """When the frames of an animated picture are shown.

    Attributes:
        seconds: for how long each is, of those that are there as a whole.
        is_whole: whether the file goes on to its end.
        end: where in the file the last whole frame ends.
    """

    seconds: list[float]
    is_whole: bool
    end: int


def animated_format(file: BinaryIO, file_format: Format) -> Format | None:
    """The format of a picture as an animated one; None if it has one frame, or cannot have more.

    The file is left at its beginning.
    """
    if file_format.name not in ANIMATED_FORMATS:
        return None
    timing = _walk(file, file_format.name, 1)
    return ANIMATED_FORMATS[file_format.name] if timing is None else None


def timing_of(file: BinaryIO, format_name: str, most: int) -> Timing | None:
    """When the frames of an animated picture are shown; None if there are more than `most`.

    The file is left at its beginning.

    Args:
        file: the picture.
        format_name: what it is: one of `ANIMATED_FORMATS`.
        most: frames that there may be.
    """
    return _walk(file, format_name, most)


class _TooManyError(Exception):
    """There are more frames than asked about."""


class _Parts:
    """The bytes of a file, a few at a time and mostly one after the other.

    Attributes:
        size: of the file.
    """

    def __init__(self, file: BinaryIO, block: int) -> None:
        self.size = file.seek(0, os.SEEK_END)
        self._file = file
        self._size_of_block = block
        self._start, self._block = 0, b""
        self._taken = 0

    def take(self, at: int, count: int) -> bytes:
        """Some bytes.

        Raises:
            EOFError: the file ends before, or too much was taken of it.
            AbandonedError, DeadlineError: nobody waits for it any more.
        """
        self._taken += 1
        if self._taken % _EACH == 0:
            check_waiter()
            if self._taken > _MOST_PARTS:
                raise EOFError
        offset = at - self._start
        if offset < 0 or offset + count > len(self._block):
            self._file.seek(at)
            self._start, offset = at, 0
            self._block = self._file.read(max(count, self._size_of_block))
        data = self._block[offset : offset + count]
        if len(data) < count:
            raise EOFError
        return data

    def number(self, at: int, count: int, order: str = "little") -> int:
        """Some bytes as a number."""
        return int.from_bytes(self.take(at, count), "big" if order == "big" else "little")


class _Frames:
    """The frames that were met so far."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.seconds: list[float] = []
        self.whole = self.end = 0

    def begin(self, seconds: float) -> None:
        if len(self.seconds) == self._most:
            raise _TooManyError
        self.seconds.append(seconds if seconds > _LEAST_SECONDS else _USUAL_SECONDS)

    def finish(self, end: int) -> None:
        self.whole, self.end = len(self.seconds), end


def _walk(file: BinaryIO, format_name: str, most: int) -> Timing | None:
    frames = _Frames(most)
    block = _GIF_BLOCKS if format_name == "GIF" else _CHUNKS
    is_whole = True
    try:
        _WALKS[format_name](_Parts(file, block), frames)
    except EOFError:
        is_whole = False
    except _TooManyError:
        return None
    finally:
        file.seek(0)
    return Timing(frames.seconds[: frames.whole], is_whole, frames.end)


def _walk_gif(parts: _Parts, frames: _Frames) -> None:
    at = 13 + _table_bytes(parts.number(10, 1))
    seconds = 0.0
    while at < parts.size:  # that the last byte is missing is no loss
        mark = parts.number(at, 1)
        at += 1
        if mark == 0x3B:
            return
        if mark == 0x21:
            if parts.number(at, 1) == 0xF9 and parts.number(at + 1, 1) >= 4:
                seconds = parts.number(at + 3, 2) / 100
            at = _after_blocks(parts, at + 1)
        elif mark == 0x2C:
            frames.begin(seconds)
            at = _after_blocks(parts, at + 10 + _table_bytes(parts.number(at + 8, 1)))
            frames.finish(at)
            seconds = 0.0


def _table_bytes(flags: int) -> int:
    """Bytes of the table of colours that follows flags, if one does."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(parts: _Parts, at: int) -> int:
    while length := parts.number(at, 1):
        at += 1 + length
    return at + 1


def _walk_webp(parts: _Parts, frames: _Frames) -> None:
    is_extended = parts.take(12, 4) == b"VP8X"
    if not (is_extended and parts.number(20, 1) & 2):
        return
    at, end = 12, 8 + parts.number(4, 4)
    while at < end:
        name, length = parts.take(at, 4), parts.number(at + 4, 4)
        if name == b"ANMF":
            frames.begin(parts.number(at + 20, 3) / 1000)
        following = at + 8 + length + length % 2
        if at + 8 + length > parts.size:
            raise EOFError
        if name == b"ANMF":
            frames.finish(following)
        at = following


def _walk_png(parts: _Parts, frames: _Frames) -> None:
    at, stated = 8, 0
    while (name := parts.take(at + 4, 4)) != b"IEND":
        if name == b"acTL":
            stated = parts.number(at + 8, 4, "big")
        elif name == b"IDAT" and not stated:
            return
        elif name == b"fcTL":
            frames.finish(at)
            counted = parts.number(at + 28, 2, "big"), parts.number(at + 30, 2, "big")
            frames.begin(counted[0] / (counted[1] or 100))
        at += 12 + parts.number(at, 4, "big")
    frames.finish(at)
    if frames.whole < stated:
        raise EOFError


_WALKS: dict[str, Callable[[_Parts, _Frames], None]] = {
    "GIF": _walk_gif,
    "WebP": _walk_webp,
    "PNG": _walk_png,
}
