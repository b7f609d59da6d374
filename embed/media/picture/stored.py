"""A picture as its file holds it, with what is there of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from anysense.embed.errors import CorruptMediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

__all__ = ["StoredPicture", "check_grid", "check_share"]

_LEAST_SHARE = 0.4
"""Of the rows; docs/decisions.md has the measurement."""
_LEAST_GRID = 64
"""Pixels along the longer side, where all of a picture is there in a lower resolution."""


@dataclass(frozen=True, eq=False)
class StoredPicture:
    """A picture in the mode that it is stored in.

    Attributes:
        image: as Pillow opened it, with its pixels.
        is_complete: whether all of the file is there.
        absent: bool, (height, width): the pixels that the file does not have any more, where the
            decoder has nothing to show for them.
        grid: of an interlaced picture, the distances across and down of the pixels that are there.
    """

    image: Image
    is_complete: bool = True
    absent: NDArray[np.bool_] | None = None
    grid: tuple[int, int] | None = None

    def fill(self, picture: Image) -> Image:
        """The 8-bit RGB that the image was converted to, with grey where nothing is there."""
        import numpy as np
        import PIL.Image

        if self.grid is not None:
            across, down = self.grid
            coarse = np.ascontiguousarray(np.asarray(picture)[::down, ::across])
            resampling = PIL.Image.Resampling.BILINEAR
            return PIL.Image.fromarray(coarse).resize(picture.size, resampling)
        if self.absent is not None:
            mask = PIL.Image.fromarray(self.absent.astype(np.uint8) * 255)
            picture.paste((128, 128, 128), mask=mask)
        return picture


def check_share(share: float, name: str, article: str) -> None:
    """Refuse a picture of which too little is there to say what it is of.

    Raises:
        CorruptMediaError: less than two fifths.
    """
    if share < _LEAST_SHARE:
        _refuse(share, name, article)


def check_grid(image: Image, grid: tuple[int, int], name: str, article: str) -> None:
    """Refuse a picture of which too few pixels are there, so far apart across and down.

    Raises:
        CorruptMediaError: fewer than 64 along its longer side.
    """
    step = max(grid)
    if step > 1 and max(image.size) < _LEAST_GRID * step:
        _refuse(1 / (grid[0] * grid[1]), name, article)


def _refuse(share: float, name: str, article: str) -> NoReturn:
    percent = math.floor(100 * share)
    raise CorruptMediaError(
        name, f"looks like {article}, but is damaged or truncated (only {percent} % of it is there)"
    )
