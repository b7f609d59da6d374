"""Some seconds of a video as a small file of their own, with picture and sound."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import EmptyMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import media_name
from anysense.embed.media.video.clips.mp4 import FRAME_SECONDS, Mp4Writer
from anysense.embed.media.video.hearing import heard_in
from anysense.embed.media.video.opened import open_video, video_file
from anysense.embed.media.video.seeking import frames_from
from anysense.embed.media.video.showing import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL.Image import Image

    from anysense.embed.media.files import Media
    from anysense.embed.media.video.footage import Footage

__all__ = ["CLIP_SIDE", "cut_video"]

CLIP_SIDE = 854
"""Pixels along the longer side: 480 lines of a wide picture."""
_ALMOST = 1e-3
"""Seconds by which rounding makes a frame come early."""


def cut_video(
    source: Media, start: float, end: float, out: BinaryIO, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Write some seconds of a video as an MP4: at most `CLIP_SIDE` pixels wide or high, mono.

    Args:
        source: the video.
        start: where the part begins, in seconds; its first frame is the one shown then.
        end: where it ends; the video may end before.
        out: where to write it.
        limits: what is too large.

    Raises:
        EmptyMediaError: there is no frame in these seconds.
        MediaError: the video cannot be opened or decoded, or is too large.
    """
    name = media_name(source)
    with video_file(source, limits) as (file, file_format):
        with open_video(file, file_format, name, limits) as video:
            sound = heard_in(video, start, end)
        file.seek(0)
        with open_video(file, file_format, name, limits) as video:
            pictures = _pictures(video, start, end, name)
            first = next(pictures, None)
            if first is None:
                reason = f"is {file_format.article} without a frame from {start:g} s on"
                raise EmptyMediaError(name, reason)
            writer = Mp4Writer(out, first[0].size, sound, name)
            writer.add(*first)
            for picture, seconds in pictures:
                writer.add(picture, seconds)
            writer.finish()


def _pictures(video: Footage, start: float, end: float, name: str) -> Iterator[tuple[Image, float]]:
    """What is shown in these seconds, with times from their start; the last is shown till the end.

    Frames that come sooner than `FRAME_SECONDS` after another one are left out.
    """
    last, time = None, -FRAME_SECONDS
    with closing(frames_from(video, start, name)) as frames:
        for frame, began in frames:
            if began >= end or video.seconds <= start:
                break
            seconds = max(0.0, began - start)
            if seconds - time >= FRAME_SECONDS - _ALMOST:
                last, time = frame, seconds
                yield shown(last, (CLIP_SIDE, 0), video.aspect), time
    rest = min(end, video.seconds) - start - time
    if last is not None and rest >= 2 * FRAME_SECONDS:
        yield shown(last, (CLIP_SIDE, 0), video.aspect), time + rest - FRAME_SECONDS
