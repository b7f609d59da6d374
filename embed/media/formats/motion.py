"""The short video behind the picture of a motion photo: where in the file it is.

Google's photos say in XMP how far from the end it begins (``MicroVideoOffset``, or the length of
the item ``MotionPhoto``); Samsung's have a mark before it, and a list of marks at the end of the
file; HEIC and AVIF have it in a box, ``mpvd``. What is said is believed only if an MP4 begins
there.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.media.formats.boxes import read_boxes
from anysense.embed.media.splice import Stretch
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

__all__ = ["Motion", "motion_of"]

_HEAD_BYTES = 1 << 18
"""XMP is among the first segments of a JPEG, each of which has 64 KiB at most."""
_OFFSET = re.compile(rb"""MicroVideoOffset\s*(?:=\s*["']|>)\s*(\d{1,12})""")
_ITEM = re.compile(rb"""<[^<>]{0,1000}Semantic\s*=\s*["']MotionPhoto["'][^<>]{0,1000}>""")
_LENGTH = re.compile(rb"""Length\s*=\s*["'](\d{1,12})["']""")
_MARK, _END_MARK = b"MotionPhoto_Data", b"SEFT"
_CHUNK = 1 << 20


class Motion(NamedTuple):
    """The video of a motion photo.

    Attributes:
        stretch: where in the file it is; None where it is said to be there, and is not.
    """

    stretch: Stretch | None


def motion_of(file: BinaryIO, format_name: str) -> Motion | None:
    """The video behind a picture; None of one that has none.

    The file is left at its beginning.

    Args:
        file: the picture.
        format_name: what it is; only JPEG, HEIC and AVIF have such videos.

    Raises:
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    size = file.seek(0, os.SEEK_END)
    try:
        if format_name == "JPEG":
            return _behind_jpeg(file, size)
        if format_name in ("HEIC", "AVIF"):
            return _in_box(file, size)
        return None
    finally:
        file.seek(0)


def _behind_jpeg(file: BinaryIO, size: int) -> Motion | None:
    file.seek(max(0, size - len(_END_MARK)))
    has_marks = file.read() == _END_MARK
    file.seek(0)
    lengths = list(_stated(file.read(_HEAD_BYTES)))
    if not has_marks and not lengths:
        return None
    for length in lengths:
        stretch = _video_at(file, size - length, size)
        if stretch is not None:
            return Motion(stretch)
    start = _after_mark(file)
    if start is None:
        return Motion(None) if lengths else None
    return Motion(_video_at(file, start, size))


def _stated(head: bytes) -> Iterator[int]:
    """How far before the end of the file the video begins, as XMP says."""
    for found in (_OFFSET.search(head), *(_LENGTH.search(item) for item in _ITEM.findall(head))):
        if found is not None:
            yield int(found[1])


def _after_mark(file: BinaryIO) -> int | None:
    """Where in a file Samsung's mark ends; None if it has none."""
    file.seek(0)
    start, rest = 0, b""
    while chunk := file.read(_CHUNK):
        check_waiter()
        block = rest + chunk
        at = block.find(_MARK)
        if at >= 0:
            return start - len(rest) + at + len(_MARK)
        start += len(chunk)
        rest = block[1 - len(_MARK) :]
    return None


def _in_box(file: BinaryIO, size: int) -> Motion | None:
    for name, start, end in _boxes(file, 0, size):
        if name == b"mpvd":
            return Motion(_video_at(file, start, end))
    return None


def _video_at(file: BinaryIO, start: int, size: int) -> Stretch | None:
    """The boxes of an MP4 that begins there, if it does and has an index."""
    if start <= 0:
        return None
    names, last = set[bytes](), start
    for name, _, end in _boxes(file, start, size):
        if not names and name != b"ftyp":
            return None
        names.add(name)
        last = end
    return Stretch(start, last) if {b"ftyp", b"moov"} <= names else None


def _boxes(file: BinaryIO, start: int, size: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes one after the other from a place on: their names, and where their content is."""
    for box in read_boxes(file, start):
        content = box.start + box.header
        end = size if box.length == 0 else box.start + box.length
        if end < content or end > size or not box.name.isalnum():
            return
        yield box.name, content, end
