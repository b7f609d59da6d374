"""One frame of a video: the one that is shown at a time, or the first that shows anything."""

from __future__ import annotations

import math
from contextlib import closing
from typing import TYPE_CHECKING

from anysense.embed.errors import EmptyMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import media_name
from anysense.embed.media.video.opened import open_video, video_file
from anysense.embed.media.video.seeking import frames_from
from anysense.embed.media.video.showing import is_blank, shown

if TYPE_CHECKING:
    from PIL.Image import Image

    from anysense.embed.media.files import Media
    from anysense.embed.media.video.footage import Footage

__all__ = ["read_still"]

_MOST_SECONDS = 20
"""So many seconds are looked through for a frame that shows anything."""


def read_still(
    source: Media, seconds: float | None, side: int, limits: Limits = DEFAULT_LIMITS
) -> Image:
    """Read a frame of a video as 8-bit RGB: upright, and at most `side` pixels along a side.

    Args:
        source: the video.
        seconds: when the frame is shown; if None, the first that shows anything is taken.
        side: pixels along the longer side; a smaller frame stays as it is.
        limits: what is too large.

    Raises:
        EmptyMediaError: the video has no frame that can be decoded.
        MediaError: it cannot be opened or decoded, or is too large.
    """
    name = media_name(source)
    with (
        video_file(source, limits) as (file, file_format),
        open_video(file, file_format, name, limits) as video,
    ):
        still = (
            _first_shown(video, side) if seconds is None else _shown_at(video, seconds, side, name)
        )
    if still is None:
        raise EmptyMediaError(name, f"is {file_format.article} without a frame that can be shown")
    return still


def _shown_at(video: Footage, seconds: float, side: int, name: str) -> Image | None:
    with closing(frames_from(video, seconds, name)) as frames:
        frame, _ = next(frames, (None, 0.0))
    return None if frame is None else shown(frame, (side, 0), video.aspect)


def _first_shown(video: Footage, side: int) -> Image | None:
    """The first frame, of one a second, that shows anything; or else the very first."""
    first, due = None, 0.0
    with closing(video.frames(pictures=1.0, sound=False)) as frames:
        for each in frames:
            if each.start < due:
                continue
            due = math.floor(each.start) + 1.0
            picture = shown(each.frame, (side, 0), video.aspect)
            if not is_blank(picture):
                return picture
            first = first or picture
            if due > _MOST_SECONDS:
                break
    return first
