"""The frame of an animation, or the page of a TIFF, that stands for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from PIL.Image import Image

__all__ = ["first_that_shows"]

_MOST_FRAMES = 64
_PLAIN = 8
"""How far apart the values of a channel may be in a frame that shows nothing, of 255: compression
makes black uneven."""


def first_that_shows(
    image: Image,
    flatten: Callable[[Image], Image],
    check_pixels: Callable[[Image], None],
    most_pixels: int,
) -> Image:
    """The first frame that is not all of one colour, in 8-bit RGB; the first, if all are.

    An animation may begin with nothing: transparent, or black before it fades in.

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
    for frame in _further_frames(image, check_pixels, most_pixels):
        picture = flatten(frame)
        if not is_plain(picture):
            return picture
    return first


def is_plain(picture: Image) -> bool:
    """Whether a picture in 8-bit RGB is of one colour, as nearly as compression leaves it."""
    return all(high - low < _PLAIN for low, high in picture.getextrema())  # type: ignore[misc]


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
