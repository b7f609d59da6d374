"""Parts of sounds as files of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.errors import MediaTooLargeError, UsageError
from anysense.embed.media.files import OpenedFile

if TYPE_CHECKING:
    from anysense.index.showing.opening import ItemFile

__all__ = ["CLIP_SECONDS", "clip"]

CLIP_SECONDS = 600.0
"""The longest part: at 48 kHz its samples are 58 MB."""


def clip(item_file: ItemFile, start: float, end: float) -> bytes:
    """Some seconds of a sound as a mono WAV file of 16-bit integers, at the sound's own rate.

    Args:
        item_file: the sound.
        start: where the part begins, in seconds.
        end: where it ends; the sound may end before.

    Raises:
        UsageError: the part is empty.
        UnsupportedMediaError: it is no sound.
        MediaTooLargeError: the part is longer than `CLIP_SECONDS`.
        MediaError: it cannot be read, or ends before the part begins.
    """
    from anysense.embed.media.audio.recording import read_part
    from anysense.embed.media.audio.wav import wav_bytes

    if not 0 <= start < end:
        raise UsageError(f"A clip begins before it ends, but {start:g} to {end:g} s does not.")
    if end - start > CLIP_SECONDS:
        raise MediaTooLargeError(
            item_file.path.name, f"is cut into clips of at most {CLIP_SECONDS:g} seconds"
        )
    return wav_bytes(read_part(OpenedFile(item_file.file, item_file.path), start, end))
