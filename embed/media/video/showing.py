"""A decoded frame as people see it: in RGB, with square pixels, upright, and no larger than needed.

`to_image` of PyAV applies neither the shape of the pixels nor the turn that a phone was held in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.media.picture.frames import is_plain

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["frame_side", "is_blank", "shown"]

_LONG_SIDE = 512
"""Pixels along the longer side of a frame, unless an encoder looks at more along the shorter."""
_WHOLE_SIDE = 1024
"""Those for an encoder that does not say at how many it looks."""
_LOOKED_AT = 64
"""Pixels along the longer side by which a frame is blank: few, so that noise is smoothed away."""
_GREY = 16
"""How far apart the channels of a grey are at most: as far as compression moves them."""


def frame_side(sides: frozenset[int | None]) -> tuple[int, int]:
    """How large frames are made: at least so many pixels along the longer and the shorter side.

    Args:
        sides: what encoders need of pictures, see `ReadOptions`: twice what they look at, which
            leaves a filter something to smooth that has been at work here already.
    """
    if None in sides:
        return _WHOLE_SIDE, 0
    return _LONG_SIDE, max((side or 0) // 2 for side in sides)


def shown(frame: Any, side: tuple[int, int], aspect: float) -> Image:
    """What a frame shows, as 8-bit RGB.

    Args:
        frame: as it was decoded.
        side: what `frame_side` gives; a smaller frame stays as it is.
        aspect: the width of a pixel by its height.
    """
    width, height = frame.width, frame.height
    width, height = (width * aspect, height) if aspect > 1 else (width, height / aspect)
    longer, shorter = side
    share = min(1.0, max(longer / max(width, height), shorter / min(width, height)))
    size = max(1, round(width * share)), max(1, round(height * share))
    picture: Image = frame.to_image(width=size[0], height=size[1], interpolation="BICUBIC")
    return _turned(picture, round(frame.rotation) % 360)


def _turned(picture: Image, degrees: int) -> Image:
    """A picture turned counterclockwise, as far as its stream asks for quarters of a turn."""
    from PIL.Image import Transpose

    turns = {90: Transpose.ROTATE_90, 180: Transpose.ROTATE_180, 270: Transpose.ROTATE_270}
    return picture.transpose(turns[degrees]) if degrees in turns else picture


def is_blank(picture: Image) -> bool:
    """Whether a frame shows nothing: black, white or another grey, as between scenes."""
    small = picture.copy()
    small.thumbnail((_LOOKED_AT, _LOOKED_AT))
    if not is_plain(small):
        return False
    red_green_blue = small.resize((1, 1)).getpixel((0, 0))
    assert isinstance(red_green_blue, tuple)
    return max(red_green_blue) - min(red_green_blue) < _GREY
