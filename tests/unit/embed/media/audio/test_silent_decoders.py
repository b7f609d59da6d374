"""Nothing that a decoder has to say reaches the standard streams, whatever it is given."""

from __future__ import annotations

import errno
import io
import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import SNDFILE_FORMATS, chirp, ffmpeg, sndfile, write

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.audio.decoders import open_sound
from anysense.embed.media.signatures import format_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from _typeshed import WriteableBuffer

SIZES = (
    b"\0" * 4,
    b"\xff" * 4,
    b"\x7f\xff\xff\xff",
    b"\xff\xff\xff\x7f",
    b"\x80\0\0\0",
    b"\xff" * 8,
)
READS_ALL = """
import gc, sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from anysense.embed.errors import MediaError
from anysense.embed.media.audio.recording import iter_windows, recording_pieces, stated_seconds
from anysense.embed.media.pieces import ReadOptions

def read(path):
    for use in (
        lambda: list(iter_windows(path, 16000)),
        lambda: next(iter_windows(path.read_bytes(), 16000), None),  # given up, and collected
        lambda: stated_seconds(path),
        lambda: list(recording_pieces(path, ReadOptions())),
    ):
        try:
            use()
        except MediaError:
            pass

paths = sorted(Path(sys.argv[1]).iterdir())
for path in paths[::4]:
    read(path)
with ThreadPoolExecutor(4) as threads:
    list(threads.map(read, paths))
gc.collect()
"""


def whole_recordings() -> Iterator[tuple[str, bytes]]:
    sound = np.repeat(chirp(0.2, 48000), 2, axis=1)
    for file_format, subtype in [*SNDFILE_FORMATS, ("WAV", "IMA_ADPCM"), ("AIFF", "ULAW")]:
        yield f"{file_format}-{subtype}", sndfile(sound, 48000, file_format, subtype)
    for file_format, codec in [
        *(("ipod", "aac"), ("ipod", "alac"), ("adts", "aac"), ("webm", "libopus")),
        *(("matroska", "aac"), ("wav", "adpcm_yamaha"), ("wav", "libmp3lame")),
    ]:
        yield f"{file_format}-{codec}", ffmpeg(sound, 48000, file_format, codec)


def hostile(data: bytes, random: np.random.Generator) -> bytes:
    """A recording with damage, most of it in its header."""
    damaged = bytearray(data)
    for _ in range(random.integers(1, 6)):
        most = len(damaged) if random.random() < 0.3 else min(len(damaged), 300)
        at = int(random.integers(0, most))
        match random.integers(0, 5):
            case 0:
                damaged[at] ^= 1 << int(random.integers(0, 8))
            case 1 | 2:
                size = SIZES[random.integers(0, len(SIZES))]
                damaged[at : at + len(size)] = size
            case 3:
                del damaged[at : at + int(random.integers(1, 64))]
            case _:
                damaged[at:at] = random.bytes(int(random.integers(1, 64)))
    return bytes(damaged)


class FailingDisk(io.BytesIO):
    """A file of which a part cannot be read."""

    def read(self, size: int | None = -1, /) -> bytes:
        if self.tell() > len(self.getbuffer()) // 2:
            raise OSError(errno.EIO, "Input/output error")
        return super().read(size)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        data = self.read(len(memoryview(buffer)))
        memoryview(buffer).cast("B")[: len(data)] = data
        return len(data)


@pytest.mark.parametrize(
    "file_format",
    ["WAV", "FLAC"],  # by libsndfile, and by FFmpeg
)
def test_a_disk_that_fails_is_told(file_format: str, capfd: pytest.CaptureFixture[str]) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (400_000, 1)).astype(np.float32)
    data = sndfile(noise, 48000, file_format)
    if file_format == "WAV":
        data = data[:4] + b"\xff" * 4 + data[8:40] + b"\xff" * 4 + data[44:]  # no length is known
    found = format_of(data)
    assert found is not None
    with (
        pytest.raises(CorruptMediaError, match="Input/output error"),
        open_sound(FailingDisk(data), found, "x") as sound,
    ):
        list(sound.blocks())
    assert capfd.readouterr() == ("", "")


def test_decoders_are_silent(tmp_path: Path) -> None:
    random = np.random.default_rng(4)
    for name, data in whole_recordings():
        for number in range(12):
            write(tmp_path, f"{name}-{number}", hostile(data, random))
    # What once made libsndfile seek to where no file has a place.
    wav = bytearray(sndfile(chirp(0.2, 48000), 48000, "RF64"))
    at = wav.index(b"ds64") + 16
    wav[at : at + 8] = struct.pack("<Q", (1 << 63) - 1)
    write(tmp_path, "ds64", bytes(wav))
    done = subprocess.run(
        [sys.executable, "-c", READS_ALL, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)
