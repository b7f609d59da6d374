"""Parts of sounds and videos as files of their own."""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass
from typing import BinaryIO

from anysense.embed.errors import MediaTooLargeError, UsageError
from anysense.embed.media.files import OpenedFile
from anysense.embed.media.identify import format_of_media
from anysense.embed.media.picture.motion import has_motion, opened_motion
from anysense.embed.types import Kind
from anysense.index.showing.keeping import kept
from anysense.index.showing.opening import ItemFile

__all__ = ["CLIP_SECONDS", "clip", "clip_tag", "clip_type"]

CLIP_SECONDS = 120.0
"""The longest part: at 48 kHz its file has 12 MB, and its samples take 23 MB while it is made."""


@dataclass(frozen=True)
class _Clip(ItemFile):
    """A part of a sound or a video, that is gone when it is closed."""

    def is_unchanged(self) -> bool:
        return True  # nobody else can open it


def clip_tag(item_file: ItemFile, start: float, end: float) -> str:
    """The tag of a part: another one for other seconds, or another content."""
    return f"{item_file.content_hash[:32]}-{start}-{end}"


def clip_type(item_file: ItemFile) -> str:
    """The MIME type of clips of a file.

    Raises:
        MediaError: it cannot be told what it is.
    """
    source = OpenedFile(item_file.file, item_file.path)
    kind = format_of_media(source).kind
    is_video = kind is Kind.VIDEO or (kind is Kind.IMAGE and has_motion(source))
    return "video/mp4" if is_video else "audio/wav"


def clip(item_file: ItemFile, start: float, end: float) -> ItemFile:
    """Some seconds of a sound or a video.

    Of a sound it is a mono WAV file of 16-bit integers, at the sound's own rate; of a video, a
    small MP4 file with its picture and its sound, kept in the user's cache; of a motion photo that
    is the video behind it.

    Args:
        item_file: the sound or the video.
        start: where the part begins, in seconds.
        end: where it ends; the item may end before.

    Returns:
        A temporary file, with the path and the time of the item; whoever has it closes it.

    Raises:
        UsageError: the part is empty.
        UnsupportedMediaError: it is none of these.
        MediaTooLargeError: the part is longer than `CLIP_SECONDS`.
        MediaError: it cannot be read, or ends before the part begins.
    """
    if not 0 <= start < end:
        raise UsageError(f"A clip begins before it ends, but {start:g} to {end:g} s does not.")
    if end - start > CLIP_SECONDS:
        raise MediaTooLargeError(
            item_file.path.name, f"is cut into clips of at most {CLIP_SECONDS:g} seconds"
        )
    make = _video_clip if clip_type(item_file) == "video/mp4" else _sound_clip
    file = make(item_file, start, end)
    return _Clip(
        file,
        item_file.path,
        file.seek(0, os.SEEK_END),
        item_file.mtime_ns,
        clip_tag(item_file, start, end),
        item_file.content_hash,
    )


def _sound_clip(item_file: ItemFile, start: float, end: float) -> BinaryIO:
    from anysense.embed.media.audio.recording import read_part
    from anysense.embed.media.audio.wav import write_wav

    part = read_part(OpenedFile(item_file.file, item_file.path), start, end)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever gets it closes it
    try:
        write_wav(file, part)
    except BaseException:
        file.close()
        raise
    return file


def _video_clip(item_file: ItemFile, start: float, end: float) -> BinaryIO:
    from anysense.embed.media.video.clips.cutting import cut_video

    def make() -> bytes:
        out, source = io.BytesIO(), OpenedFile(item_file.file, item_file.path)
        with opened_motion(source) as behind:
            cut_video(behind or source, start, end, out)
        return out.getvalue()

    return io.BytesIO(kept("clips", f"{clip_tag(item_file, start, end)}.mp4", make))
