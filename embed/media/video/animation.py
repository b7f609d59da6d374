"""An animated GIF, WebP or PNG as a video without sound: its frames as Pillow composes them.

Pillow knows how frames are laid over each other in all three formats, where FFmpeg reads no
animated WebP; so a frame looks as the picture does that stands for all. How often it is to be shown
again is left aside.
"""

from __future__ import annotations

import io
from bisect import bisect_right
from contextlib import contextmanager
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import CorruptMediaError, MediaError, MediaTooLargeError
from anysense.embed.media.descriptions import picture_descriptions
from anysense.embed.media.files import decoding
from anysense.embed.media.formats.animation import timing_of
from anysense.embed.media.image import as_rgb, picture_plugin, picture_turn, within_pillows_limit
from anysense.embed.media.metadata.photo import photo_facts
from anysense.embed.media.picture.counted import CountedReads
from anysense.embed.media.quiet import quiet_decoders
from anysense.embed.media.signatures import ANIMATED_FORMATS
from anysense.embed.media.video.footage import TimedFrame
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from PIL.Image import Image

    from anysense.embed.limits import Limits
    from anysense.embed.media.formats.animation import Timing
    from anysense.embed.media.signatures import Format

__all__ = ["AnimationFrame", "OpenedAnimation", "open_animation"]

_LEAST_PIXELS = 500_000
"""What a frame counts as at least: to go on to the next one takes time however small it is."""
_LEAST_FRAMES = 4
"""So many frames of an animation are encoded, if it has them, however short it is."""
_ALMOST = 1e-3
"""Seconds by which a time may be too early: hits tell them in thousandths."""
_WEBP_ALPHA = 0x10
_SIDEWAYS = range(5, 9)
"""The orientations in EXIF that turn a picture by a quarter."""


@contextmanager
def open_animation(
    file: BinaryIO, file_format: Format, name: str, limits: Limits
) -> Iterator[OpenedAnimation]:
    """Open an animated picture.

    Raises:
        MediaError: it cannot be decoded, or is too large.
    """
    still = next(key for key, each in ANIMATED_FORMATS.items() if each == file_format)
    timing = timing_of(file, still, limits.animation_pixels // _LEAST_PIXELS)
    if timing is None:
        raise _too_many(name, limits)
    with quiet_decoders(), decoding(name, file_format.article), within_pillows_limit(name):
        if not timing.seconds:
            reason = f"is {file_format.article} of which no frame is there as a whole"
            raise CorruptMediaError(name, reason)
        content: BinaryIO | CountedReads = file
        if still == "WebP":
            content = _composed(file, timing)
        elif still != "GIF":  # whose blocks are small, and were counted
            content = CountedReads(file, name)
        with picture_plugin(still, name)(content) as image:
            yield OpenedAnimation(image, timing, name, limits)


class AnimationFrame:
    """A frame as it is shown, which can do what is asked of a frame of PyAV.

    Attributes:
        width: in pixels, upright.
        height: likewise.
        rotation: by how many degrees it is yet to be turned.
    """

    rotation = 0

    def __init__(self, image: Image) -> None:
        self._image = image
        is_sideways = picture_turn(image) in _SIDEWAYS
        self.width, self.height = image.size[::-1] if is_sideways else image.size

    def to_image(self, width: int = 0, height: int = 0, interpolation: str = "BICUBIC") -> Image:
        """The frame in 8-bit RGB, with transparency on white; in its own size if none is said."""
        from PIL.Image import Resampling

        picture = as_rgb(self._image)
        size = width or self.width, height or self.height
        if size == picture.size:
            return picture
        return picture.resize(size, Resampling[interpolation], reducing_gap=3.0)


class OpenedAnimation:
    """An animated picture that is open; its attributes are those of `OpenedVideo`."""

    def __init__(self, image: Image, timing: Timing, name: str, limits: Limits) -> None:
        self._image = image
        self._name = name
        self._limits = limits
        self._ends = list(accumulate(timing.seconds))
        # A PNG may have a picture before them for programs that show no animation.
        self._before = int(bool(image.info.get("default_image", False)))
        self._first = 0
        self._pixels = 0
        self.aspect = 1.0
        self.seconds = self.seen = 0.0
        self.stated: float | None = self._ends[-1]
        self.is_complete = timing.is_whole
        if self._ends[-1] > limits.video_seconds:
            most = limits.video_seconds
            reason = f"is longer than the limit of {most:g} s for one animated picture"
            raise MediaTooLargeError(name, reason)
        self._check_pixels(len(self._ends) * self._frame_pixels())

    @property
    def is_silent(self) -> bool:
        """Whether it has no sound at all."""
        return True

    def frame_rate(self, wanted: float) -> float:
        """How many frames of a second are encoded: more of an animation that is over soon."""
        return max(wanted, _LEAST_FRAMES / self._ends[-1])

    def frames(self, *, pictures: float, sound: bool) -> Generator[TimedFrame]:
        """The frames as they are shown, see `Footage`; up to the first that is damaged.

        Raises:
            MediaTooLargeError: there are too many pixels.
            Exception: whatever Pillow raises, where the first frame is damaged.
        """
        if not pictures:
            return
        for number, end in enumerate(self._ends):
            check_waiter()
            try:
                with within_pillows_limit(self._name):
                    self._image.seek(number + self._before)
                    self._pixels += self._frame_pixels()
                    self._check_pixels(self._pixels)
                    self._image.load()
            except MediaError:
                raise
            except Exception:
                if number == 0:
                    raise
                self.is_complete = False
                return
            if number >= self._first:
                start = self._ends[number - 1] if number else 0.0
                self.seconds = self.seen = end
                yield TimedFrame(AnimationFrame(self._image.copy()), start, end, is_sound=False)

    def seek(self, seconds: float) -> None:
        """Have `frames` begin with the one that is shown at a time; or else the last."""
        after = bisect_right(self._ends, max(0.0, seconds) + _ALMOST)
        self._first = min(after, len(self._ends) - 1)

    def facts(self) -> dict[str, Any]:
        """What the file says of itself, as metadata."""
        return photo_facts(self._image)

    def words(self) -> list[str]:
        """The words in the file of what it shows."""
        return picture_descriptions(self._image)

    def _frame_pixels(self) -> int:
        """What a frame of the size that the picture has now counts as."""
        pixels, limits = self._image.width * self._image.height, self._limits
        if pixels > limits.video_pixels:
            raise MediaTooLargeError(
                self._name,
                f"has frames of {self._image.width} x {self._image.height} pixels, over the limit "
                f"of {limits.video_pixels:,} for one frame",
            )
        return max(pixels, _LEAST_PIXELS)

    def _check_pixels(self, pixels: int) -> None:
        if pixels > self._limits.animation_pixels:
            raise _too_many(self._name, self._limits)


def _too_many(name: str, limits: Limits) -> MediaTooLargeError:
    most = limits.animation_pixels
    return MediaTooLargeError(
        name, f"has frames of over {most:,} pixels together, too many for one animated picture"
    )


def _composed(file: BinaryIO, timing: Timing) -> BinaryIO:
    """A WebP of the frames that are there as a whole, over nothing where they leave any of it free.

    Pillow takes no file that ends within a part, and shows black what no frame covers where the
    file states no transparency, as it need not if its frames have none.
    """
    file.seek(0)
    data = bytearray(file.read(-1 if timing.is_whole else timing.end))
    if not timing.is_whole:
        data[4:8] = (len(data) - 8).to_bytes(4, "little")
    data[20] |= _WEBP_ALPHA
    return io.BytesIO(data)
