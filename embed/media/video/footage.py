"""What is open and gives frames with times: a video, or an animated picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["Footage", "TimedFrame"]


class TimedFrame:
    """A decoded frame, of pictures or of sound.

    Attributes:
        frame: PyAV's, or of an animated picture what can do the same.
        is_sound: whether it is heard.
        start: when it begins, in seconds.
        end: when it ends, as far as that is known.
    """

    __slots__ = ("end", "frame", "is_sound", "start")

    def __init__(self, frame: Any, start: float, end: float, *, is_sound: bool) -> None:
        self.frame = frame
        self.is_sound = is_sound
        self.start = start
        self.end = end


class Footage(Protocol):
    """A video or an animated picture that is open; see `OpenedVideo` for its attributes."""

    aspect: float
    seconds: float
    seen: float
    stated: float | None
    is_complete: bool

    @property
    def is_silent(self) -> bool:
        """Whether it has no sound at all."""
        ...

    def frame_rate(self, wanted: float) -> float:
        """How many frames of a second are encoded where so many are wanted."""
        ...

    def frames(self, *, pictures: float, sound: bool) -> Generator[TimedFrame]:
        """The frames, decoded, in the order of the file.

        Args:
            pictures: how many pictures are wanted of a second; 0 for none at all.
            sound: whether sound is wanted.

        Raises:
            MediaError: what is there cannot be used; also while iterating.
        """
        ...

    def seek(self, seconds: float) -> None:
        """Go, before `frames`, to where all that is shown from a time on can be decoded."""
        ...
