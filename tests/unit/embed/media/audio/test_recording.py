"""Recordings come out as mono samples and windows, and bad ones as one sentence."""

from __future__ import annotations

import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from media_files import SNDFILE_FORMATS, chirp, ffmpeg, photo, saved, sndfile, tone

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
    iter_windows,
    read_audio,
    read_part,
    resample,
    stated_seconds,
)
from anysense.embed.media.files import OpenedFile
from anysense.embed.types import Waveform


def test_recordings_without_samples_are_refused() -> None:
    nothing = np.zeros((0, 1), np.float32)
    for file_format, subtype in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS")):
        with pytest.raises((EmptyMediaError, CorruptMediaError)):
            read_audio(sndfile(nothing, file_format=file_format, subtype=subtype))
    with pytest.raises(EmptyMediaError, match="no samples"):
        read_audio(sndfile(nothing))
    with pytest.raises(EmptyMediaError, match="no samples"):
        list(iter_windows(Waveform(nothing[:, 0], 16000), 16000))


@pytest.mark.parametrize(
    ("file_format", "subtype"), [("WAV", "PCM_16"), ("WAV", "PCM_U8"), *SNDFILE_FORMATS]
)
def test_nothing_but_silence_is_refused(file_format: str, subtype: str) -> None:
    with pytest.raises(EmptyMediaError, match="nothing but silence"):
        read_audio(sndfile(np.zeros((48000, 2), np.float32), 48000, file_format, subtype))


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


@pytest.mark.parametrize(("file_format", "codec"), [("mp3", "libmp3lame"), ("adts", "aac")])
def test_a_recording_as_long_as_the_limit_is_read_with_the_padding_of_its_codec(
    file_format: str, codec: str
) -> None:
    """Which is in the length that the one's header states, and in the samples of the other."""
    limits = Limits(audio_seconds=2.0)
    data, longer = (
        ffmpeg(chirp(seconds, 8000), 8000, file_format, codec) for seconds in (2.0, 3.0)
    )
    read = read_audio(data, limits)
    assert (stated_seconds(data) or read.seconds) > limits.audio_seconds
    assert len(list(iter_windows(data, 16000, limits=limits))) == 1
    with pytest.raises(MediaTooLargeError, match=r"longer than the limit of 2 s for one recording"):
        read_audio(longer, limits)


def test_the_length_limit_holds_by_the_header_and_while_decoding() -> None:
    limits = Limits(audio_seconds=1.0)
    for data in (
        sndfile(chirp(2.0)),
        sndfile(chirp(2.0), file_format="OGG", subtype="VORBIS"),
        ffmpeg(chirp(2.0), file_format="adts"),  # its header states no length
    ):
        with pytest.raises(MediaTooLargeError, match="limit of 1 s"):
            read_audio(data, limits)
        with pytest.raises(MediaTooLargeError):
            list(iter_windows(data, 16000, limits=limits))
    with pytest.raises(MediaTooLargeError):
        list(iter_windows(Waveform(chirp(2.0)[:, 0], 44100), 16000, limits=limits))


def test_a_header_that_promises_weeks_is_refused_before_decoding() -> None:
    data = bytearray(sndfile(chirp(1.0), file_format="FLAC"))
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
    ("file_format", "subtype"),
    [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None)],
)
def test_streaming_gives_the_samples_of_reading_whole(
    rate: int, file_format: str, subtype: str | None, tmp_path: Path
) -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, (round(6.17 * 44100), 2)).astype(np.float32)
    data = sndfile(noise, 44100, file_format, subtype or "MPEG_LAYER_III")
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


def test_a_part_late_in_a_recording_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    path.write_bytes(sndfile(tone(600, 8000), 8000, "FLAC"))
    whole = read_audio(path).samples
    tracemalloc.start()
    with path.open("rb") as file:
        part = read_part(OpenedFile(file, path), 590, 591)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert np.array_equal(part.samples, whole[590 * 8000 : 591 * 8000])
    assert held < whole.nbytes / 50, held
    assert peak < whole.nbytes / 5, peak


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
        sndfile(noise, 44100, file_format, subtype)
        for file_format, subtype in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("OGG", "VORBIS"))
    ] + [ffmpeg(noise), sndfile(noise, 44100, "MP3", "MPEG_LAYER_III")]

    def samples(source: bytes) -> bytes:
        return b"".join(w.waveform.samples.tobytes() for w in iter_windows(source, 16000, 2.0))

    expected = [samples(source) for source in sources]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(samples, sources * 4)) == expected * 4


@pytest.mark.parametrize("channels", [1, 2, 3, 6])
def test_samples_in_memory_are_heard_like_those_of_a_file(channels: int) -> None:
    sound = chirp(12.0, 16000) * np.linspace(1, -1, channels, dtype=np.float32)
    data = sndfile(sound, 16000, subtype="FLOAT")
    for samples in (sound, np.ascontiguousarray(sound.T), sound.astype(np.float64)):
        for window, other in zip(
            iter_windows(Waveform(samples, 16000), 8000), iter_windows(data, 8000), strict=True
        ):
            assert window.waveform.samples.tobytes() == other.waveform.samples.tobytes()


@pytest.mark.parametrize("file_format", ["ipod", "webm"])
def test_tags_that_are_not_utf8_are_no_damage(file_format: str) -> None:
    rate, codec = (44100, "aac") if file_format == "ipod" else (48000, "libopus")
    data = ffmpeg(tone(1.0, rate=rate), rate, file_format, codec)
    assert b"Lavf" in data  # the name of the writer, which FFmpeg puts into a tag
    assert read_audio(data.replace(b"Lavf", b"\xff\xfe\xff\xfe")).seconds == pytest.approx(1, 0.1)
