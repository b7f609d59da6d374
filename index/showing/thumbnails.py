"""Small pictures of the files of items, kept in the user's cache by the content they are of."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media.files import OpenedFile
from anysense.embed.types import Kind
from anysense.index.showing.keeping import kept

if TYPE_CHECKING:
    from PIL.Image import Image

    from anysense.index.showing.opening import ItemFile

__all__ = ["SIDES", "part_suffix", "side_for", "thumbnail"]

SIDES = (160, 320, 640, 1280, 2048)
"""Pixels along the longer side of the sizes that are made."""

_QUALITY = 82


def side_for(width: int) -> int:
    """The smallest size that has at least this width, or else the largest."""
    return next((side for side in SIDES if side >= width), SIDES[-1])


def thumbnail(
    item_file: ItemFile, side: int, page: int | None = None, start: float | None = None
) -> bytes:
    """A picture, a page of a PDF, or a frame of a video, as a JPEG: upright, on white.

    Args:
        item_file: the file.
        side: one of `SIDES`.
        page: the page of a PDF, from 1; if None, the first one that shows anything.
        start: when the frame of a video is shown, in seconds; if None, the first one that shows
            anything.

    Raises:
        UnsupportedMediaError: it is none of these, or has no such page that shows anything.
        MediaError: it cannot be read.
    """

    def make() -> bytes:
        out = io.BytesIO()
        _small(item_file, side, page, start).save(out, "JPEG", quality=_QUALITY)
        return out.getvalue()

    name = f"{item_file.content_hash}-{side}{part_suffix(page, start)}.jpg"
    return kept("thumbnails", name, make)


def part_suffix(page: int | None, start: float | None) -> str:
    """What tells the pictures of parts of one file apart, in names and tags."""
    suffix = "" if page is None else f"-{page}"
    return suffix if start is None else f"{suffix}-{start:.3f}s"


def _small(item_file: ItemFile, side: int, page: int | None, start: float | None) -> Image:
    from anysense.embed.limits import DEFAULT_LIMITS
    from anysense.embed.media.document.pages import render_pages
    from anysense.embed.media.identify import format_of_media
    from anysense.embed.media.image import read_small
    from anysense.embed.media.video.still import read_still

    source, name = OpenedFile(item_file.file, item_file.path), str(item_file.path)
    file_format = format_of_media(source)
    if file_format.kind is Kind.VIDEO:
        return read_still(source, start, side)
    if file_format.name != "PDF":
        return read_small(source, side)  # which says so if it is no picture
    pages = render_pages(
        item_file.file, name, DEFAULT_LIMITS, longest_side=side, first_page=page or 1
    )
    try:
        number, picture = next(pages, (0, None))
    finally:
        pages.close()  # type: ignore[attr-defined]  # ends the process that draws
    if picture is None or page not in (None, number):
        what = "of blank pages" if page is None else f"without a page {page} that shows anything"
        raise UnsupportedMediaError(name, f"is a PDF document {what}")
    return picture
