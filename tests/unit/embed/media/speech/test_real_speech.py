"""A reader of sonnets is heard where he reads, in recordings and videos, and nothing else is."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
import soxr
from video_files import RATE as FILM_RATE
from video_files import Scene, colour, film

from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media.pieces import ReadOptions, read_pieces
from anysense.embed.media.speech.recogniser import RATE, TimedText
from anysense.embed.media.speech.transcript import with_transcript
from anysense.embed.types import Origin

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray

SOUNDS = Path(__file__).parents[5] / "server" / "sample" / "sounds"


class Recogniser:
    """Says that there was something, for as long as it heard it."""

    longest_seconds = 29.0

    def transcribe(self, samples: FloatArray) -> list[TimedText]:
        return [TimedText(0.0, len(samples) / RATE, "something")]


def said_in(media: Path | bytes) -> list[tuple[float, float]]:
    """From when to when something is said in a file."""
    _, pieces = read_pieces(media, ReadOptions(captions=False))
    heard = with_transcript(pieces, Recogniser(), DEFAULT_LIMITS)
    texts = [piece for piece in heard if piece.origin is Origin.TRANSCRIPT]
    return [(text.place.start or 0.0, text.place.end or 0.0) for text in texts]


def speech(seconds: float, rate: int = RATE) -> FloatArray:
    """A reader who has begun, without a pause of a second."""
    samples, own = soundfile.read(SOUNDS / "sonnet-read-aloud.ogg", dtype="float32")
    part = samples[3 * own : round((3 + seconds) * own)]
    resampled: FloatArray = soxr.resample(part, own, rate).astype(np.float32)
    return resampled


def among(seconds: float, *parts: tuple[float, FloatArray], rate: int = RATE) -> FloatArray:
    """A sound of faint noise with parts in it, each from so many seconds on."""
    noise = np.random.default_rng(3).normal(0, 0.002, round(seconds * rate)).astype(np.float32)
    for start, samples in parts:
        at = round(start * rate)
        noise[at : at + len(samples)] += samples
    return noise


def recording(samples: FloatArray) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, samples, RATE, format="FLAC")
    return file.getvalue()


def test_a_reader_is_heard_from_the_beginning_to_the_end() -> None:
    spans = said_in(SOUNDS / "sonnet-read-aloud.ogg")
    assert spans[0][0] < 1.0
    assert spans[-1][1] > 29.0
    assert sum(end - start for start, end in spans) > 27.0


@pytest.mark.parametrize(
    "name",
    [
        "birdsong",
        "choir-chord",
        "clock-ticking",
        "dogs-barking",
        "driving-on-gravel",
        "guitar-chord",
        "low-piano-notes",
        "snare-drum-roll",
        "tenor-aria",
        "waterfall",
        "wind",
    ],
)
def test_in_music_and_noise_nothing_is_said(name: str) -> None:
    assert said_in(SOUNDS / f"{name}.ogg") == []


def test_speech_in_one_part_of_a_recording_is_found_there_alone() -> None:
    [(start, end)] = said_in(recording(among(100.0, (61.0, speech(6.0)))))
    assert start == pytest.approx(61.0, abs=0.5)
    assert end == pytest.approx(67.0, abs=1.2)


@pytest.mark.parametrize("seam", [10.0, 30.0])
def test_speech_across_a_seam_is_heard_as_one(seam: float) -> None:
    """Of windows, and of the blocks in which a recording is listened to."""
    [(start, end)] = said_in(recording(among(seam + 15.0, (seam - 3.0, speech(6.0)))))
    assert start == pytest.approx(seam - 3.0, abs=0.5)
    assert end == pytest.approx(seam + 3.0, abs=1.2)


@pytest.mark.parametrize("start", [7.0, 14.0])
def test_speech_in_one_part_of_a_video_is_found_there_alone(start: float) -> None:
    """Across the seam of two windows, and within one."""
    sound = among(25.0, (start, speech(5.0, FILM_RATE)), rate=FILM_RATE)
    video = film([Scene(colour("red"), 25.0, sound)], rate=2, size=(160, 90))
    [(begin, end)] = said_in(video)
    assert begin == pytest.approx(start, abs=0.5)
    assert end == pytest.approx(start + 5.0, abs=1.2)


def test_two_speeches_far_apart_are_two_passages() -> None:
    spans = said_in(recording(among(60.0, (5.0, speech(4.0)), (45.0, speech(4.0)))))
    assert [start for start, _ in spans] == pytest.approx([5.0, 45.0], abs=0.5)
