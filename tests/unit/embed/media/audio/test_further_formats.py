"""Sounds of telephones, shops and collectors: heard, and called by their tags."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest
from media_files import ffmpeg, tone

from anysense.embed.errors import MediaError
from anysense.embed.media.audio.recording import read_audio, recording_pieces
from anysense.embed.media.identify import format_of_media
from anysense.embed.media.pieces import ReadOptions

if TYPE_CHECKING:
    from pathlib import Path

HERTZ = 440.0
TAGS = {"title": "Low tide", "artist": "Ada", "album": "Shores", "date": "2019-05-06"}


def dsf(seconds: float = 0.5) -> bytes:
    """A DSD recording of one channel in a DSF file: a tone as a stream of single bits."""
    rate, block = 2_822_400, 4096
    wanted = 0.5 * np.sin(2 * np.pi * HERTZ * np.arange(int(rate * seconds)) / rate)
    bits, error = np.empty(len(wanted), np.uint8), 0.0
    for at, value in enumerate(wanted.tolist()):  # the error of each bit goes into the next one
        bits[at] = value + error >= 0
        error += value - (1.0 if bits[at] else -1.0)
    data = np.packbits(bits, bitorder="little").tobytes()
    data += b"\x69" * (-len(data) % block)
    form = struct.pack("<4sQIIIIIIQII", b"fmt ", 52, 1, 0, 1, 1, rate, 1, len(bits), block, 0)
    sound = struct.pack("<4sQ", b"data", 12 + len(data)) + data
    return struct.pack("<4sQQQ", b"DSD ", 28, 28 + len(form) + len(sound), 0) + form + sound


def windows_media() -> bytes:
    out = io.BytesIO()
    with av.open(out, "w", format="asf") as container:
        container.metadata.update(TAGS)
        stream: Any = container.add_stream("wmav2", rate=44100, layout="mono")
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(tone().reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = 44100
        resampler = av.AudioResampler(
            format=stream.format, layout="mono", rate=44100, frame_size=2048
        )
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return out.getvalue()


def heard(data: bytes) -> float:
    """The pitch that a recording has."""
    sound = read_audio(data)
    samples = sound.samples if sound.samples.ndim == 1 else sound.samples.mean(axis=1)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * sound.rate / len(samples))


@pytest.mark.parametrize(
    ("name", "file_format", "codec", "rate"),
    [
        ("AIFF", "aiff", "pcm_s16be", 44100),
        ("CAF", "caf", "pcm_s16be", 44100),
        ("AMR", "amr", "libopencore_amrnb", 8000),
        ("WavPack", "wv", "wavpack", 44100),
        ("TTA", "tta", "tta", 44100),
    ],
)
def test_each_is_heard(name: str, file_format: str, codec: str, rate: int) -> None:
    data = ffmpeg(tone(1.0, rate=rate), rate, file_format=file_format, codec=codec)
    assert format_of_media(data).name == name
    assert heard(data) == pytest.approx(HERTZ, abs=5)


def test_windows_media_is_heard_and_called_by_its_tags() -> None:
    data = windows_media()
    assert format_of_media(data).name == "WMA"
    assert heard(data) == pytest.approx(HERTZ, abs=5)
    said: Any = next(recording_pieces(data, ReadOptions(captions=False))).said
    assert (said["title"], said["artist"], said["album"]) == ("Low tide", "Ada", "Shores")


def test_dsd_is_heard() -> None:
    data = dsf()
    assert format_of_media(data).name == "DSF"
    assert heard(data) == pytest.approx(HERTZ, abs=5)


@pytest.mark.parametrize(
    ("file_format", "codec"), [("tta", "tta"), ("wv", "wavpack"), ("ipod", "aac")]
)
def test_tags_are_metadata(file_format: str, codec: str) -> None:
    data = ffmpeg(tone(0.5), file_format=file_format, codec=codec, tags=TAGS)
    said: Any = next(recording_pieces(data, ReadOptions(captions=False))).said
    assert said == {"title": "Low tide", "artist": "Ada", "album": "Shores", "year": 2019}


@pytest.mark.parametrize("start", [b"wvpk", b"MAC ", b"TTA1", b"MPCK", b"DSD \x1c\0\0\0"])
def test_what_only_begins_as_one_is_an_error_of_a_sentence(tmp_path: Path, start: bytes) -> None:
    for rest in (bytes(60), b"\xff" * 3000):
        with pytest.raises(MediaError) as error:
            read_audio(start + rest)
        assert "\n" not in str(error.value)
