"""Which streams of a container are a video's pictures and its sound.

Covers and thumbnails are streams of pictures, too, and the first sound need not be the one that
players play: commentaries and other languages may come before it.
"""

from __future__ import annotations

from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.media.audio.covers import has_moving_pictures
from anysense.embed.media.audio.ffmpeg import audio_stream, open_container
from anysense.embed.media.files import decoding
from anysense.embed.media.formats.animation import animated_format
from anysense.embed.media.formats.front_tags import after_tags
from anysense.embed.media.signatures import VIDEO_FORMATS
from anysense.embed.types import Kind

if TYPE_CHECKING:
    from anysense.embed.media.signatures import Format

__all__ = ["format_of_tracks", "picture_stream", "sound_stream", "video_format"]

_HEAD_BYTES = 64


def format_of_tracks(file: BinaryIO, file_format: Format, name: str) -> Format:
    """The format of a file whose container may hold a video or a recording, without decoding it.

    The file is left at its beginning.

    Raises:
        UnsupportedMediaError: there are no moving pictures, and no sound.
        CorruptMediaError: the file cannot be read.
    """
    content = after_tags(file)
    reopen = partial(open_container, file_format=file_format)
    is_sound = file_format.name == "M4A"  # whose picture tracks are covers of chapters
    with (
        decoding(name, file_format.article.replace("recording", "file")),
        closing(open_container(content, file_format)) as container,
    ):
        is_video = not is_sound and has_moving_pictures(container, content, reopen)
        if not is_video:
            audio_stream(container, file_format, name)
    file.seek(0)
    return video_format(file, file_format) if is_video else file_format


def video_format(file: BinaryIO, file_format: Format) -> Format:
    """The format of a video in a container that may hold a recording, too, or of an animation.

    The file is left at its beginning.
    """
    if file_format.kind is Kind.VIDEO:
        return file_format
    animated = animated_format(file, file_format)
    if animated is not None:
        return animated
    head = file.read(_HEAD_BYTES)
    file.seek(0)
    return next(video for mark, video in VIDEO_FORMATS[file_format.container] if mark in head)


def picture_stream(container: Any) -> Any | None:
    """The moving pictures that players show by default; None where none can be decoded."""
    from av.stream import Disposition

    no_video = Disposition.attached_pic | Disposition.timed_thumbnails
    return _default([s for s in container.streams.video if not s.disposition & no_video])


def sound_stream(container: Any) -> Any | None:
    """The sound that players play by default; None where none can be decoded."""
    return _default(list(container.streams.audio))


def _default(streams: list[Any]) -> Any | None:
    from av.stream import Disposition

    # A stream of an unknown codec has no context; decoding it anyway crashes PyAV before 18.
    known = [stream for stream in streams if stream.codec_context is not None]
    marked = (stream for stream in known if stream.disposition & Disposition.default)
    return next(marked, known[0] if known else None)
