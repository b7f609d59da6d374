"""A stream of samples becomes stretches of speech, and these what is said in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from anysense.embed.errors import UsageError
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.media import extras
from anysense.embed.media.pieces import Piece
from anysense.embed.media.speech import listening
from anysense.embed.media.speech.listening import Listener
from anysense.embed.media.speech.recogniser import RATE, TimedText
from anysense.embed.media.speech.transcript import passages_of, with_transcript
from anysense.embed.media.speech.voice import FRAME, VoiceDetector
from anysense.embed.types import Modality, Origin, Place, Waveform

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray


class Loud:
    """Takes what is loud for a voice."""

    def probability(self, frame: FloatArray) -> float:
        return float(np.abs(frame).max() > 0.1)


class Recogniser:
    """Says how many seconds it was given, as one text that lasts as long as they do."""

    longest_seconds = 29.0

    def __init__(self) -> None:
        self.heard: list[float] = []

    def transcribe(self, samples: FloatArray) -> list[TimedText]:
        self.heard.append(len(samples) / RATE)
        return [TimedText(0.0, len(samples) / RATE, f" said {len(self.heard)} ")]


@pytest.fixture(autouse=True)
def loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "VoiceDetector", Loud)


def sound(*parts: tuple[float, float]) -> FloatArray:
    """Parts of so many seconds, as loud as that."""
    return np.concatenate([np.full(round(s * RATE), v, np.float32) for s, v in parts])


def listened(samples: FloatArray, block: int = 5000, start: float = 0.0) -> list[TimedText]:
    listener = Listener(Recogniser(), start)
    texts = []
    for at in range(0, len(samples), block):
        texts += listener.add(samples[at : at + block])
    return [*texts, *listener.finish()]


def test_speech_is_where_it_is_heard() -> None:
    [text] = listened(sound((5.0, 0.0), (3.0, 0.5), (4.0, 0.0)), start=100.0)
    assert text.start == pytest.approx(105.0, abs=0.35)
    assert text.end == pytest.approx(108.0, abs=1.1)
    assert text.text == "said 1"


def test_it_does_not_matter_in_which_blocks_samples_come() -> None:
    samples = sound((1.0, 0.0), (3.0, 0.5), (2.0, 0.0), (2.0, 0.5))
    assert listened(samples, 100) == listened(samples, 5000) == listened(samples, 10**6)


def test_a_short_pause_does_not_end_a_stretch_and_a_long_one_does() -> None:
    assert len(listened(sound((2.0, 0.5), (0.6, 0.0), (2.0, 0.5)))) == 1
    assert len(listened(sound((2.0, 0.5), (2.0, 0.0), (2.0, 0.5)))) == 2


def test_a_long_speech_is_cut_in_a_pause() -> None:
    recogniser = Recogniser()
    listener = Listener(recogniser)
    list(listener.add(sound((25.0, 0.5), (0.3, 0.0), (25.0, 0.5))))
    list(listener.finish())
    assert recogniser.heard[0] == pytest.approx(25.3, abs=0.35)
    assert sum(recogniser.heard) == pytest.approx(50.3, abs=0.1)


def test_speech_without_a_pause_is_cut_where_the_model_ends() -> None:
    recogniser = Recogniser()
    listener = Listener(recogniser)
    list(listener.add(sound((70.0, 0.5))))
    list(listener.finish())
    assert max(recogniser.heard) <= recogniser.longest_seconds
    assert sum(recogniser.heard) == pytest.approx(70.0, abs=0.1)


def test_silence_and_clicks_are_no_speech() -> None:
    assert listened(sound((10.0, 0.0))) == []
    assert listened(sound((1.0, 0.0), (0.1, 0.5), (2.0, 0.0))) == []
    assert listened(np.zeros(0, np.float32)) == []


def test_the_network_hears_no_voice_in_noise_tones_and_silence() -> None:
    time = np.arange(RATE * 2) / RATE
    noise = np.random.default_rng(1).normal(0, 0.1, len(time)).astype(np.float32)
    tone = (0.5 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)
    for samples in (noise, tone, np.zeros(len(time), np.float32)):
        detector = VoiceDetector()
        frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
        assert max(map(detector.probability, frames)) < 0.5


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "has_packages", lambda names: False)
    with pytest.raises(UsageError, match=r"pip install 'anysense\[speech\]'"):
        extras.check_speech()


def test_passages_hold_what_follows_up_to_some_seconds() -> None:
    texts = [TimedText(4.0 * n, 4.0 * n + 3.5, str(n)) for n in range(6)]
    far = TimedText(60.0, 61.0, "far")
    assert [(p.start, p.end, p.text) for p in passages_of([*texts, far])] == [
        (0.0, 11.5, "0 1 2"),
        (12.0, 23.5, "3 4 5"),
        (60.0, 61.0, "far"),
    ]


def test_windows_of_a_video_are_one_sound_with_its_gaps() -> None:
    def window(start: float, samples: FloatArray) -> Piece:
        place = Place.of_seconds(start, start + len(samples) / RATE)
        return Piece(Modality.AUDIO, Waveform(samples, RATE), place)

    whole = sound((8.0, 0.0), (4.0, 0.5), (8.0, 0.0))
    picture = Piece(Modality.IMAGE, "a frame")
    pieces = [
        window(0.0, whole[: 10 * RATE]),
        picture,
        window(10.0, whole[10 * RATE :]),
        window(15.0, whole[15 * RATE :]),  # the last one ends with the sound
        window(90.0, sound((2.0, 0.5))),
    ]
    recogniser = Recogniser()
    found = list(with_transcript(iter(pieces), recogniser, DEFAULT_LIMITS))
    assert found[: len(pieces)] == pieces
    texts = found[len(pieces) :]
    assert {(p.modality, p.origin) for p in texts} == {(Modality.TEXT, Origin.TRANSCRIPT)}
    assert [p.place.start for p in texts] == pytest.approx([8.0, 90.0], abs=0.35)
    assert len(recogniser.heard) == 2
