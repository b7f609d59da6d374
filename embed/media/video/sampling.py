"""From decoded frames to the pictures of a video that are encoded: a few of each second.

A picture is that of a frame that is there, at its own time: of each part of a second the first. It
lasts until the next one, or until a frame shows nothing: those are left out.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Protocol

from anysense.embed.clips import Clip, VideoInput
from anysense.embed.media.pieces import Piece
from anysense.embed.types import Modality, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

__all__ = ["Clips", "Sampler", "Stills"]

_ALMOST = 1e-4
"""Seconds by which rounding makes a frame come early."""


class Sampler(Protocol):
    """Takes some of a video's frames, in order.

    Attributes:
        rate: how many of a second it takes.
    """

    rate: float

    def wants(self, seconds: float) -> bool:
        """Whether it takes the frame at a time."""
        ...

    def add(self, picture: Image | None, seconds: float) -> Iterator[Piece]:
        """Take a frame, None for a blank one, and give what is whole by that."""
        ...

    def finish(self, seconds: float) -> Iterator[Piece]:
        """Give what is left, of a video that ends there."""
        ...


class _Grid:
    """Which frames are the first of a part of a second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._due = 0.0
        self._latest = -1.0

    def wants(self, seconds: float) -> bool:
        if seconds <= self._latest or seconds < self._due - _ALMOST:
            return False
        self._latest = seconds
        self._due = (math.floor((seconds + _ALMOST) * self._rate) + 1) / self._rate
        return True


class Stills:
    """Frames as pictures, for encoders that see one at a time."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._grid = _Grid(rate)
        self._last: tuple[Image, float] | None = None

    def wants(self, seconds: float) -> bool:
        """Whether it takes the frame at a time."""
        return self._grid.wants(seconds)

    def add(self, picture: Image | None, seconds: float) -> Iterator[Piece]:
        """Take a frame, None for a blank one, and give the one before it."""
        yield from self.finish(seconds)
        self._last = None if picture is None else (picture, seconds)

    def finish(self, seconds: float) -> Iterator[Piece]:
        """Give the last frame, which is shown until then."""
        if self._last is not None:
            (picture, start), self._last = self._last, None
            place = Place.of_seconds(start, max(seconds, start))
            yield Piece(Modality.IMAGE, picture, place, videos=frozenset({None}))


class Clips:
    """Frames as clips, one after the other, for encoders that take them.

    Args:
        wanted: how long a clip is, and of how many frames.
    """

    def __init__(self, wanted: VideoInput) -> None:
        self.rate = wanted.frames / wanted.seconds
        self._wanted = wanted
        self._grid = _Grid(self.rate)
        self._frames: list[tuple[Image, float]] = []
        self._shows = False

    def wants(self, seconds: float) -> bool:
        """Whether it takes the frame at a time."""
        return self._grid.wants(seconds)

    def add(self, picture: Image | None, seconds: float) -> Iterator[Piece]:
        """Take a frame, None for a blank one, and give the clip that ends where it begins."""
        if self._is_full(seconds):
            yield from self.finish(seconds)
        if picture is not None:
            self._frames.append((picture, seconds))

    def finish(self, seconds: float) -> Iterator[Piece]:
        """Give the last clip, whose last frame is shown until then."""
        if not self._frames:
            return
        frames, self._frames = self._frames, []
        start, end = frames[0][1], max(seconds, frames[-1][1] + _ALMOST)
        end = min(end, max(start + self._wanted.seconds, frames[-1][1] + _ALMOST))
        times = tuple(time - start for _, time in frames)
        clip = Clip(tuple(picture for picture, _ in frames), times, end - start)
        place = Place.of_seconds(start, end)
        yield Piece(Modality.IMAGE, clip, place, videos=frozenset({self._wanted}))

    def _is_full(self, seconds: float) -> bool:
        if not self._frames:
            return False
        is_long = seconds >= self._frames[0][1] + self._wanted.seconds - _ALMOST
        return is_long or len(self._frames) == self._wanted.frames
