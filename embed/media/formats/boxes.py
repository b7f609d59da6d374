"""The boxes that MP4, HEIC, JPEG 2000 and JPEG XL consist of (ISO/IEC 14496-12, 4.2).

A recording in fragments states no length: each one says what it holds, so a file that lost others
looks like a shorter recording. But a transfer that was cut off ends within one.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["Box", "lacks_fragment_end", "read_boxes"]

_MOST_BOXES = 1000
_MOST_FRAGMENTS = 1_000_000
_FRAGMENT = b"moof"
_MISSING_SHARE = 0.02
"""Of the file: as many packets of other formats may be damaged."""


class Box(NamedTuple):
    """What the header of a box states, which need not be so.

    Attributes:
        name: its four letters.
        start: where it begins.
        header: how many bytes its header has.
        length: of all of it; 0 for up to the end of the file.
    """

    name: bytes
    start: int
    header: int
    length: int


def read_boxes(file: IO[bytes], start: int = 0, most: int = _MOST_BOXES) -> Iterator[Box]:
    """The boxes one after the other, up to one after which none can follow; moves the position.

    Args:
        file: what holds them.
        start: where the first begins.
        most: how many are read.
    """
    for _ in range(most):
        file.seek(start)
        head = file.read(16)
        if len(head) < 8:
            return
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == 1 and len(head) == 16:
            length, header = int.from_bytes(head[8:], "big"), 16
        yield Box(head[4:8], start, header, length)
        if length < header:
            return
        start += length


def lacks_fragment_end(file: BinaryIO) -> bool:
    """Whether a file of fragments ends within one, but for little; leaves it at its beginning."""
    size = file.seek(0, os.SEEK_END)
    end, has_fragments = 0, False
    for box in read_boxes(file, most=_MOST_FRAGMENTS):
        if box.length < box.header:  # 0: up to the end
            break
        has_fragments = has_fragments or box.name == _FRAGMENT
        end = box.start + box.length
        if end >= size:
            break
    file.seek(0)
    return has_fragments and end - size > _MISSING_SHARE * end
