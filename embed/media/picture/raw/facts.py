"""What a RAW file says of when, where and with what it was taken.

Most are built as a TIFF, with a number of their own in place of the 42; a CR3 is built as an MP4,
with a TIFF in a box for each part. Where there is nothing, the picture in it may say it.
"""

from __future__ import annotations

import io
from contextlib import suppress
from typing import TYPE_CHECKING, BinaryIO, cast

from anysense.embed.media.metadata.packets import XMP_UUID
from anysense.embed.media.metadata.xmp import XMP_BYTES

if TYPE_CHECKING:
    from PIL.Image import Exif

__all__ = ["jpeg_exif", "raw_exif"]

_EXIF_IFD, _GPS_IFD, _XMP = 0x8769, 0x8825, 0x02BC
_KEPT = (0x010E, 0x010F, 0x0110, 0x0132, 0x4746)  # description, maker, model, time, rating
_KEPT_OF_EXIF = (0x9003, 0x9004, 0x9011, 0x9012, 0x9286)  # times with offsets, comment
_KEPT_OF_GPS = (1, 2, 3, 4)  # latitude and longitude
_MOST_KEPT = 60_000
"""Bytes of EXIF data, which must fit into a segment of a JPEG."""
_MOST_READ = 32 * 1024**2
"""Bytes of a file: some hold pictures and makers' notes beside what is looked for."""
_HEAD_BYTES = 1 << 20
"""In which the metadata of a CR3 are."""
_LITTLE, _BIG = b"II\x2a\x00", b"MM\x00\x2a"
_XMP_END = b"<?xpacket end"
_CR3_XMP = b"uuid" + XMP_UUID
_CR3_BOXES = ((b"CMT1", None), (b"CMT2", _EXIF_IFD), (b"CMT4", _GPS_IFD))


def raw_exif(file: BinaryIO) -> Exif:
    """The EXIF data of a RAW file that matter, with its XMP; empty where they are broken.

    Args:
        file: the photo; its position moves.
    """
    with suppress(Exception):  # Pillow raises anything where they are broken
        file.seek(0)
        data = file.read(_HEAD_BYTES)
        if data[4:12] == b"ftypcrx ":
            return _kept(_of_boxes(data))
        if data[:2] in (b"II", b"MM"):
            return _kept(_loaded(cast("BinaryIO", _AsTiff(file, data[:4]))))
    return _empty()


def jpeg_exif(data: bytes) -> Exif:
    """The same of the JPEG in a RAW file."""
    from PIL.JpegImagePlugin import JpegImageFile

    with suppress(Exception), JpegImageFile(io.BytesIO(data)) as picture:
        return _kept(picture.getexif())
    return _empty()


class _AsTiff:
    """A file as a TIFF, whatever number it has in place of the 42; it ends after `_MOST_READ`."""

    def __init__(self, file: BinaryIO, start: bytes) -> None:
        self._file = file
        self._start = _LITTLE if start[:2] == b"II" else _BIG
        self._left = _MOST_READ
        self.seek, self.tell = file.seek, file.tell
        self.seek(0)

    def read(self, size: int) -> bytes:
        at = self.tell()
        data = self._file.read(min(size, self._left))
        self._left -= len(data)
        start = self._start[at : at + len(data)]
        return start + data[len(start) :]


def _empty() -> Exif:
    from PIL.Image import Exif

    return Exif()


def _loaded(file: BinaryIO) -> Exif:
    found = _empty()
    found.load_from_fp(file)
    return found


def _of_boxes(data: bytes) -> Exif:
    """The metadata of a CR3: each part in a box, as a TIFF of one directory."""
    found = _empty()
    for name, directory in _CR3_BOXES:
        at = data.find(name)
        if at < 4:
            continue
        length = int.from_bytes(data[at - 4 : at], "big")
        part = _loaded(io.BytesIO(data[at + 4 : at - 4 + length]))
        (found if directory is None else found.get_ifd(directory)).update(dict(part))
    at = data.find(_CR3_XMP)
    if at >= 4:
        found[_XMP] = data[at + len(_CR3_XMP) : at - 4 + int.from_bytes(data[at - 4 : at], "big")]
    return found


def _kept(found: Exif) -> Exif:
    """Of all that cameras write, what is used: makers' notes may be megabytes, or broken."""
    kept = _empty()
    kept.update({tag: found[tag] for tag in _KEPT if tag in found})
    for directory, tags in ((_EXIF_IFD, _KEPT_OF_EXIF), (_GPS_IFD, _KEPT_OF_GPS)):
        values = found.get_ifd(directory)
        part = kept.get_ifd(directory)
        part.update({tag: values[tag] for tag in tags if tag in values})
        if part:
            kept[directory] = part  # without which Pillow writes it into no TIFF
    if len(kept.tobytes()) > _MOST_KEPT:  # or they cannot be written, and this raises an error
        return _empty()
    packet = found.get(_XMP)
    if isinstance(packet, bytes) and len(packet) <= XMP_BYTES:
        said, end, _ = packet.partition(_XMP_END)
        kept[_XMP] = said.rstrip() if end else packet  # up to 64 KiB of spaces are before the end
    return kept
