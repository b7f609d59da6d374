"""The frames of a video from a time on, without decoding all that comes before."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from anysense.embed.media.video.opened import OpenedVideo

__all__ = ["frames_from"]

_ALL = 1e6
"""Pictures of a second, more than any video has: none is passed over."""
_ALMOST = 1e-3
"""Seconds by which a time may be too early: hits tell them in thousandths."""
_EARLIER = 10.0
"""Seconds: streams without an index are entered anywhere, and decode from the next key frame on."""


def frames_from(video: OpenedVideo, seconds: float) -> Generator[tuple[Any, float]]:
    """The frames of a video with their times: first the one that is shown at a time.

    Where the video begins later, that is its first frame; where it ends before, its last.

    Raises:
        MediaError: what is there cannot be used; also while iterating.
    """
    for lead in (0.0, _EARLIER, seconds + _EARLIER):
        video.seek(seconds - lead)
        with closing(video.moments(pictures=_ALL, sound=False)) as moments:
            first = next(moments, None)
            if first is not None and (first.start <= seconds + _ALMOST or lead >= seconds):
                yield from _shown_from(
                    ((m.frame, m.start) for m in chain([first], moments)), seconds
                )
                return


def _shown_from(frames: Iterator[tuple[Any, float]], seconds: float) -> Iterator[tuple[Any, float]]:
    shown: tuple[Any, float] | None = None
    for frame, start in frames:
        if start <= seconds + _ALMOST:
            shown = frame, start
            continue
        if shown is not None:
            yield shown
            shown = None
        yield frame, start
    if shown is not None:
        yield shown
