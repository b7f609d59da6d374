"""The length that a compressed recording states, and whether to believe it.

A recording that is shorter than its header says was cut short, but for what codecs trim, and for
headers that are wrong: a length that the file is too small for is none; and MP3 and Ogg are made of
frames and pages that can be looked at, one by one: if all are there, the header is wrong.
"""

from __future__ import annotations

from typing import Any, BinaryIO

from anysense.embed.media.audio.chunks import file_size
from anysense.embed.media.audio.headers import (
    declared_mp3_seconds,
    has_whole_mp3_frames,
    stated_asf_seconds,
    stated_dsdiff_seconds,
    stated_dsf_seconds,
    stated_musepack_seconds,
)
from anysense.embed.media.audio.matroska import stated_matroska_seconds
from anysense.embed.media.audio.ogg import has_whole_pages
from anysense.embed.media.audio.sizes import SIZED_CONTAINERS

__all__ = ["ffmpeg_seconds", "header_seconds", "is_cut_short"]

_READ_HERE = {
    "mp3": declared_mp3_seconds,
    "matroska": stated_matroska_seconds,
    "asf": stated_asf_seconds,
    "mpc8": stated_musepack_seconds,
    "dsf": stated_dsf_seconds,
    "iff": stated_dsdiff_seconds,
}
"""Containers of which FFmpeg gives something else for what the header states, as an estimate."""
_UNSTATED = SIZED_CONTAINERS | {"aac", "amr"}
"""Those of which it estimates one, or has it from another place than the size of the samples, which
was looked at before."""
_WITNESSES = {"mp3": has_whole_mp3_frames, "ogg": has_whole_pages}
_MISSING_SECONDS = 0.25
"""How much shorter than its header says a recording may be: codecs trim priming and padding."""
_FLAC_MISSING = 1152
"""From so many missing samples on a FLAC is cut short: encoders write no shorter frames."""
_FEWEST_OGG_BYTES = 10  # of a second: the lengths of packets that say nothing but silence


def header_seconds(file: BinaryIO, container: str) -> float | None:
    """The length that the header states, if it is not FFmpeg's to tell; the file is at 0 then."""
    read = _READ_HERE.get(container)
    return None if read is None else read(file)


def ffmpeg_seconds(reader: Any, stream: Any, file: BinaryIO, container: str) -> float | None:
    """The length that FFmpeg, which is the `reader`, knows of a sound of the file."""
    if container in _UNSTATED or container in _READ_HERE:
        return None
    if stream.duration is not None:
        seconds = float(stream.duration * stream.time_base)
        if container == "ogg":
            return _ogg_seconds(seconds, stream, file)
    else:
        seconds = (reader.duration or 0) / 1_000_000
    return seconds if seconds > 0 else None


def _ogg_seconds(seconds: float, stream: Any, file: BinaryIO) -> float | None:
    if stream.codec_context.name in ("opus", "libopus") and stream.start_time is not None:
        # A recording of a broadcast begins at the time of day. Of Vorbis FFmpeg subtracts it.
        seconds -= max(0.0, float(stream.start_time * stream.time_base))
    position = file.tell()  # from where FFmpeg goes on
    size = file_size(file)
    file.seek(position)
    return seconds if 0 < seconds <= size / _FEWEST_OGG_BYTES else None


def is_cut_short(
    file: BinaryIO, container: str, count: int, rate: int, claim: float | None
) -> bool:
    """Whether `count` samples are too few by the seconds of a header that can be believed.

    To be asked when FFmpeg has come to its end: it moves the file's position.
    """
    if claim is None:
        return False
    if container == "flac":
        return claim * rate - count >= _FLAC_MISSING
    if count / rate >= claim - _MISSING_SECONDS:
        return False
    witness = _WITNESSES.get(container)
    return witness is None or not witness(file)
