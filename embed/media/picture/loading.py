"""Decoding a picture, and what is left to try where Pillow will not."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import MediaError
from anysense.embed.media.picture.ending import ends_in_zeros
from anysense.embed.media.picture.jpeg import ends_in_grey, load_cut_jpeg
from anysense.embed.media.picture.partial import load_partial
from anysense.embed.media.picture.png import sound_png
from anysense.embed.media.picture.stored import StoredPicture

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

    from anysense.embed.media.signatures import Format

__all__ = ["load_picture"]

_GIVEN_IN_PART = ("GIF", "BMP", "TIFF")
"""Of PNG and JPEG a part is given too, in ways of their own; of other formats all or nothing."""


def load_picture(
    file: BinaryIO,
    open_image: Callable[[BinaryIO], Image],
    file_format: Format,
    name: str,
) -> StoredPicture:
    """Decode a picture: all of it, or what is there of it.

    Args:
        file: the picture.
        open_image: opens a file with Pillow, from its beginning, and checks its size.
        file_format: what it is.
        name: what errors call it.

    Raises:
        MediaError: too large, or too little of it is there.
        Exception: whatever Pillow raises where it is damaged.
    """
    try:
        image = open_image(file)
        image.load()
    except MediaError:
        raise
    except Exception as error:
        repaired = _load_repaired(file, open_image, file_format, name, error)
        if repaired is None:
            raise
        return repaired
    return _load_cut(image, file, open_image, file_format, name) or StoredPicture(image)


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
    if file_format.name == "JPEG" and (ends_in_grey(image) or ends_in_zeros(file)):
        return load_cut_jpeg(file, open_image, name, file_format.article)
    if file_format.name == "PNG" and ends_in_zeros(file):
        png = sound_png(file)
        if png.is_cut:
            return load_partial(png.file, open_image, name, file_format.article)
    return None


def _load_repaired(
    file: BinaryIO,
    open_image: Callable[[BinaryIO], Image],
    file_format: Format,
    name: str,
    error: Exception,
) -> StoredPicture | None:
    """What there is of a picture that Pillow refuses with this error; None if that is nothing.

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
    except Exception as further:
        raise error from further  # the first says what is wrong
    return None
