"""JPEG XL, by libjxl: the size is read from the header, before anything is decoded."""

from __future__ import annotations

import io
from typing import IO, TYPE_CHECKING, Any

from PIL import Image, ImageFile, JpegImagePlugin

from anysense.embed.media.formats.boxes import read_boxes

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["JpegXLImageFile", "stated_size"]

_CODESTREAM = b"\xff\x0a"
_CODESTREAM_BOXES = (b"jxlc", b"jxlp")
_PART_NUMBER_BYTES = 4  # at the beginning of a jxlp
_HEADER_BYTES = 64
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_SIZE_BITS = (9, 13, 18, 30)


class JpegXLImageFile(ImageFile.ImageFile):
    """A picture as Pillow's plugins give it: its size first, its pixels when they are loaded."""

    format = "JPEG XL"

    def _open(self) -> None:
        assert self.fp is not None  # until it is loaded
        self._size = stated_size(self.fp)
        self._mode = "RGB"  # until it is loaded

    def load(self) -> Any:
        """Decode it.

        Raises:
            SyntaxError, ValueError: it is damaged, or not of the size that it states.
        """
        if self.fp is not None:
            self.fp.seek(0)
            picture = _decoded(self.fp.read())
            picture.load()
            if picture.size != self.size:
                raise SyntaxError("its header states another size")
            self.im, self._mode = picture.im, picture.mode
            self.info.update(picture.info)
            self.fp = None
        return Image.Image.load(self)


def stated_size(file: IO[bytes]) -> tuple[int, int]:
    """Width and height in pixels, by the header (ISO/IEC 18181-1, D.2).

    Raises:
        SyntaxError: there is no such header.
    """
    head = _codestream_head(file)
    if head[:2] != _CODESTREAM:
        raise SyntaxError("no JPEG XL codestream")
    bits, at = int.from_bytes(head[2:], "little"), 0

    def take(count: int) -> int:
        nonlocal at
        value = bits >> at & (1 << count) - 1
        at += count
        return value

    is_small = take(1)
    height = _side(take, is_small=bool(is_small))
    ratio = take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        return height * across // down, height
    return _side(take, is_small=bool(is_small)), height


def _side(take: Callable[[int], int], *, is_small: bool) -> int:
    if is_small:
        return 8 * (take(5) + 1)
    return take(_SIZE_BITS[take(2)]) + 1


def _codestream_head(file: IO[bytes]) -> bytes:
    """The first bytes of the codestream: the file's own, or those of the first box of it."""
    file.seek(0)
    head = file.read(_HEADER_BYTES)
    if head[:2] == _CODESTREAM:
        return head
    for box in read_boxes(file):
        if box.name in _CODESTREAM_BOXES:
            content = box.start + box.header
            file.seek(content + (_PART_NUMBER_BYTES if box.name == b"jxlp" else 0))
            return file.read(_HEADER_BYTES)
    raise SyntaxError("no JPEG XL codestream")


def _decoded(data: bytes) -> Image.Image:
    """A picture with its pixels, or the JPEG that it was made of and holds."""
    import pillow_jxl

    try:
        is_jpeg, header, pixels, profile, boxes = pillow_jxl.Decoder(num_threads=1)(data)
    except RuntimeError as error:
        raise ValueError from error  # it says how to build libjxl, not what is wrong
    if is_jpeg:
        return JpegImagePlugin.JpegImageFile(io.BytesIO(pixels))
    picture = Image.frombytes(header.mode, (header.width, header.height), pixels)
    if profile:
        picture.info["icc_profile"] = profile
    for box in boxes:
        if box.box_type == b"Exif":
            picture.info["exif"] = box.data[4:]  # after the offset of the TIFF header, which is 0
        elif box.box_type == b"xml ":
            picture.info["xmp"] = box.data
    return picture
