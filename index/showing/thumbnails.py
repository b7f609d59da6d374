"""Small pictures of the files of items, kept in the user's cache by the content they are of."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media.files import OpenedFile
from anysense.index.showing.keeping import kept

if TYPE_CHECKING:
    from PIL.Image import Image

    from anysense.index.showing.opening import ItemFile

__all__ = ["SIDES", "side_for", "thumbnail"]

SIDES = (160, 320, 640, 1280)
"""Pixels along the longer side of the sizes that are made."""

_QUALITY = 82


def side_for(width: int) -> int:
    """The smallest size that has at least this width, or else the largest."""
    return next((side for side in SIDES if side >= width), SIDES[-1])


def thumbnail(item_file: ItemFile, side: int) -> bytes:
    """A picture, or the first page of a PDF that shows anything, as a JPEG: upright, on white.

    Args:
        item_file: the file.
        side: one of `SIDES`.

    Raises:
        UnsupportedMediaError: it is neither.
        MediaError: it cannot be read.
    """

    def make() -> bytes:
        out = io.BytesIO()
        _small(item_file, side).save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()

    return kept("thumbnails", f"{item_file.content_hash}-{side}.jpg", make)


def _small(item_file: ItemFile, side: int) -> Image:
    from anysense.embed.limits import DEFAULT_LIMITS
    from anysense.embed.media.document.pages import render_pages
    from anysense.embed.media.identify import identify
    from anysense.embed.media.image import read_small

    source, name = OpenedFile(item_file.file, item_file.path), str(item_file.path)
    item_file.file.seek(0)
    file_format = identify(item_file.file, source)
    if file_format.name != "PDF":
        return read_small(source, side)  # which says so if it is no picture
    pages = render_pages(item_file.file, name, DEFAULT_LIMITS, longest_side=side)
    try:
        _, picture = next(pages, (0, None))
    finally:
        pages.close()  # type: ignore[attr-defined]  # ends the process that draws
    if picture is None:
        raise UnsupportedMediaError(name, "is a PDF document of blank pages")
    return picture
