"""Recordings of every kind come out as mono samples and windows, and bad ones as one sentence."""

from __future__ import annotations

import struct
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from media_files import Samples, ffmpeg, photo, saved, sndfile, tone, video

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
    UsageError,
)
from anysense.embed.limits import Limits
from anysense.embed.media.audio.recording import (
    TAIL_SECONDS,
    audio_seconds,
    iter_windows,
    read_audio,
    resample,
)
from anysense.embed.types import Waveform

SNDFILE_KINDS = [
    ("WAV", "PCM_16"),
    ("WAVEX", "PCM_24"),
    ("RF64", "PCM_16"),
    ("W64", "PCM_16"),
    ("AIFF", "PCM_16"),
    ("AU", "PCM_16"),
    ("CAF", "PCM_16"),
    ("CAF", "ALAC_16"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
]
FFMPEG_KINDS = [
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
]


def likeness(samples: Samples, original: Samples) -> float:
    """The correlation with the original at the best shift: codecs delay and pad."""
    length = 2 * max(len(samples), len(original))
    crossed = np.fft.rfft(samples, length) * np.conj(np.fft.rfft(original, length))
    peak = np.fft.irfft(crossed, length).max()
    return float(peak / np.linalg.norm(samples) / np.linalg.norm(original))


def chirp(seconds: float, rate: int = 44100) -> Samples:
    """A sound of which no two moments are alike: shape (n, 1)."""
    time = np.arange(round(seconds * rate)) / rate
    sweep = 0.3 * np.sin(2 * np.pi * (200 + 300 * time / max(seconds, 1)) * time)
    return sweep[:, None].astype(np.float32)


@pytest.mark.parametrize(("kind", "subtype"), SNDFILE_KINDS)
def test_kinds_written_by_libsndfile(kind: str, subtype: str, tmp_path: Path) -> None:
    rate = 48000
    original = chirp(1.0, rate)
    data = sndfile(original, rate, kind, subtype)
    path = tmp_path / "sound.bin"
    path.write_bytes(data)
    found = read_audio(path)
    assert found.rate == rate
    assert found.samples.dtype == np.float32
    assert abs(found.seconds - 1.0) < 0.02
    assert likeness(found.samples, original[:, 0]) > 0.98
    assert read_audio(data).samples.tobytes() == found.samples.tobytes()
    assert abs(audio_seconds(path) - found.seconds) < 0.1


@pytest.mark.parametrize(("kind", "codec"), FFMPEG_KINDS)
def test_kinds_written_by_ffmpeg(kind: str, codec: str) -> None:
    original = chirp(1.0, 48000)
    found = read_audio(ffmpeg(original, 48000, kind, codec))
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
@pytest.mark.parametrize(("kind", "within"), [("WAV", 1e-4), ("OGG", 0.02)])
def test_channels_are_mixed_by_their_plain_mean(channels: int, kind: str, within: float) -> None:
    original = tone(0.5, 48000, channels, hz=20)  # low: codecs cut what is above in the low channel
    subtype = "VORBIS" if kind == "OGG" else "PCM_16"
    found = read_audio(sndfile(original, 48000, kind, subtype)).samples
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
        data = ffmpeg(chirp(1.0), kind="mp4", cover=cover, options=options)
        assert cover in data
        assert abs(read_audio(data).seconds - 1.0) < 0.06


@pytest.mark.parametrize("sound", [False, True])
@pytest.mark.parametrize("kind", ["mp4", "matroska"])
def test_videos_are_refused_in_words(kind: str, sound: bool) -> None:
    with pytest.raises(UnsupportedMediaError, match="is a video, which anysense does not read"):
        read_audio(video(kind, sound=sound))


def test_mp3_without_a_xing_header_is_read_whole() -> None:
    data = sndfile(
        chirp(3.0), 44100, "MP3", "MPEG_LAYER_III", bitrate_mode="VARIABLE", compression_level=0.5
    )
    xing = data.find(b"Xing")
    assert xing > 0
    bare = data[data.index(b"\xff\xfb", xing) :]
    assert abs(read_audio(bare).seconds - 3.0) < 0.1
    assert abs(audio_seconds(bare) - 3.0) < 0.1
    tagged = b"ID3\x03\x00\x00\x00\x00\x0f\x76" + bytes(2038) + bare
    assert read_audio(tagged).samples.tobytes() == read_audio(bare).samples.tobytes()


def test_mp3_after_junk_is_found_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "stream.mp3"
    path.write_bytes(b"\x07junk" * 200 + sndfile(chirp(1.0), kind="MP3", subtype="MPEG_LAYER_III"))
    assert abs(read_audio(path).seconds - 1.0) < 0.1


def test_files_put_end_to_end_are_read_to_the_end() -> None:
    for kind, subtype in (("OGG", "VORBIS"), ("MP3", "MPEG_LAYER_III")):
        data = sndfile(chirp(1.0), kind=kind, subtype=subtype)
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


@pytest.mark.parametrize(("kind", "subtype"), SNDFILE_KINDS)
@pytest.mark.parametrize("share", [0.02, 0.5, 0.85])
def test_truncated_recordings_are_refused(kind: str, subtype: str, share: float) -> None:
    rate = 48000
    data = sndfile(chirp(4.0, rate), rate, kind, subtype)
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


def test_recordings_without_samples_are_refused() -> None:
    nothing = np.zeros((0, 1), np.float32)
    for kind, subtype in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")):
        with pytest.raises((EmptyMediaError, CorruptMediaError)):
            read_audio(sndfile(nothing, kind=kind, subtype=subtype))
    with pytest.raises(EmptyMediaError, match="no samples"):
        read_audio(sndfile(nothing))
    with pytest.raises(EmptyMediaError, match="no samples"):
        list(iter_windows(Waveform(nothing[:, 0], 16000), 16000))


@pytest.mark.parametrize(
    ("kind", "subtype"), [("WAV", "PCM_16"), ("WAV", "PCM_U8"), *SNDFILE_KINDS]
)
def test_nothing_but_silence_is_refused(kind: str, subtype: str) -> None:
    with pytest.raises(EmptyMediaError, match="nothing but silence"):
        read_audio(sndfile(np.zeros((48000, 2), np.float32), 48000, kind, subtype))


def test_a_constant_is_silence() -> None:
    with pytest.raises(EmptyMediaError, match="silence"):
        read_audio(sndfile(np.full((4800, 1), 0.25, np.float32)))


def test_silent_parts_are_kept() -> None:
    sound = np.concatenate([np.zeros((160000, 1), np.float32), tone(10.0, 16000)])
    windows = list(iter_windows(sndfile(sound, 16000), 16000))
    assert [(w.start, w.end) for w in windows] == [(0, 10), (10, 20)]
    assert not windows[0].waveform.samples.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e12])
def test_samples_that_are_no_numbers_are_refused(bad: float) -> None:
    sound = tone(1.0, channels=2)
    sound[22050, 1] = bad
    with pytest.raises(CorruptMediaError, match=r"no finite numbers near 0\.0 s"):
        read_audio(sndfile(sound, subtype="FLOAT"))
    with pytest.raises(CorruptMediaError, match="no finite numbers"):
        list(iter_windows(Waveform(sound.mean(axis=1), 44100), 16000))


def test_floats_over_one_are_kept() -> None:
    assert np.abs(read_audio(sndfile(tone() * 30, subtype="FLOAT")).samples).max() > 8


def test_the_length_limit_holds_by_the_header_and_while_decoding() -> None:
    limits = Limits(audio_seconds=1.5)
    for data in (
        sndfile(chirp(2.0)),
        sndfile(chirp(2.0), kind="OGG", subtype="VORBIS"),
        ffmpeg(chirp(2.0), kind="adts"),  # its header states no length
    ):
        with pytest.raises(MediaTooLargeError, match=r"limit of 1\.5 s"):
            read_audio(data, limits)
        with pytest.raises(MediaTooLargeError):
            list(iter_windows(data, 16000, limits=limits))
    with pytest.raises(MediaTooLargeError):
        list(iter_windows(Waveform(chirp(2.0)[:, 0], 44100), 16000, limits=limits))


def test_a_header_that_promises_weeks_is_refused_before_decoding() -> None:
    data = bytearray(sndfile(chirp(1.0), kind="FLAC"))
    data[21] |= 0x0F  # the upper bits of the count of samples in STREAMINFO
    with pytest.raises(MediaTooLargeError):
        read_audio(bytes(data))


@pytest.mark.parametrize("rate", [1, 50, 3_000_000])
def test_impossible_rates_are_refused(rate: int) -> None:
    with pytest.raises(CorruptMediaError, match=f"sample rate of {rate} Hz"):
        read_audio(sndfile(tone(0.1), rate))


def test_what_is_no_recording_is_named() -> None:
    with pytest.raises(UnsupportedMediaError, match="is a PNG image, not a recording"):
        read_audio(saved(photo(), "PNG"))


# Windows


def places(length: float, rate: int = 16000, **options: float) -> list[tuple[float, float]]:
    waveform = Waveform(chirp(length, rate)[:, 0], rate)
    return [(w.start, w.end) for w in iter_windows(waveform, rate, **options)]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (25, [(0, 10), (10, 20), (15, 25)]),
        (20, [(0, 10), (10, 20)]),
        (10, [(0, 10)]),
        (4, [(0, 4)]),
        (0.01, [(0, 0.01)]),
        (11, [(0, 10), (1, 11)]),
        (20 + TAIL_SECONDS, [(0, 10), (10, 20)]),
        (10 + TAIL_SECONDS, [(0, 10)]),
        (20.5, [(0, 10), (10, 20), (10.5, 20.5)]),
    ],
)
def test_windows_cover_the_sound_once(seconds: float, expected: list[tuple[float, float]]) -> None:
    assert places(seconds) == expected


def test_windows_may_overlap() -> None:
    assert places(25, hop=5) == [(0, 10), (5, 15), (10, 20), (15, 25)]
    assert places(22, hop=5) == [(0, 10), (5, 15), (10, 20), (12, 22)]
    assert places(7, seconds=3.0, hop=1.5) == [(0, 3), (1.5, 4.5), (3, 6), (4, 7)]


def test_windows_hold_the_samples_of_their_place() -> None:
    rate = 16000
    sound = chirp(25, rate)[:, 0]
    for window in iter_windows(Waveform(sound, rate), rate):
        start, end = round(window.start * rate), round(window.end * rate)
        assert window.waveform.rate == rate
        assert np.array_equal(window.waveform.samples, sound[start:end])
        assert window.waveform.samples.base is None  # holds on to nothing else


@pytest.mark.parametrize("rate", [8000, 16000, 32000, 44100, 48000])
@pytest.mark.parametrize(
    ("kind", "subtype"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)]
)
def test_streaming_gives_the_samples_of_reading_whole(
    rate: int, kind: str, subtype: str | None, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (round(6.17 * 44100), 2)).astype(np.float32)
    data = sndfile(noise, 44100, kind, subtype or "MPEG_LAYER_III")
    path = tmp_path / "sound"
    path.write_bytes(data)
    whole = resample(read_audio(data), rate).samples
    for source in (path, data, read_audio(data), path):
        windows = list(iter_windows(source, rate, seconds=2.5))
        assert len(windows) == 3
        for window in windows:
            start = round(window.start * rate)
            samples = window.waveform.samples
            assert np.array_equal(samples, whole[start : start + len(samples)])


def test_resampling_agrees_with_the_library_at_once() -> None:
    import soxr

    sound = np.random.default_rng(2).normal(0, 0.1, 100_000).astype(np.float32)
    expected = soxr.resample(sound, 44100, 16000)
    assert np.array_equal(resample(Waveform(sound, 44100), 16000).samples, expected)
    same = Waveform(sound, 44100)
    assert resample(same, 44100) is same
    nothing = resample(Waveform(np.zeros(0, np.float32), 44100), 16000)
    assert (len(nothing.samples), nothing.rate) == (0, 16000)


def test_long_recordings_stream_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    path.write_bytes(sndfile(tone(600, 8000), 8000, "FLAC"))
    first = next(iter_windows(path, 48000))  # loads the libraries
    whole = 600 * 48000 * 4
    tracemalloc.start()
    count = sum(1 for _ in iter_windows(path, 48000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 60
    assert len(first.waveform.samples) == 480_000
    assert peak < whole / 5, peak


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs a list of open files")
def test_giving_up_early_closes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    path.write_bytes(sndfile(tone(30, 8000), 8000))
    windows = iter_windows(path, 8000)
    next(windows)
    windows.close()  # type: ignore[attr-defined]
    assert not any(path.name in str(link.resolve()) for link in Path("/proc/self/fd").iterdir())


def test_a_sound_too_short_for_the_rate_is_refused() -> None:
    waveform = Waveform(np.array([0.1, -0.1], np.float32), 1_000_000)
    with pytest.raises(EmptyMediaError, match="too short"):
        list(iter_windows(waveform, 1000))


@pytest.mark.parametrize(
    "options",
    [{"seconds": 0.0}, {"seconds": -1.0}, {"hop": 0.0}, {"seconds": 1.0, "hop": 2.0}, {"rate": 0}],
)
def test_windows_that_make_no_sense_are_refused_at_once(options: dict[str, float]) -> None:
    arguments = {"rate": 16000, **options}
    with pytest.raises(UsageError, match="make no sense"):
        iter_windows(Waveform(tone()[:, 0], 16000), **arguments)  # type: ignore[arg-type]


def test_threads_do_not_disturb_each_other() -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, (5 * 44100, 2)).astype(np.float32)
    sources = [
        sndfile(noise, 44100, kind, subtype)
        for kind, subtype in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"))
    ] + [ffmpeg(noise), sndfile(noise, 44100, "MP3", "MPEG_LAYER_III")]

    def samples(source: bytes) -> bytes:
        return b"".join(w.waveform.samples.tobytes() for w in iter_windows(source, 16000, 2.0))

    expected = [samples(source) for source in sources]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(samples, sources * 4)) == expected * 4


def test_a_waveform_of_several_channels_is_refused() -> None:
    with pytest.raises(UsageError, match="mix its channels"):
        list(iter_windows(Waveform(tone(channels=2), 16000), 16000))


@pytest.mark.parametrize("kind", ["ipod", "webm"])
def test_tags_that_are_not_utf8_are_no_damage(kind: str) -> None:
    rate, codec = (44100, "aac") if kind == "ipod" else (48000, "libopus")
    data = ffmpeg(tone(1.0, rate=rate), rate, kind, codec)
    assert b"Lavf" in data  # the name of the writer, which FFmpeg puts into a tag
    assert read_audio(data.replace(b"Lavf", b"\xff\xfe\xff\xfe")).seconds == pytest.approx(1, 0.1)
