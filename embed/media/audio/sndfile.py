"""Recordings through libsndfile (soundfile): PCM files."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.audio.calm import CalmFile
from anysense.embed.media.audio.chunks import LAYOUTS, iter_chunks, read_at
from anysense.embed.media.audio.sound import BLOCK_SAMPLES
from anysense.embed.media.files import decoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.signatures import Format
    from anysense.embed.types import FloatArray

__all__ = ["SndfileSound", "open_sndfile"]

_UNKNOWN_FRAMES = 1 << 62
_PACKET_TABLE_HEAD = 24
_LONGEST_PACKET_TABLE = 1 << 24
# Of numbers of seven bits a byte, five bytes long at most; a zero ends it.
_PACKET_TABLE = re.compile(rb"([\x80-\xff]{1,4}[\0-\x7f]|[\x01-\x7f])*(\0.*)?", re.DOTALL)
_MP3_TAGS = (b"U\0", b"\0U")  # in either byte order
_EXTENSIBLE_TAGS = (b"\xfe\xff", b"\xff\xfe")


def open_sndfile(file: BinaryIO, file_format: Format, name: str) -> SndfileSound | None:
    """The recording through libsndfile; None if another has to read it."""
    import soundfile

    if _is_left_to_ffmpeg(file, file_format.container):
        file.seek(0)
        return None
    file.seek(0)
    calm_file = CalmFile(file)
    try:
        recording = soundfile.SoundFile(calm_file)
    except soundfile.LibsndfileError:
        file.seek(0)
        return None
    return SndfileSound(recording, calm_file, file_format, name)


def _is_left_to_ffmpeg(file: BinaryIO, container: str) -> bool:
    """Whether libsndfile would print about the file: of MP3, and of ALAC with a damaged table."""
    if container == "au":
        return False
    for chunk in iter_chunks(file, LAYOUTS[container], LAYOUTS[container].start):
        if chunk.name == b"pakt" and container == "caf":
            length = min(chunk.size, _LONGEST_PACKET_TABLE)
            table = read_at(file, chunk.content, length) or b""
            return not _PACKET_TABLE.fullmatch(table[_PACKET_TABLE_HEAD:])
        if chunk.name == b"fmt ":
            tag = read_at(file, chunk.content, 2)
            inner = read_at(file, chunk.content + 24, 2)
            return tag in _MP3_TAGS or (tag in _EXTENSIBLE_TAGS and inner in _MP3_TAGS)
    return False


class SndfileSound:
    """A `Sound` that libsndfile decodes."""

    def __init__(self, recording: Any, calm_file: CalmFile, file_format: Format, name: str) -> None:
        self._recording = recording
        self._calm_file = calm_file
        self._format = file_format
        self._name = name
        self.rate: int = recording.samplerate
        frames: int = recording.frames
        is_known = 0 < frames < _UNKNOWN_FRAMES
        self._frames = frames if is_known else None
        self.seconds = frames / self.rate if is_known and self.rate > 0 else None

    def blocks(self) -> Iterator[FloatArray]:
        size = max(1, BLOCK_SAMPLES // self._recording.channels)
        count = 0
        with decoding(self._name, self._format.article):
            while True:
                block = self._recording.read(size, dtype="float32", always_2d=True)
                if not len(block):
                    break
                count += len(block)
                yield block.T
            if self._calm_file.error is not None:
                raise self._calm_file.error
        if self._frames is not None and count < self._frames:
            raise CorruptMediaError(
                self._name, f"is {self._format.article} that ends before its header says"
            )

    def close(self) -> None:
        self._recording.close()
