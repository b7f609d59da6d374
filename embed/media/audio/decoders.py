"""From an opened recording to blocks of samples, by libsndfile or FFmpeg.

libsndfile (through soundfile) reads PCM files: it is fast there. FFmpeg (through PyAV) reads the
compressed formats, and PCM containers with a codec that libsndfile lacks. FFmpeg also reads FLAC,
MP3 and Ogg, which libsndfile knows: libsndfile 1.2.2 fails at the end of a FLAC of unknown length,
of a variable-rate MP3 without a Xing header it gives only a part and says nothing, it prints on the
standard streams about damaged MP3 and ALAC, and it takes 1.6 times as long for Vorbis and 2.8 times
as long for Opus.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, BinaryIO

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.audio.odd_headers import plain_header
from anysense.embed.media.audio.ogg import last_page_overruns, mend_last_page, up_to_last_page
from anysense.embed.media.audio.sizes import SIZED_CONTAINERS, mend_sizes
from anysense.embed.media.files import decoding
from anysense.embed.media.formats.boxes import lacks_fragment_end
from anysense.embed.media.formats.end_tags import before_end_tags
from anysense.embed.media.formats.front_tags import after_tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.audio.ffmpeg import FfmpegSound
    from anysense.embed.media.audio.sndfile import SndfileSound
    from anysense.embed.media.audio.sound import Sound
    from anysense.embed.media.signatures import Format

__all__ = ["open_sound"]


@contextmanager
def open_sound(file: BinaryIO, file_format: Format, name: str) -> Iterator[Sound]:
    """Open a recording of a format whose modality is audio.

    Raises:
        UnsupportedMediaError: a video, or a codec that no decoder knows.
        CorruptMediaError: damaged or truncated; also while blocks are read.
        EmptyMediaError: no samples.
    """
    with decoding(name, file_format.article):
        whole = _whole(before_end_tags(after_tags(file)), file_format.container)
        if whole is None:
            raise CorruptMediaError(
                name, f"is {file_format.article} that ends before its header says"
            )
        sound = _open(whole, file_format, name)
    with closing(sound):
        yield sound


def _whole(file: BinaryIO, container: str) -> BinaryIO | None:
    """The file as decoders are to read it; None if it is known to lack its end."""
    if container in SIZED_CONTAINERS:
        return mend_sizes(plain_header(file, container), container)
    if container == "mov":
        return None if lacks_fragment_end(file) else file
    if container == "ogg":
        file = up_to_last_page(file)
        return None if last_page_overruns(file) else mend_last_page(file)
    return file


def _open(file: BinaryIO, file_format: Format, name: str) -> SndfileSound | FfmpegSound:
    if file_format.container in SIZED_CONTAINERS:
        from anysense.embed.media.audio.sndfile import open_sndfile

        sound = open_sndfile(file, file_format, name)
        if sound is not None:
            return sound
    from anysense.embed.media.audio.ffmpeg import FfmpegSound

    return FfmpegSound(file, file_format, name)
