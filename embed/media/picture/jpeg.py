"""JPEGs that lost their end: what is there is decoded, as every viewer does.

libjpeg takes an end marker where there is none for the end of the picture, and makes the rest grey.
Where that begins it does not say. So what is there is decoded twice, with and without other bits in
place of those that are lost: up to where the two differ, the picture is there.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.media.ending import content_end
from anysense.embed.media.picture.stored import StoredPicture, check_grid, check_share
from anysense.embed.media.splice import Stretch, splice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL.Image import Image

__all__ = ["ends_in_grey", "load_cut_jpeg"]

_END = b"\xff\xd9"
_OTHER_BITS = bytes((73 * at + 215) % 255 for at in range(256))
"""Among them is no marker, and they begin with a one, as libjpeg goes on with zeros."""
_BLOCK = 1 << 20
_STRIPE = 8
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA  # ITU T.81, table B.1
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE_FRAMES = (0xC2, 0xCA)
_WITHOUT_SEGMENT = frozenset({0x01, *range(0xD0, 0xD9)})
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


@dataclass
class _Layout:
    """What the segments of a JPEG say, up to where it ends.

    Attributes:
        end: where its last whole segment or its coded data ends, without the end marker.
        has_end: whether that follows.
        is_progressive: whether scans refine one another.
        scans: how many begin.
        open: (component, coefficient) pairs that no scan brings to their full precision.
    """

    end: int = 2
    has_end: bool = False
    is_progressive: bool = False
    scans: int = 0
    open: set[tuple[int, int]] = field(default_factory=set)

    def add_frame(self, code: int, segment: bytes) -> None:
        self.is_progressive = code in _PROGRESSIVE_FRAMES
        components = segment[6 : 6 + 3 * segment[5] : 3] if len(segment) > 5 else b""
        coefficients = range(64) if self.is_progressive else range(1)
        self.open = {(component, at) for component in components for at in coefficients}

    def add_scan(self, segment: bytes) -> None:
        count = segment[0] if segment else 0
        if len(segment) < 4 + 2 * count:
            return
        self.scans += 1
        first, last, precision = segment[1 + 2 * count : 4 + 2 * count]
        if precision & 15 == 0:
            coefficients = range(first, last + 1) if self.is_progressive else range(1)
            components = segment[1 : 1 + 2 * count : 2]
            self.open -= {(component, at) for component in components for at in coefficients}


def load_cut_jpeg(
    file: BinaryIO, reopen: Callable[[BinaryIO], Image], name: str, article: str
) -> StoredPicture | None:
    """A JPEG that lost its end, with its pixels; None if it is damaged in another way.

    Args:
        file: the picture.
        reopen: opens a file with Pillow, and checks its size.
        name: what errors call the picture.
        article: its format, as errors say it.

    Raises:
        CorruptMediaError: too little of it is there.
    """
    layout = _layout(file)
    if layout.scans == 0:
        return None
    content = Stretch(0, layout.end)
    other = _load(reopen(splice(file, [content, _OTHER_BITS, _END])))
    other_stripes = list(_stripes(other))
    del other  # or two pictures were in memory at once
    image = _load(reopen(splice(file, [content, _END])))
    alike = 0
    for stripe, other_stripe in zip(_stripes(image), other_stripes, strict=True):
        if stripe != other_stripe:
            break
        alike += 1
    is_whole = alike == len(other_stripes)
    if layout.has_end and is_whole:
        return None
    if layout.scans == 1:
        check_share(min(1.0, alike * _STRIPE / image.height), name, article)
    elif layout.is_progressive and layout.scans == 2:  # of which the first has one pixel of 64
        check_grid(image, (8, 8), name, article)
    return StoredPicture(image, is_complete=is_whole and not layout.open)


def ends_in_grey(image: Image) -> bool:
    """Whether the last row of a picture is of the grey that libjpeg makes of what is not there."""
    extrema = image.crop((0, image.height - 1, image.width, image.height)).getextrema()
    return all(value in (128, (128, 128)) for value in extrema)


def _layout(file: BinaryIO) -> _Layout:
    layout, size = _Layout(), content_end(file)
    at = layout.end
    while (at := _next_marker(file, at, size)) < size:
        file.seek(at)
        code = file.read(2)[1]
        if code == _EOI:
            layout.end, layout.has_end = at, True
            return layout
        if code == _SOI and layout.scans:  # of another picture behind this one
            layout.end = at
            return layout
        if code in _WITHOUT_SEGMENT:
            at += 2
            continue
        length = int.from_bytes(file.read(2), "big")
        if at + 2 + length > size:  # cut within it: what it says would be wrong
            layout.end = at
            return layout
        if code in _FRAMES:
            layout.add_frame(code, file.read(length - 2))
        elif code == _SOS:
            layout.add_scan(file.read(length - 2))
        at += 2 + length
    file.seek(size - 1)
    layout.end = size - (file.read(1) == b"\xff")  # half a marker would end the other bits too
    return layout


def _next_marker(file: BinaryIO, at: int, end: int) -> int:
    """Where the next marker begins that is no restart marker; `end` if there is none."""
    while at < end:
        file.seek(at)
        block = file.read(min(_BLOCK, end - at))
        match = _MARKER.search(block)
        if match is not None:
            return at + match.start()
        at += max(1, len(block) - 1)  # a marker may lie across two blocks
        if len(block) < 2:
            break
    return end


def _load(image: Image) -> Image:
    image.load()
    return image


def _stripes(image: Image) -> Iterator[int]:
    """A checksum of each eight rows."""
    for top in range(0, image.height, _STRIPE):
        bottom = min(top + _STRIPE, image.height)
        yield zlib.crc32(image.crop((0, top, image.width, bottom)).tobytes())
