"""The sound of some seconds of a video as samples."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from anysense.embed.errors import EmptyMediaError
from anysense.embed.limits import DEFAULT_LIMITS, Limits
from anysense.embed.media.audio.recording import resample
from anysense.embed.media.files import media_name
from anysense.embed.media.pieces import Piece
from anysense.embed.media.video.opened import open_video, video_file
from anysense.embed.media.video.soundtrack import Soundtrack
from anysense.embed.types import Waveform

if TYPE_CHECKING:
    from anysense.embed.media.files import Media
    from anysense.embed.media.video.footage import Footage

__all__ = ["SOUND_RATE", "heard_in", "read_soundtrack"]

SOUND_RATE = 48_000
"""Hz."""
_LEAD = 0.5
"""Seconds of sound that are taken before the start, as a frame of it may reach into the part."""


def read_soundtrack(
    source: Media, start: float, end: float, limits: Limits = DEFAULT_LIMITS
) -> Waveform:
    """Read the sound of some seconds of a video, mixed to mono, at `SOUND_RATE`.

    Raises:
        EmptyMediaError: nothing is heard in these seconds.
        MediaError: it cannot be opened or decoded, or is too large.
    """
    name = media_name(source)
    with (
        video_file(source, limits) as (file, file_format),
        open_video(file, file_format, name, limits) as video,
    ):
        sound = heard_in(video, start, end)
    if sound is None:
        raise EmptyMediaError(name, f"is a video without sound from {start:g} to {end:g} s")
    return sound


def heard_in(video: Footage, start: float, end: float) -> Waveform | None:
    """What is heard in these seconds, mono at `SOUND_RATE`; None if nothing is.

    It begins at the start, with silence where the sound begins later, and ends with the video.
    """
    import numpy as np

    if video.is_silent:
        return None
    video.seek(max(0.0, start - _LEAD))
    track, pieces = Soundtrack(end - start + _LEAD), list[Piece]()
    with closing(video.frames(pictures=0, sound=True)) as frames:
        for each in frames:
            if each.start >= end:
                break
            if each.end > start - _LEAD:
                pieces += track.add(each.frame, each.start)
    pieces += track.finish()
    last = min(end, video.seconds)
    samples = np.zeros(max(0, round((last - start) * SOUND_RATE)), np.float32)
    for piece in pieces:
        assert isinstance(piece.content, Waveform)
        heard = resample(piece.content, SOUND_RATE).samples
        at = round(((piece.place.start or 0.0) - start) * SOUND_RATE)
        part = samples[max(0, at) : max(0, at + len(heard))]
        part[:] = heard[max(0, -at) :][: len(part)]
    return Waveform(samples, SOUND_RATE) if pieces and len(samples) else None
