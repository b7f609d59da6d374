"""Recordings through libsndfile (soundfile): PCM files and FLAC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.audio.sound import BLOCK_SAMPLES, mix_to_mono
from anysense.embed.media.files import decoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.signatures import Format
    from anysense.embed.types import FloatArray

__all__ = ["SndfileSound", "open_sndfile"]

_UNKNOWN_FRAMES = 1 << 62


def open_sndfile(file: BinaryIO, file_format: Format, name: str) -> SndfileSound | None:
    """The recording through libsndfile; None if it does not know the codec."""
    import soundfile

    try:
        recording = soundfile.SoundFile(file)
    except soundfile.LibsndfileError:
        file.seek(0)
        return None
    if recording.subtype.startswith("MPEG"):  # MP3 within a WAV: FFmpeg reads it whole
        recording.close()
        file.seek(0)
        return None
    return SndfileSound(recording, file_format, name)


class SndfileSound:
    """A `Sound` that libsndfile decodes."""

    def __init__(self, recording: Any, file_format: Format, name: str) -> None:
        self._recording = recording
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
                yield mix_to_mono(block, axis=1)
        if self._frames is not None and count < self._frames:
            raise CorruptMediaError(
                self._name, f"is {self._format.article} that ends before its header says"
            )

    def close(self) -> None:
        self._recording.close()
