"""Tags in front of a recording: ID3v2 and APEv2, which programs put before files of every kind.

Cover pictures make them larger than any head that is worth reading, so they are passed over.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from anysense.embed.media.splice import Stretch, splice

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["after_tags", "content_start", "syncsafe"]

_MOST_TAGS = 32
_MOST_PADDING = 1 << 20
_ID3_HEADER, _APE_HEADER = 10, 32
_NEWEST_ID3 = 9  # 4 so far
_HAS_FOOTER = 0x10  # of the flags of ID3v2.4


def syncsafe(digits: bytes) -> int:
    """An integer of seven bits a byte, as ID3v2 tags write their size."""
    value = 0
    for digit in digits:
        value = value << 7 | digit & 127
    return value


def content_start(file: BinaryIO) -> int:
    """Where a file begins after the tags in front of it: 0 if there are none.

    Zeros after a tag, which its writer did not count, belong to it. A tag that claims to go on past
    the end of the file is none. Leaves the file at its beginning.
    """
    size = file.seek(0, os.SEEK_END)
    start = 0
    for _ in range(_MOST_TAGS):
        file.seek(start)
        length = _tag_length(file.read(_APE_HEADER))
        if length == 0 or start + length >= size:
            break
        start = _after_padding(file, start + length)
    file.seek(0)
    return start


def _after_padding(file: BinaryIO, start: int) -> int:
    """Where the zeros end that begin here; where they begin, if nothing follows."""
    file.seek(start)
    if file.read(1) != b"\0":  # as nearly always
        return start
    file.seek(start)
    block = file.read(_MOST_PADDING)
    zeros = len(block) - len(block.lstrip(b"\0"))
    if zeros == len(block):
        return start
    box = block.find(b"ftyp", zeros, zeros + 8) - 4  # of an MP4, whose size begins with zeros
    return start + (box if box >= 0 else zeros)


def after_tags(file: BinaryIO) -> BinaryIO:
    """The file without the tags in front of it, at its beginning; the same one if it has none."""
    start = content_start(file)
    if start == 0:
        return file
    size = file.seek(0, os.SEEK_END)
    return splice(file, [Stretch(start, size)])


def _tag_length(header: bytes) -> int:
    """The bytes of the tag that begins so; 0 if none does."""
    if len(header) < _APE_HEADER:
        return 0
    if header[:3] == b"ID3" and header[3] <= _NEWEST_ID3 and max(header[6:10]) < 128:
        footer = _ID3_HEADER if header[5] & _HAS_FOOTER else 0
        return _ID3_HEADER + syncsafe(header[6:10]) + footer
    if header[:8] == b"APETAGEX" and header[24:] == bytes(8):
        return _APE_HEADER + int.from_bytes(header[12:16], "little")
    return 0
