"""What is asked of a video before it is read: how long it says it is, and if anything is heard."""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import media_name
from anysense.embed.media.video.opened import open_video, video_file
from anysense.embed.media.video.soundtrack import Soundtrack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.files import Media
    from anysense.embed.media.video.footage import Footage

__all__ = ["is_heard", "stated_length"]

_WINDOW_SECONDS = 1.0
"""Of each so long a window it is known whether it is all silence."""


def stated_length(source: Media, limits: Limits = DEFAULT_LIMITS) -> float | None:
    """How many seconds a video says that it has; None if it does not say, or cannot be believed.

    Raises:
        MediaError: it cannot be opened or decoded, or is too large.
    """
    with _opened(source, limits) as video:
        return video.stated


def is_heard(source: Media, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Whether a video has a sound that is not all silence.

    Raises:
        MediaError: it cannot be opened or decoded, or is too large.
    """
    track = Soundtrack(_WINDOW_SECONDS)
    with (
        _opened(source, limits) as video,
        closing(video.frames(pictures=0, sound=True)) as frames,
    ):
        heard = (piece for each in frames for piece in track.add(each.frame, each.start))
        return next(heard, None) is not None or next(track.finish(), None) is not None


@contextmanager
def _opened(source: Media, limits: Limits) -> Iterator[Footage]:
    with (
        video_file(source, limits) as (file, file_format),
        open_video(file, file_format, media_name(source), limits) as video,
    ):
        yield video
