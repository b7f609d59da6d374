"""All three layers of MPEG audio are told by their frames, and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import ffmpeg, sndfile, tone

from anysense.embed.errors import MediaError
from anysense.embed.media.audio.recording import read_audio
from anysense.embed.media.formats.mpeg import has_frames, mpeg_frame_length
from anysense.embed.media.identify import MEDIA_SUFFIXES, format_of_media
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["a.mp2", "a.mp3", "a.mpa", "a.m2a", "a", "a.txt"])
@pytest.mark.parametrize("rate", [48000, 24000])
def test_layer_2_is_read_whatever_it_is_called(name: str, rate: int, tmp_path: Path) -> None:
    sound = tone(1.0, rate)
    path = tmp_path / name
    path.write_bytes(ffmpeg(sound, rate, "mp2", "mp2"))
    assert format_of_media(path).name == "MP2"
    read = read_audio(path)
    assert read.rate == rate
    heard = read.samples[: rate // 2]  # without the delay of the filters
    assert np.corrcoef(heard, sound[: rate // 2, 0])[0, 1] > 0.999


def test_junk_before_the_frames_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "radio.mp2"
    path.write_bytes(b"\0junk\x01" * 99 + ffmpeg(tone(1.0, 48000), 48000, "mp2", "mp2"))
    assert read_audio(path).seconds > 0.9


def test_a_piece_of_a_broadcast_begins_within_a_frame(tmp_path: Path) -> None:
    path = tmp_path / "radio.aac"
    path.write_bytes(ffmpeg(tone(1.0, 48000), 48000, "adts")[333:])
    assert format_of_media(path).name == "AAC"
    assert read_audio(path).seconds > 0.9
    path.write_bytes(bytes(range(256)) * 200)
    with pytest.raises(MediaError, match="holds nothing that anysense can read"):
        read_audio(path)


def test_the_suffixes_are_of_sounds() -> None:
    for suffix in (".mp1", ".mp2", ".mpa", ".m2a"):
        assert MEDIA_SUFFIXES[suffix] is Modality.AUDIO


@pytest.mark.parametrize(
    ("header", "layer", "length"),
    [
        ("fffb9064", 3, 417),  # MPEG-1, 128 kbit/s, 44.1 kHz
        ("fffb9264", 3, 418),  # padded
        ("fff38064", 3, 208),  # MPEG-2, 64 kbit/s, 22.05 kHz
        ("ffe38064", 3, 417),  # MPEG-2.5, 64 kbit/s, 11.025 kHz
        ("fffda404", 2, 576),  # 192 kbit/s, 48 kHz
        ("fff5c400", 2, 768),  # MPEG-2: layer II keeps its 1,152 samples
        ("ffff6400", 1, 192),  # 192 kbit/s, 48 kHz
        ("ffff6204", 1, 212),  # in slots of four bytes
    ],
)
def test_lengths_of_frames(header: str, layer: int, length: int) -> None:
    data = bytes.fromhex(header)
    assert [mpeg_frame_length(data, at) for at in (1, 2, 3)] == [
        length if at == layer else 0 for at in (1, 2, 3)
    ]


def test_what_is_no_frame_has_no_length() -> None:
    for header in ("fffbf064", "fffb9c64", "ffeb9064", "fffb0064", "fefb9064", "fffb"):
        assert mpeg_frame_length(bytes.fromhex(header)) == 0


def test_frames_that_are_too_few_are_none(tmp_path: Path) -> None:
    layer_2 = ffmpeg(tone(1.0, 48000), 48000, "mp2", "mp2")
    length = mpeg_frame_length(layer_2[:4], 2)
    assert has_frames(layer_2, 2)
    assert not has_frames(layer_2, 3)
    path = tmp_path / "one.mp2"
    path.write_bytes(layer_2[:length])
    with pytest.raises(MediaError):
        read_audio(path)


def test_wav_in_big_endian_order_is_read() -> None:
    for subtype in ("PCM_16", "PCM_24", "FLOAT"):
        little = read_audio(sndfile(tone(0.5), subtype=subtype))
        big = read_audio(sndfile(tone(0.5), subtype=subtype, endian="BIG"))
        assert np.array_equal(little.samples, big.samples)
    with pytest.raises(MediaError, match="ends before its header says"):
        read_audio(sndfile(tone(0.5), endian="BIG")[:9000])


def test_the_later_name_of_rf64_is_read() -> None:
    data = sndfile(tone(0.5), file_format="RF64")
    later = read_audio(b"BW64" + data[4:])
    assert np.allclose(later.samples, read_audio(data).samples, atol=1e-4)
