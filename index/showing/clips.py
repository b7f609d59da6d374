"""Parts of sounds as files of their own."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass

from anysense.embed.errors import MediaTooLargeError, UsageError
from anysense.embed.media.files import OpenedFile
from anysense.index.showing.opening import ItemFile

__all__ = ["CLIP_SECONDS", "clip", "clip_tag"]

CLIP_SECONDS = 120.0
"""The longest part: at 48 kHz its file has 12 MB, and its samples take 23 MB while it is made."""


@dataclass(frozen=True)
class _Clip(ItemFile):
    """A part of a sound, in a file without a name that is gone when it is closed."""

    def is_unchanged(self) -> bool:
        return True  # nobody else can open it


def clip_tag(item_file: ItemFile, start: float, end: float) -> str:
    """The tag of a part of a sound: another one for other seconds, or another content."""
    return f"{item_file.content_hash[:32]}-{start}-{end}"


def clip(item_file: ItemFile, start: float, end: float) -> ItemFile:
    """Some seconds of a sound as a mono WAV file of 16-bit integers, at the sound's own rate.

    Args:
        item_file: the sound.
        start: where the part begins, in seconds.
        end: where it ends; the sound may end before.

    Returns:
        A temporary file, with the path and the time of the sound; whoever has it closes it.

    Raises:
        UsageError: the part is empty.
        UnsupportedMediaError: it is no sound.
        MediaTooLargeError: the part is longer than `CLIP_SECONDS`.
        MediaError: it cannot be read, or ends before the part begins.
    """
    from anysense.embed.media.audio.recording import read_part
    from anysense.embed.media.audio.wav import write_wav

    if not 0 <= start < end:
        raise UsageError(f"A clip begins before it ends, but {start:g} to {end:g} s does not.")
    if end - start > CLIP_SECONDS:
        raise MediaTooLargeError(
            item_file.path.name, f"is cut into clips of at most {CLIP_SECONDS:g} seconds"
        )
    part = read_part(OpenedFile(item_file.file, item_file.path), start, end)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever gets it closes it
    try:
        write_wav(file, part)
        size = file.seek(0, os.SEEK_END)
    except BaseException:
        file.close()
        raise
    return _Clip(
        file,
        item_file.path,
        size,
        item_file.mtime_ns,
        clip_tag(item_file, start, end),
        item_file.content_hash,
    )
