"""Decoding a picture, and what is left to try where Pillow will not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError, UnsupportedMediaError
from anysense.embed.media.ending import ends_in_zeros
from anysense.embed.media.picture.jpeg import ends_in_grey, load_cut_jpeg
from anysense.embed.media.picture.partial import load_partial
from anysense.embed.media.picture.png import sound_png
from anysense.embed.media.picture.stored import StoredPicture

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from anysense.embed.media.picture.reduced import Need
    from anysense.embed.media.signatures import Format

__all__ = ["load_picture"]

_UNKNOWN = re.compile(r"\bunsupported\b|\bnot supported\b|\bunknown \w+ mode\b", re.I)
_GIVEN_IN_PART = ("GIF", "BMP", "TIFF")
"""Of PNG and JPEG a part is given too, in ways of their own; of other formats all or nothing."""


def load_picture(
    file: BinaryIO,
    open_image: Callable[[BinaryIO], Image],
    open_reduced: Callable[[BinaryIO], Image],
    file_format: Format,
    name: str,
    need: Need,
) -> StoredPicture:
    """Decode a picture: all of it, or what is there of it.

    What may be damaged is decoded whole, as how much is there shows in its rows.

    Args:
        file: the picture.
        open_image: opens a file with Pillow, from its beginning, and checks its size.
        open_reduced: the same, to be decoded as small as it may be.
        file_format: what it is.
        name: what errors call it.
        need: how large it is needed, by which `open_reduced` goes.

    Raises:
        MediaError: too large, or too little of it is there.
        Exception: whatever Pillow raises where it is damaged.
    """
    image = _load_whole(file, open_reduced)
    if need.reduction > 1:
        if not isinstance(image, Exception) and not _may_be_cut_jpeg(image, file):
            return StoredPicture(image)
        del image  # or two pictures were in memory at once
        need.take_whole()
        image = _load_whole(file, open_image)
    if isinstance(image, Exception):
        repaired = _load_repaired(file, open_image, file_format, name)
        if repaired is None:
            _check_variety(image, file_format, name)
            raise image
        return repaired
    return _load_cut(image, file, open_image, file_format, name) or StoredPicture(image)


def _load_whole(file: BinaryIO, open_image: Callable[[BinaryIO], Image]) -> Image | Exception:
    """A picture with its pixels, or Pillow's error, without the frames that hold the pixels."""
    try:
        image = open_image(file)
        image.load()
    except MediaError:
        raise
    except Exception as error:
        error.__cause__ = error.__context__ = None
        return error.with_traceback(None)
    return image


def _check_variety(error: Exception, file_format: Format, name: str) -> None:
    """Refuse a picture of a variety of its format that Pillow does not know: it is not damaged.

    Raises:
        UnsupportedMediaError: the error says so.
        CorruptMediaError: it may be that.
    """
    article = file_format.article
    if _UNKNOWN.search(str(error)):
        raise UnsupportedMediaError(
            name, f"is {article} of a variety that anysense does not read ({error})"
        ) from error
    if file_format.name == "TIFF" and "decoder error" in str(error):  # libtiff's, of any kind
        raise CorruptMediaError(
            name,
            f"looks like {article}, but is damaged or truncated, or compressed in a way that "
            "anysense does not read",
        ) from error


def _load_cut(
    image: Image,
    file: BinaryIO,
    open_image: Callable[[BinaryIO], Image],
    file_format: Format,
    name: str,
) -> StoredPicture | None:
    """What is there of a picture that lost its end unnoticed by Pillow; None if it has its end.

    Programs that repair JPEGs add an end marker, and zeros in place of data may be decoded.

    Raises:
        MediaError: too little of it is there.
    """
    if file_format.name == "JPEG" and _may_be_cut_jpeg(image, file):
        return load_cut_jpeg(file, open_image, name, file_format.article)
    if file_format.name == "PNG" and ends_in_zeros(file):
        png = sound_png(file)
        if png.is_cut:
            return load_partial(png.file, open_image, name, file_format.article)
    return None


def _may_be_cut_jpeg(image: Image, file: BinaryIO) -> bool:
    return ends_in_grey(image) or ends_in_zeros(file)


def _load_repaired(
    file: BinaryIO,
    open_image: Callable[[BinaryIO], Image],
    file_format: Format,
    name: str,
) -> StoredPicture | None:
    """What there is of a picture that Pillow refuses; None if that is nothing.

    Raises:
        MediaError: too large, or too little of it is there.
    """
    article = file_format.article
    try:
        if file_format.name == "JPEG":
            return load_cut_jpeg(file, open_image, name, article)
        if file_format.name in _GIVEN_IN_PART:
            return load_partial(file, open_image, name, article)
        if file_format.name == "PNG":
            png = sound_png(file)
            try:
                image = open_image(png.file)
                image.load()
            except OSError:
                return load_partial(png.file, open_image, name, article) if png.is_cut else None
            return StoredPicture(image)
    except MediaError:
        raise
    except Exception:
        return None  # the first error says better what is wrong
    return None
