"""Where the content of a file ends that was cut short.

What downloads and repairs of disks could not get is often there as zeros.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["content_end", "ends_in_zeros"]

_BLOCK = 1 << 16
_LEAST_ZEROS = 64
"""So many in a row are no part of compressed data."""


def ends_in_zeros(file: BinaryIO) -> bool:
    """Whether a file ends in more zeros than its content would."""
    file.seek(max(0, file.seek(0, os.SEEK_END) - _LEAST_ZEROS))
    return file.read() == bytes(_LEAST_ZEROS)


def content_end(file: BinaryIO) -> int:
    """The end of a file, or where the zeros begin that end it, if there are many."""
    size = end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _BLOCK)
        file.seek(start)
        block = file.read(end - start).rstrip(b"\0")
        end = start + len(block)
        if block:
            break
    return end if size - end >= _LEAST_ZEROS else size
