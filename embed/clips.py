"""A piece of a video as an encoder may take it: frames with their times, without the sound."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Clip", "VideoInput", "pixels_of"]


@dataclass(frozen=True)
class VideoInput:
    """What an encoder that takes clips wants of them.

    Attributes:
        seconds: how long a clip is at most.
        frames: how many frames it has at most.
    """

    seconds: float
    frames: int


@dataclass(frozen=True, eq=False)
class Clip:
    """Some frames of a video.

    Attributes:
        frames: RGB pictures, at least one.
        times: when each is shown, in seconds from the clip's start; they ascend.
        seconds: how long the clip is; its last frame is shown until then.

    Raises:
        UsageError: there is no frame, or not one time for each, or the times do not ascend from
            the start to the end.
    """

    frames: tuple[Image, ...]
    times: tuple[float, ...]
    seconds: float

    def __post_init__(self) -> None:
        if not self.frames:
            raise UsageError("A clip has at least one frame.")
        if len(self.times) != len(self.frames):
            raise UsageError(
                f"A clip has a time for each frame, not {len(self.times)} for {len(self.frames)}."
            )
        marks = (*self.times, self.seconds)
        if not marks[0] >= 0 or not all(a < b for a, b in pairwise(marks)):
            raise UsageError("The times of a clip's frames ascend from 0 seconds on to its end.")

    def spans(self) -> list[tuple[float, float]]:
        """From when to when each frame is shown, in seconds from the clip's start."""
        return list(zip(self.times, (*self.times[1:], self.seconds), strict=True))


def pixels_of(content: Image | Clip) -> int:
    """How many pixels a picture has, or all frames of a clip."""
    frames = content.frames if isinstance(content, Clip) else (content,)
    return sum(frame.width * frame.height for frame in frames)
