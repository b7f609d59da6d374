"""RAW photos as small as they can be: a DNG, with a JPEG of its photo in it or without."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["dng_bytes"]

_BYTE, _ASCII, _SHORT, _LONG, _RATIONAL, _SIGNED_RATIONAL = 1, 2, 3, 4, 5, 10
_SIZES = {_BYTE: 1, _ASCII: 1, _SHORT: 2, _LONG: 4, _RATIONAL: 8, _SIGNED_RATIONAL: 8}
_LETTERS = {_BYTE: "B", _ASCII: "B", _SHORT: "H", _LONG: "I", _RATIONAL: "I", _SIGNED_RATIONAL: "i"}


def dng_bytes(
    colour: tuple[int, int, int] = (200, 40, 40),
    side: int = 64,
    preview: tuple[int, int, int] | None = None,
    *,
    preview_side: int = 48,
    orientation: int = 1,
    xmp: bytes = b"",
    preview_xmp: bytes = b"",
) -> bytes:
    """A DNG of one colour.

    Args:
        colour: of the sensor's values.
        side: its pixels along each side.
        preview: the colour of the JPEG in it, if there is one.
        preview_side: the pixels of that along the longer side; it is half as high.
        orientation: as EXIF has it.
        xmp: a packet of XMP, if there is one.
        preview_xmp: that of the JPEG in it.
    """
    values = bytearray()
    for row in range(side):
        channels = (colour[0], colour[1]) if row % 2 == 0 else (colour[1], colour[2])
        values += struct.pack("<HH", *(257 * channel for channel in channels)) * (side // 2)
    sensor: dict[int, tuple[int, Sequence[int]]] = {
        254: (_LONG, [0]),
        256: (_LONG, [side]),
        257: (_LONG, [side]),
        258: (_SHORT, [16]),
        259: (_SHORT, [1]),
        262: (_SHORT, [32803]),
        273: (_LONG, [0]),  # the values' place, to be filled in
        277: (_SHORT, [1]),
        278: (_LONG, [side]),
        279: (_LONG, [len(values)]),
        284: (_SHORT, [1]),
        33421: (_SHORT, [2, 2]),
        33422: (_BYTE, [0, 1, 1, 2]),
        50717: (_LONG, [65535]),
    }
    camera: dict[int, tuple[int, Sequence[int]]] = {
        271: (_ASCII, b"Tiny\0"),
        272: (_ASCII, b"Tiny One\0"),
        274: (_SHORT, [orientation]),
        306: (_ASCII, b"2024:05:06 07:08:09\0"),
        50706: (_BYTE, [1, 4, 0, 0]),
        50708: (_ASCII, b"Tiny One\0"),
        50721: (_SIGNED_RATIONAL, [1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1]),
        50728: (_RATIONAL, [1, 1, 1, 1, 1, 1]),
        50778: (_SHORT, [21]),
    }
    if xmp:
        camera[700] = (_BYTE, xmp)
    if preview is None:
        return _tiff([{**sensor, **camera}], [bytes(values)])
    size = (preview_side, preview_side // 2)
    jpeg = io.BytesIO()
    Image.new("RGB", size, preview).save(jpeg, "JPEG", xmp=preview_xmp)
    shown: dict[int, tuple[int, Sequence[int]]] = {
        254: (_LONG, [1]),
        256: (_LONG, [size[0]]),
        257: (_LONG, [size[1]]),
        258: (_SHORT, [8, 8, 8]),
        259: (_SHORT, [7]),
        262: (_SHORT, [6]),
        273: (_LONG, [0]),
        277: (_SHORT, [3]),
        278: (_LONG, [size[1]]),
        279: (_LONG, [len(jpeg.getvalue())]),
        330: (_LONG, [0]),  # the sensor's directory
    }
    return _tiff([{**shown, **camera}, sensor], [jpeg.getvalue(), bytes(values)])


def _tiff(directories: Sequence[Mapping[int, tuple[int, Any]]], strips: Sequence[bytes]) -> bytes:
    """Directories, the second inside the first, and after them a strip of each."""
    lengths = [_length(directory) for directory in directories]
    starts = [8 + sum(lengths[:number]) for number in range(len(lengths))]
    places = [8 + sum(lengths) + sum(map(len, strips[:n])) for n in range(len(strips))]
    out = struct.pack("<2sHI", b"II", 42, 8)
    for number, directory in enumerate(directories):
        tags = {**directory, 273: (_LONG, [places[number]])}
        if 330 in tags:
            tags[330] = (_LONG, [starts[1]])
        out += _directory(tags, starts[number])
    return out + b"".join(strips)


def _length(directory: Mapping[int, tuple[int, Any]]) -> int:
    return len(_directory(directory, 0))


def _directory(tags: Mapping[int, tuple[int, Any]], start: int) -> bytes:
    entries, beyond = b"", b""
    after = start + 2 + 12 * len(tags) + 4
    for tag, (kind, values) in sorted(tags.items()):
        data = struct.pack(f"<{len(values)}{_LETTERS[kind]}", *values)
        count = len(data) // _SIZES[kind]
        if len(data) > 4:
            place = struct.pack("<I", after + len(beyond))
            beyond += data + b"\0" * (len(data) % 2)
        else:
            place = data.ljust(4, b"\0")
        entries += struct.pack("<HHI", tag, kind, count) + place
    return struct.pack("<H", len(tags)) + entries + bytes(4) + beyond
