"""The length that a Matroska or WebM file states (RFC 9559), as FFmpeg may only estimate one."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.audio.chunks import read_at

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["stated_matroska_seconds"]

_SEGMENT, _INFO, _CLUSTER = b"\x18\x53\x80\x67", b"\x15\x49\xa9\x66", b"\x1f\x43\xb6\x75"
_SCALE, _DURATION = b"\x2a\xd7\xb1", b"\x44\x89"
_MOST_ELEMENTS = 1000
_END = 1 << 42  # farther than any file goes


def stated_matroska_seconds(file: BinaryIO) -> float | None:
    """The duration in the file's header; None if it states none, as what browsers record.

    Leaves the file at its beginning.
    """
    try:
        for name, start, _ in _elements(file, 0, _END):
            if name == _SEGMENT:
                for inner, content, end in _elements(file, start, _END):
                    if inner == _INFO:
                        return _duration(file, content, end)
                    if inner == _CLUSTER:
                        break
                break
        return None
    finally:
        file.seek(0)


def _duration(file: BinaryIO, start: int, end: int) -> float | None:
    scale, duration = 1_000_000, None  # of nanoseconds, unless it is said
    for name, content, following in _elements(file, start, end):
        data = read_at(file, content, min(8, following - content)) or b""
        if name == _SCALE:
            scale = int.from_bytes(data, "big")
        elif name == _DURATION and len(data) in (4, 8):
            duration = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
    seconds = (duration or 0) * scale / 1e9
    return seconds if 0 < seconds < _END else None


def _elements(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The elements from `start` on: identifier, where the content is, and where it ends."""
    at = start
    for _ in range(_MOST_ELEMENTS):
        file.seek(at)
        head = file.read(12)
        name = head[: _length(head)]
        size = head[len(name) : len(name) + _length(head[len(name) :])]
        if at >= end or not name or not size:
            return
        content = at + len(name) + len(size)
        value = int.from_bytes(size, "big") & ((1 << 7 * len(size)) - 1)
        is_unknown = value == (1 << 7 * len(size)) - 1
        at = end if is_unknown else min(end, content + value)
        yield name, content, at


def _length(number: bytes) -> int:
    """The bytes of a number whose first byte tells, by its leading zeros, how long it is."""
    return 9 - number[0].bit_length() if number and number[0] else 0
