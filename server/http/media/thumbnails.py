"""Small pictures of the files of items, kept in the user's cache by the content they are of."""

from __future__ import annotations

import io
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from anysense.embed.cache import user_cache, write_aside
from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media.files import OpenedFile

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from PIL.Image import Image

    from anysense.server.http.media.opening import ServedFile

__all__ = ["SIDES", "side_for", "thumbnail"]

SIDES = (160, 320, 640, 1280)
"""Pixels along the longer side of the sizes that are made."""

_QUALITY = 82
_MOST_BYTES = 256 * 1024**2
"""Of all that is kept; what is oldest goes first."""
_LOOK_EVERY = 64
"""Of so many that are made, at one what is kept is counted again."""


def side_for(width: int) -> int:
    """The smallest size that has at least this width, or else the largest."""
    return next((side for side in SIDES if side >= width), SIDES[-1])


def thumbnail(served: ServedFile, side: int) -> bytes:
    """A picture, or the first page of a PDF that shows anything, as a JPEG: upright, on white.

    Args:
        served: the file.
        side: one of `SIDES`.

    Raises:
        UnsupportedMediaError: it is neither.
        MediaError: it cannot be read.
    """
    folder = user_cache("thumbnails")
    path = folder / f"{served.content_hash}-{side}.jpg"
    with suppress(OSError):
        return path.read_bytes()
    out = io.BytesIO()
    _small(served, side).save(out, "JPEG", quality=_QUALITY)
    content = out.getvalue()
    if write_aside(path, lambda file: file.write(content)) and secrets.randbelow(_LOOK_EVERY) == 0:
        _forget_oldest(folder)
    return content


def _small(served: ServedFile, side: int) -> Image:
    from anysense.embed.limits import DEFAULT_LIMITS
    from anysense.embed.media.document.pages import render_pages
    from anysense.embed.media.identify import identify
    from anysense.embed.media.image import read_small

    source, name = OpenedFile(served.file, served.path), str(served.path)
    served.file.seek(0)
    file_format = identify(served.file, source)
    if file_format.name != "PDF":
        return read_small(source, side)  # which says so if it is no picture
    pages = render_pages(served.file, name, DEFAULT_LIMITS, longest_side=side)
    try:
        _, picture = next(pages, (0, None))
    finally:
        pages.close()  # type: ignore[attr-defined]  # ends the process that draws
    if picture is None:
        raise UnsupportedMediaError(name, "is a PDF document of blank pages")
    return picture


def _forget_oldest(folder: Path) -> None:
    with suppress(OSError):
        kept = sorted(
            ((status.st_mtime, status.st_size, path) for path, status in _statuses(folder)),
            reverse=True,
        )
        total = 0
        for _, size, path in kept:
            total += size
            if total > _MOST_BYTES:
                path.unlink(missing_ok=True)


def _statuses(folder: Path) -> list[tuple[Path, os.stat_result]]:
    return [(path, path.stat()) for path in folder.iterdir()]
