"""The frame of an animation, or the page of a TIFF, that stands for all of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple, cast

from anysense.embed.media.picture.stripes import stripes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from PIL.Image import Image

__all__ = ["first_that_shows"]

_MOST_FRAMES = 64
_PLAIN = 8
"""How far apart the values of a channel may be in a frame that shows nothing, of 255: compression
makes black uneven."""
_SIDE = 256
"""Pixels along the longer side of a frame that are looked at."""
_FEW = 32
_FULL = 0.9
_CLEAR = 0.5
_LITTLE = 1e-6


def first_that_shows(
    image: Image,
    flatten: Callable[[Image], Image],
    check_pixels: Callable[[Image], None],
    most_pixels: int,
) -> Image:
    """The first frame, in 8-bit RGB, or where that is of one colour, the first that shows enough.

    An animation may begin with nothing: transparent, or black before it fades in or is drawn. So a
    frame stands for it that has nearly as much on the ground of the first one, and contrast, as the
    best of those that are looked at. Of a TIFF it is the first page that is not of one colour.

    Args:
        image: the picture, at its first frame; it is left at the frame that is returned, or after.
        flatten: converts a frame to 8-bit RGB.
        check_pixels: raises a `MediaError` where a frame is too large.
        most_pixels: how many pixels of further frames are looked at.
    """
    first = flatten(image)
    if not is_plain(first):
        return first
    first = first.copy()  # it may be the image itself, which goes on to the next frame
    ground = first.getpixel((0, 0))
    assert isinstance(ground, tuple)
    contents = [
        _content(flatten(frame), ground)
        for frame in _further_frames(image, check_pixels, most_pixels)
    ]
    if not any(content.share for content in contents):
        return first
    number = 1 + _first_full(contents, least=0.0 if image.format == "TIFF" else _FULL)
    try:
        image.seek(number)
        image.load()
    except Exception:  # it could be read a moment ago
        return first
    return flatten(image)


class _Content(NamedTuple):
    """What a frame shows: the share of it that is not of the ground's colour, and its contrast."""

    share: float
    contrast: float


def _content(picture: Image, ground: tuple[int, ...]) -> _Content:
    if is_plain(picture):
        return _Content(0.0, 0.0)
    import numpy as np

    picture = picture.copy()
    picture.thumbnail((_SIDE, _SIDE))
    pixels = np.asarray(picture).astype(np.int16)
    is_content = (np.abs(pixels - np.array(ground[:3], np.int16)) >= _PLAIN).any(axis=2)
    shown = pixels[is_content]
    if not len(shown):  # it is too little to survive that
        return _Content(_LITTLE, 0.0)
    return _Content(float(is_content.mean()), float(shown.std()))


def _first_full(contents: Sequence[_Content], least: float) -> int:
    """Which frame is the first that shows this share, or more, of what the fullest one does."""
    share = least * max(content.share for content in contents)
    full = [(at, c) for at, c in enumerate(contents) if c.share >= share and c.share > 0]
    contrast = least * _CLEAR * max(content.contrast for _, content in full)
    return next(at for at, content in full if content.contrast >= contrast)


def is_plain(picture: Image) -> bool:
    """Whether a picture in 8-bit RGB is of one colour, as nearly as compression leaves it."""
    import PIL.Image

    lows, highs = [255] * 3, [0] * 3
    few = (min(_FEW, picture.width), min(_FEW, picture.height))
    some = picture.resize(few, PIL.Image.Resampling.NEAREST)  # pixels of it: most are not plain
    parts = (picture.crop(box) for box in stripes(picture))
    for part in itertools.chain([some], parts):
        extrema = cast("tuple[tuple[int, int], ...]", part.getextrema())
        for channel, (low, high) in enumerate(extrema):
            lows[channel] = min(lows[channel], low)
            highs[channel] = max(highs[channel], high)
        if any(high - low >= _PLAIN for low, high in zip(lows, highs, strict=True)):
            return False
    return True


def _further_frames(
    image: Image, check_pixels: Callable[[Image], None], most_pixels: int
) -> Iterator[Image]:
    """The frames after the first, as far as they can be read and may be looked at."""
    left = most_pixels
    for number in range(1, _MOST_FRAMES):
        try:
            image.seek(number)
            left -= image.width * image.height
            if left < 0:
                return
            check_pixels(image)
            image.load()
        except Exception:  # the end, or damage: the first frame is sound, and is what there is
            return
        yield image
