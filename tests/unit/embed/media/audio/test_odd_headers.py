"""Headers that decoders do not know as they stand: written again and again, or of a rare order."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from media_files import chirp, sndfile

from anysense.embed.media.audio.odd_headers import plain_header
from anysense.embed.media.audio.recording import read_audio

RATE = 8000
SOUND = chirp(1.0, RATE)
SIZES = {"CAF": (b"data", 4, ">q", 4, 4), "W64": (b"data", 16, "<q", 24, 0)}
"""The chunk of the samples: its name, where its size is, how that is written, and what of it is no
sample: of its own header and in front of the samples."""


def piped(file_format: str) -> bytes:
    """What libsndfile writes into a pipe: the header, with no samples yet, again and again."""
    data = sndfile(SOUND, RATE, file_format, "PCM_16")
    name, at, layout, empty, fields = SIZES[file_format]
    size = data.index(name) + at
    samples = size + 8 + fields
    header = data[:size] + struct.pack(layout, empty) + data[size + 8 : samples]
    pcm = (SOUND[:, 0] * 32767).round().astype(">i2" if file_format == "CAF" else "<i2").tobytes()
    return header + header + pcm + header


@pytest.mark.parametrize("file_format", SIZES)
def test_a_header_that_is_written_again_is_no_sound(file_format: str) -> None:
    samples = read_audio(piped(file_format)).samples
    assert len(samples) == len(SOUND)
    assert np.abs(samples - SOUND[:, 0]).max() < 1e-3


def rifx(pcm: bytes, bits: int, channels: int, identifier: bytes) -> bytes:
    frame = bits // 8 * channels
    fields = struct.pack(">HHIIHH", 0xFFFE, channels, RATE, RATE * frame, frame, bits)
    content = fields + struct.pack(">HHI", 22, bits, 0) + identifier + bytes(12)
    body = b"WAVEfmt " + struct.pack(">I", 40) + content + b"data" + struct.pack(">I", len(pcm))
    return b"RIFX" + struct.pack(">I", len(body) + len(pcm)) + body + pcm


@pytest.mark.parametrize("identifier", [b"\0\1\0\0", b"\0\0\0\1", b"\1\0\0\0"])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_a_big_endian_wav_of_the_extensible_format(channels: int, identifier: bytes) -> None:
    values = np.repeat((SOUND * 8_388_607).astype(">i4"), channels, axis=1)
    pcm = values.view("u1").reshape(-1, 4)[:, 1:].tobytes()
    samples = read_audio(rifx(pcm, 24, channels, identifier)).samples
    assert len(samples) == len(SOUND)
    assert np.abs(samples - SOUND[:, 0]).max() < 1e-4


@pytest.mark.parametrize("file_format", ["WAV", "AIFF", "CAF", "W64", "AU"])
def test_a_plain_header_is_left_as_it_is(file_format: str) -> None:
    file = io.BytesIO(sndfile(SOUND, RATE, file_format, "PCM_16"))
    container = file_format.lower()
    assert plain_header(file, container) is file
    assert file.tell() == 0
