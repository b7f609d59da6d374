"""The frames of a video from a time on, without decoding all that comes before."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import MediaTooLargeError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from anysense.embed.media.video.footage import Footage

__all__ = ["MOST_PASSED", "frames_from"]

MOST_PASSED = 20_000
"""Key frames are ten seconds apart, or a few minutes at the most: some thousands of frames."""

_ALL = 1e6
"""Pictures of a second, more than any video has: none is passed over."""
_ALMOST = 1e-3
"""Seconds by which a time may be too early: hits tell them in thousandths."""
_EARLIER = 10.0
"""Seconds: streams without an index are entered anywhere, and decode from the next key frame on."""


def frames_from(
    video: Footage, seconds: float, name: str, most: int = MOST_PASSED
) -> Generator[tuple[Any, float]]:
    """The frames of a video with their times: first the one that is shown at a time.

    Where the video begins later, that is its first frame; where it ends before, its last.

    Args:
        video: as it was opened.
        seconds: the time.
        name: what errors call the video.
        most: frames that are decoded on the way there.

    Raises:
        MediaTooLargeError: there are more.
        MediaError: what is there cannot be used; also while iterating.
    """
    for lead in (0.0, _EARLIER, seconds + _EARLIER):
        video.seek(seconds - lead)
        with closing(video.frames(pictures=_ALL, sound=False)) as frames:
            first = next(frames, None)
            if first is not None and (first.start <= seconds + _ALMOST or lead >= seconds):
                timed = ((each.frame, each.start) for each in chain([first], frames))
                yield from _shown_from(timed, seconds, name, most)
                return


def _shown_from(
    frames: Iterator[tuple[Any, float]], seconds: float, name: str, most: int
) -> Iterator[tuple[Any, float]]:
    shown: tuple[Any, float] | None = None
    for number, (frame, start) in enumerate(frames):
        if start <= seconds + _ALMOST:
            if number >= most:
                reason = f"has no index, and over {most:,} frames before {seconds:g} s"
                raise MediaTooLargeError(name, reason)
            shown = frame, start
            continue
        if shown is not None:
            yield shown
            shown = None
        yield frame, start
    if shown is not None:
        yield shown
