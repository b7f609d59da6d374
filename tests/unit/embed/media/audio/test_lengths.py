"""Compressed recordings that do not know their length are read whole, those cut short refused."""

from __future__ import annotations

import io
import struct
from typing import Any

import av
import numpy as np
import pytest
from media_files import Samples, chirp, ffmpeg, sndfile

from anysense.embed.errors import CorruptMediaError
from anysense.embed.media.audio.matroska import stated_matroska_seconds
from anysense.embed.media.audio.ogg import has_whole_pages
from anysense.embed.media.audio.recording import read_audio, stated_seconds

RATE = 48000
SOUND = chirp(4.0, RATE)


class Pipe:
    """What cannot go back."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> int:
        self.data += bytes(data)
        return len(data)


def piped(sound: Samples, file_format: str, codec: str, **options: str) -> bytes:
    """A recording that FFmpeg writes to a pipe."""
    pipe = Pipe()
    with av.open(pipe, "w", format=file_format, options=options) as container:
        stream: Any = container.add_stream(codec, rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="flt", layout="mono")
        frame.sample_rate = RATE
        size = stream.frame_size or 1024
        resampler = av.AudioResampler(stream.format, "mono", RATE, frame_size=size)
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return pipe.data


@pytest.mark.parametrize(
    ("file_format", "codec", "options"),
    [
        ("webm", "libopus", {}),
        ("webm", "libopus", {"live": "1"}),
        ("matroska", "libmp3lame", {}),  # whose bit rate makes FFmpeg estimate a length
        ("matroska", "aac", {}),
        ("mp4", "aac", {"movflags": "frag_keyframe+empty_moov", "frag_duration": "500000"}),
        ("adts", "aac", {}),
        ("mp3", "libmp3lame", {}),
        ("flac", "flac", {}),
        ("wav", "pcm_s16le", {}),
        ("wav", "adpcm_yamaha", {}),
        ("w64", "pcm_s16le", {}),
        ("aiff", "pcm_s16be", {}),
        ("au", "pcm_s16be", {}),
        ("caf", "pcm_s16be", {}),
    ],
)
def test_what_was_written_to_a_pipe_is_read_whole(
    file_format: str, codec: str, options: dict[str, str]
) -> None:
    data = piped(SOUND, file_format, codec, **options)
    assert read_audio(data).seconds == pytest.approx(4.0, abs=0.1)


def test_matroska_states_a_length_or_none() -> None:
    stated = ffmpeg(SOUND, RATE, "matroska", "libopus")
    assert stated_seconds(stated) == pytest.approx(4.0, abs=0.1)
    assert stated_seconds(piped(SOUND, "matroska", "libopus")) is None
    for missing in (len(stated) // 2, len(stated) // 3):
        with pytest.raises(CorruptMediaError, match="by its header, but ends after"):
            read_audio(stated[:-missing])
    for length in range(0, 400, 7):
        stated_matroska_seconds(io.BytesIO(stated[:length]))  # of any beginning, without an error


def test_m4a_whose_header_states_no_length() -> None:
    data = bytearray(ffmpeg(SOUND, RATE))
    for name, offset in ((b"mvhd", 20), (b"tkhd", 24), (b"mdhd", 20)):
        at = data.index(name) + offset
        data[at : at + 4] = bytes(4)
    assert read_audio(bytes(data)).seconds == pytest.approx(4.0, abs=0.1)
    assert stated_seconds(bytes(data)) is None
    at = data.index(b"elst") + 12
    data[at : at + 4] = bytes(4)
    assert read_audio(bytes(data)).seconds == pytest.approx(4.0, abs=0.1)


def ogg_pages(data: bytes) -> list[bytearray]:
    pages, at = [], 0
    while at < len(data):
        end = at + 27 + data[at + 26] + sum(data[at + 27 : at + 27 + data[at + 26]])
        pages.append(bytearray(data[at:end]))
        at = end
    return pages


def checked(pages: list[bytearray]) -> bytes:
    """The pages with checksums that are right, by the book: RFC 3533, bit by bit."""
    out = b""
    for page in pages:
        value = 0
        for byte in bytes(page[:22]) + bytes(4) + bytes(page[26:]):
            value ^= byte << 24
            for _ in range(8):
                value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
        out += bytes(page[:22]) + struct.pack("<I", value) + bytes(page[26:])
    return out


def placed(page: bytearray, granule: int) -> bytearray:
    return page[:6] + bytearray(struct.pack("<q", granule)) + page[14:]


def place(page: bytearray) -> int:
    return int(struct.unpack("<q", page[6:14])[0])


@pytest.fixture(scope="module", params=["VORBIS", "OPUS"])
def pages(request: pytest.FixtureRequest) -> list[bytearray]:
    noise = np.random.default_rng(1).normal(0, 0.1, SOUND.shape).astype(np.float32)
    return ogg_pages(sndfile(noise, RATE, "OGG", request.param))


def test_checksums_of_pages(pages: list[bytearray]) -> None:
    data = b"".join(map(bytes, pages))
    assert checked(pages) == data
    assert has_whole_pages(io.BytesIO(data))
    assert has_whole_pages(io.BytesIO(data + data))
    assert has_whole_pages(io.BytesIO(data + bytes(99)))
    damaged = bytearray(data)
    damaged[len(data) // 2] ^= 1
    for bad in (bytes(damaged), data[:-1], b"".join(map(bytes, [*pages[:3], *pages[4:]]))):
        assert not has_whole_pages(io.BytesIO(bad))


@pytest.mark.parametrize("length", [-1, 0, 2 * 4 * RATE, 1 << 62])
def test_ogg_with_a_length_that_is_unknown_or_wrong(pages: list[bytearray], length: int) -> None:
    data = checked([*pages[:-1], placed(pages[-1], length)])
    assert read_audio(data).seconds == pytest.approx(4.0, abs=0.1)


def test_ogg_without_an_end(pages: list[bytearray]) -> None:
    last = bytearray(pages[-1])
    last[5] &= ~4
    assert read_audio(checked([*pages[:-1], last])).seconds == pytest.approx(4.0, abs=0.1)
    unknown = [placed(page, -1) for page in pages[2:]]
    assert read_audio(checked([*pages[:2], *unknown])).seconds == pytest.approx(4.0, abs=0.1)
    assert read_audio(checked(pages[:-1])).seconds > 2


def test_a_part_of_a_broadcast_begins_late(pages: list[bytearray]) -> None:
    later = [placed(page, place(page) + 10**9) for page in pages[2:]]
    assert read_audio(checked([*pages[:2], *later])).seconds == pytest.approx(4.0, abs=0.1)


def test_ogg_that_lacks_a_page_is_refused(pages: list[bytearray]) -> None:
    with pytest.raises(CorruptMediaError, match="by its header, but ends after"):
        read_audio(checked([*pages[:4], *pages[5:]]))


def test_ogg_with_data_behind_its_last_page(pages: list[bytearray]) -> None:
    data = b"".join(pages)
    samples = read_audio(data).samples
    for rest in (bytes(200), bytes(100_000), b"<html>" * 100, b"\1" * 100_000):
        assert np.array_equal(read_audio(data + rest).samples, samples)


def test_zeros_in_place_of_the_end_of_an_ogg_are_noticed(pages: list[bytearray]) -> None:
    data = b"".join(pages)
    for end in (len(data) // 2, len(data) - 300):
        for zeros in (100, len(data) - end, 100_000):
            with pytest.raises(CorruptMediaError):
                read_audio(data[:end] + bytes(zeros))
