"""XMP packets that Pillow passes over: those in GIFs and in JPEG 2000."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.formats.boxes import read_boxes
from anysense.embed.media.metadata.xmp import XMP_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["PACKET", "XMP_UUID", "stored_packet"]

PACKET = "packet"
"""Under which a picture's `info` has it: by one under Pillow's own name, Pillow would turn it."""
XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The number of a box of XMP (XMP Specification, part 3, 1.1.4)."""
_GIF_START = b"\x21\xff\x0bXMP DataXMP"
_GIF_END = b"\x01\xff\xfe\xfd"  # programs that do not know XMP find the end by such numbers
_GIF_BYTES = 16 * 1024**2
"""In which the packet of a GIF begins: before its pictures, mostly."""


def stored_packet(file: BinaryIO, format_name: str) -> bytes | None:
    """The XMP packet of a GIF or a JPEG 2000, if it has one; of other formats none.

    Args:
        file: the picture; its position stays.
        format_name: as `identify` says it.
    """
    find = {"GIF": _of_gif, "JPEG 2000": _of_jpeg_2000}.get(format_name)
    if find is None:
        return None
    at = file.tell()
    packet = find(file)
    file.seek(at)
    return packet


def _of_gif(file: BinaryIO) -> bytes | None:
    """What stands as it is in an extension, its letters in place of the blocks' lengths."""
    file.seek(0)
    start = file.read(_GIF_BYTES).find(_GIF_START)
    if start < 0:
        return None
    file.seek(start + len(_GIF_START))
    packet, end, _ = file.read(XMP_BYTES).partition(_GIF_END)
    return packet if end else None


def _of_jpeg_2000(file: BinaryIO) -> bytes | None:
    for start, size in _uuid_boxes(file):
        file.seek(start)
        if file.read(len(XMP_UUID)) == XMP_UUID:
            return file.read(max(0, min(size - len(XMP_UUID), XMP_BYTES + 1)))
    return None


def _uuid_boxes(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Starts and sizes of what is in boxes of metadata (ISO/IEC 15444-1, I.4)."""
    size = file.seek(0, io.SEEK_END)
    for box in read_boxes(file):
        is_last = box.length < box.header or box.start + box.length > size  # 0: up to the end
        if box.name == b"uuid":
            length = size - box.start if is_last else box.length
            yield box.start + box.header, length - box.header
        if is_last:
            return
