"""A picture in stripes, so that what is made of it takes no second picture in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

__all__ = ["stripes"]

_PIXELS = 1 << 20


def stripes(image: Image) -> Iterator[tuple[int, int, int, int]]:
    """The boxes of stripes over its whole width, from the top down: left, top, right, bottom."""
    rows = max(1, _PIXELS // max(1, image.width))
    for top in range(0, image.height, rows):
        yield 0, top, image.width, min(top + rows, image.height)
