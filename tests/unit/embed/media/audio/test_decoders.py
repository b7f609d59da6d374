"""Recordings of every format are decoded whole, or refused in one sentence."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import SNDFILE_FORMATS, Samples, chirp, ffmpeg, photo, saved, sndfile, tone, video

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError
from anysense.embed.media.audio.recording import iter_windows, read_audio, resample, stated_seconds

if TYPE_CHECKING:
    from pathlib import Path

FFMPEG_FORMATS = [
    ("ipod", "aac"),
    ("mp4", "aac"),
    ("ipod", "alac"),
    ("adts", "aac"),
    ("mp3", "libmp3lame"),
    ("webm", "libopus"),
    ("matroska", "aac"),
    ("ogg", "libopus"),
    ("wav", "adpcm_yamaha"),  # of which libsndfile knows nothing
    ("wav", "libmp3lame"),
    ("wav", "pcm_alaw"),
    ("wav", "pcm_s64le"),
]


def likeness(samples: Samples, original: Samples) -> float:
    """The correlation with the original at the best shift: codecs delay and pad."""
    length = 2 * max(len(samples), len(original))
    crossed = np.fft.rfft(samples, length) * np.conj(np.fft.rfft(original, length))
    peak = np.fft.irfft(crossed, length).max()
    return float(peak / np.linalg.norm(samples) / np.linalg.norm(original))


@pytest.mark.parametrize(("file_format", "subtype"), SNDFILE_FORMATS)
def test_formats_written_by_libsndfile(file_format: str, subtype: str, tmp_path: Path) -> None:
    rate = 48000
    original = chirp(1.0, rate)
    data = sndfile(original, rate, file_format, subtype)
    path = tmp_path / "sound.bin"
    path.write_bytes(data)
    found = read_audio(path)
    assert found.rate == rate
    assert found.samples.dtype == np.float32
    assert abs(found.seconds - 1.0) < 0.02
    assert likeness(found.samples, original[:, 0]) > 0.98
    assert read_audio(data).samples.tobytes() == found.samples.tobytes()
    stated = stated_seconds(path)
    assert stated is None or abs(stated - found.seconds) < 0.1


@pytest.mark.parametrize(("file_format", "codec"), FFMPEG_FORMATS)
def test_formats_written_by_ffmpeg(file_format: str, codec: str) -> None:
    original = chirp(1.0, 48000)
    found = read_audio(ffmpeg(original, 48000, file_format, codec))
    assert found.rate == 48000
    assert abs(found.seconds - 1.0) < 0.06
    assert likeness(found.samples, original[:, 0]) > 0.98


@pytest.mark.parametrize(
    ("subtype", "within"),
    [
        ("PCM_U8", 1 / 127),
        ("PCM_16", 1e-4),
        ("PCM_24", 1e-6),
        ("PCM_32", 1e-6),
        ("FLOAT", 0),
        ("DOUBLE", 1e-7),
        ("ULAW", 0.02),
        ("ALAW", 0.02),
        ("IMA_ADPCM", 0.1),
        ("MS_ADPCM", 0.05),
    ],
)
def test_depths_of_wav(subtype: str, within: float) -> None:
    original = tone(0.5)
    found = read_audio(sndfile(original, subtype=subtype)).samples[: len(original)]
    assert np.abs(found - original[:, 0]).max() <= within


@pytest.mark.parametrize("rate", [4000, 8000, 11025, 16000, 22050, 32000, 37800, 96000, 192000])
def test_odd_rates(rate: int) -> None:
    found = read_audio(sndfile(tone(1.0, rate), rate))
    assert (found.rate, len(found.samples)) == (rate, rate)
    heard = resample(found, 16000)
    assert (heard.rate, len(heard.samples)) == (16000, 16000)
    assert np.argmax(np.abs(np.fft.rfft(heard.samples))) == 440


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 5, 6, 7, 8, 12])
@pytest.mark.parametrize(("file_format", "within"), [("WAV", 1e-4), ("OGG", 0.02)])
def test_channels_are_mixed_by_their_plain_mean(
    channels: int, file_format: str, within: float
) -> None:
    original = tone(0.5, 48000, channels, hz=20)  # low: codecs cut what is above in the low channel
    subtype = "VORBIS" if file_format == "OGG" else "PCM_16"
    found = read_audio(sndfile(original, 48000, file_format, subtype)).samples
    assert len(original) - 256 < len(found) <= len(original)
    error = found - original[: len(found)].mean(axis=1)
    assert np.sqrt(np.mean(error**2)) < within


@pytest.mark.parametrize("channels", [2, 6, 8])
def test_surround_sound_in_m4a(channels: int) -> None:
    original = tone(1.0, 48000, channels)
    original[:, 1:] = original[:, :1]  # the same everywhere, also in the low channel
    found = read_audio(ffmpeg(original, 48000, "ipod", "aac")).samples
    assert abs(len(found) - 48000) < 3000
    loudness = np.sqrt(np.mean(found[5000:40000] ** 2))
    assert loudness == pytest.approx(0.3 / np.sqrt(2), rel=0.2)


def test_a_cover_picture_is_no_video() -> None:
    cover = saved(photo(16, 16), "JPEG")
    for options in ({}, {"brand": "M4A "}):
        data = ffmpeg(chirp(1.0), file_format="mp4", cover=cover, options=options)
        assert cover in data
        assert abs(read_audio(data).seconds - 1.0) < 0.06


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("file_format", ["mp4", "matroska"])
def test_videos_are_refused_in_words(file_format: str, sound: bool) -> None:
    with pytest.raises(UnsupportedMediaError, match="is a video, not a recording"):
        read_audio(video(file_format, sound=sound))


def test_mp3_without_a_xing_header_is_read_whole() -> None:
    data = sndfile(
        chirp(3.0), 44100, "MP3", "MPEG_LAYER_III", bitrate_mode="VARIABLE", compression_level=0.5
    )
    xing = data.find(b"Xing")
    assert xing > 0
    bare = data[data.index(b"\xff\xfb", xing) :]
    assert abs(read_audio(bare).seconds - 3.0) < 0.1
    assert stated_seconds(bare) is None
    tagged = b"ID3\x03\x00\x00\x00\x00\x0f\x76" + bytes(2038) + bare
    assert read_audio(tagged).samples.tobytes() == read_audio(bare).samples.tobytes()


def test_mp3_after_junk_is_found_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "stream.mp3"
    path.write_bytes(
        b"\x07junk" * 200 + sndfile(chirp(1.0), file_format="MP3", subtype="MPEG_LAYER_III")
    )
    assert abs(read_audio(path).seconds - 1.0) < 0.1


def test_files_put_end_to_end_are_read_to_the_end() -> None:
    for file_format, subtype in (("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")):
        data = sndfile(chirp(1.0), file_format=file_format, subtype=subtype)
        assert abs(read_audio(data + data).seconds - 2.0) < 0.15


def test_a_change_of_rate_midway_is_refused() -> None:
    parts = [sndfile(tone(1.0, rate), rate, "MP3", "MPEG_LAYER_III") for rate in (44100, 22050)]
    with pytest.raises(CorruptMediaError, match="changes its sample rate"):
        read_audio(parts[0] + parts[1])


def test_an_unknown_codec_is_refused() -> None:
    data = bytearray(sndfile(tone(0.5)))
    data[20:22] = b"\xee\xee"  # the format tag
    with pytest.raises(UnsupportedMediaError, match="without sound that can be decoded"):
        read_audio(bytes(data))


def test_wav_written_to_a_pipe_is_read_to_its_end() -> None:
    data = bytearray(sndfile(tone(0.5)))
    data[4:8] = data[40:44] = b"\xff\xff\xff\xff"
    assert read_audio(bytes(data)).seconds == 0.5


def test_chunks_before_the_samples_are_skipped() -> None:
    data = sndfile(tone(0.5))
    noted = data[:12] + b"note" + struct.pack("<I", 3) + b"abc\0" + data[12:]
    assert read_audio(noted).seconds == 0.5


@pytest.mark.parametrize(("file_format", "subtype"), SNDFILE_FORMATS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.85])
def test_truncated_recordings_are_refused(file_format: str, subtype: str, share: float) -> None:
    rate = 48000
    data = sndfile(chirp(4.0, rate), rate, file_format, subtype)
    with pytest.raises(CorruptMediaError) as caught:
        read_audio(data[: int(len(data) * share)])
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("options", [{}, {"movflags": "faststart"}])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.85])
def test_truncated_m4a_is_refused(options: dict[str, str], share: float) -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (4 * 44100, 1)).astype(np.float32)
    data = ffmpeg(noise, options=options)
    with pytest.raises(CorruptMediaError):
        list(iter_windows(data[: int(len(data) * share)], 16000))
