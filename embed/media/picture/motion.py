"""Motion photos: the seconds around a picture that a phone has kept behind it, in the same file.

The item is the picture. What is heard in these seconds, and what else is seen, are segments of it
with their seconds. The video is read where it is; one that is not there costs a warning alone.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import EmptyMediaError, MediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.files import OpenedFile, media_name, open_media
from anysense.embed.media.formats.motion import motion_of
from anysense.embed.media.identify import identify
from anysense.embed.media.image import picture_pieces
from anysense.embed.media.splice import splice
from anysense.embed.media.video.video import video_pieces
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.files import Media
    from anysense.embed.media.pieces import Piece, ReadOptions

__all__ = ["has_motion", "opened_motion", "photo_pieces"]

_log = logging.getLogger("anysense")


def has_motion(source: Media, limits: Limits = DEFAULT_LIMITS) -> bool:
    """Whether there is a video behind a picture.

    Raises:
        MediaError: it cannot be opened, or is no format that anysense reads.
    """
    with opened_motion(source, limits) as video:
        return video is not None


@contextmanager
def opened_motion(source: Media, limits: Limits = DEFAULT_LIMITS) -> Iterator[OpenedFile | None]:
    """The video behind a picture, as a file of its own within the other; None if there is none.

    Of one that is said to be there and is not a warning tells.

    Raises:
        MediaError: the picture cannot be opened, or is no format that anysense reads.
    """
    name = media_name(source)
    with open_media(source, limits) as file:
        motion = motion_of(file, identify(file, source).name)
        if motion is not None and motion.stretch is None:
            _log.warning("%s: its video is left out: it is not where the picture says", name)
        if motion is None or motion.stretch is None:
            yield None
            return
        yield OpenedFile(splice(file, [motion.stretch]), Path(name))


def photo_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
    """A picture as `picture_pieces` gives it, then the frames and the sound of the video behind it.

    A video that cannot be read is left out with a warning: the picture is whole without it.

    Raises:
        MediaError, UsageError: as for `picture_pieces`.
    """
    yield from picture_pieces(source, options)
    if options.motion and (Modality.IMAGE in options.modalities or options.takes_sound):
        yield from _motion_pieces(source, options)


def _motion_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
    name = media_name(source)
    with opened_motion(source, options.limits) as video:
        if video is None:
            return
        try:
            for piece in video_pieces(video, replace(options, captions=False)):
                yield replace(piece, is_complete=True)
        except EmptyMediaError:  # it is silent, where nobody sees
            return
        except MediaError as error:
            _log.warning("%s: its video is left out: it %s", name, error.reason)
