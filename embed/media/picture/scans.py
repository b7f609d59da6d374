"""The scans of a JPEG: for each, however short, libjpeg passes over the whole picture."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["count_scans", "is_one_scan", "may_have_scans"]

_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
"""One that something follows, or that ends the picture: not the restarts within a scan."""
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_FRAMES = frozenset({0xC0, 0xC1, 0xC9})  # those that are not progressive, of ITU T.81, table B.1
_NEAR, _FAR = 64, 1 << 16  # bytes that are looked through for a marker: scans may be tiny
_CHUNK = 1 << 20
_EACH = 1000  # markers, after which it is asked whether anybody waits


def may_have_scans(file: BinaryIO, number: int) -> bool:
    """Whether the bytes that begin a scan are in a file more often than so.

    With numpy, as `bytes.count` takes ten times as long, and lets no other thread work meanwhile.
    """
    import numpy as np

    found = 0
    file.seek(0)
    while found <= number and (chunk := file.read(_CHUNK)):
        data = np.frombuffer(chunk, np.uint8)
        found += int(np.count_nonzero((data[:-1] == 0xFF) & (data[1:] == _SCAN)))
    return found > number


def count_scans(file: BinaryIO, most: int) -> int:
    """The scans of the picture that a file begins with; of more than `most`, one more.

    Markers are followed as libjpeg follows them, to the end of the picture: what else is in the
    file, such as a preview or a second picture, is not counted.

    Raises:
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    file.seek(0)
    scans = 0
    for number in itertools.count():
        if number % _EACH == 0:
            check_waiter()
        marker = _next_marker(file)
        if marker in (None, _END):
            break
        if marker == _START:
            continue
        scans += marker == _SCAN
        length = int.from_bytes(file.read(2), "big")
        if scans > most or length < 2:  # damaged, or at the end
            break
        file.seek(length - 2, 1)
    return scans


def is_one_scan(file: BinaryIO) -> bool:
    """Whether a JPEG has all of its components in its first scan, and is not progressive.

    Of any other, libjpeg holds all coefficients in memory, at whatever size it is decoded.
    """
    file.seek(0)
    components = None
    while (marker := _next_marker(file)) not in (None, _END):
        if marker == _START:
            continue
        length = int.from_bytes(file.read(2), "big")
        segment = file.read(min(6, max(0, length - 2)))
        if marker in _FRAMES:
            components = segment[5:6]
        if marker == _SCAN:
            return components is not None and segment[:1] == components
        file.seek(length - 2 - len(segment), 1)
    return False


def _next_marker(file: BinaryIO) -> int | None:
    """Find the next marker, and go behind it; None if there is none."""
    size = _NEAR
    while len(data := file.read(size)) > 1:
        match = _MARKER.search(data)
        if match is not None:
            file.seek(match.end() - len(data), 1)
            return match[1][0]
        if data.endswith(b"\xff"):
            file.seek(-1, 1)  # which may begin one
        size = _FAR
    return None
