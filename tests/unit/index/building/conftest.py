"""What tests of builds share: a model of speech that needs nobody to speak."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from whisper_files import write_whisper

from anysense.embed.encoders.whisper import recogniser as whisper
from anysense.embed.media.speech import listening
from anysense.embed.media.speech.recogniser import TimedText

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.embed.types import FloatArray


class Recogniser:
    """Says one sentence, whatever it hears."""

    longest_seconds = 29.0

    def transcribe(self, samples: FloatArray) -> list[TimedText]:
        return [TimedText(0.5, len(samples) / 16000, "Herons nest in April.")]


class Voice:
    """Takes everything for a voice."""

    def probability(self, frame: FloatArray) -> float:
        return 1.0


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The path of a model, in place of which somebody speaks who says something."""
    monkeypatch.setattr(whisper, "load_recogniser", lambda name: Recogniser())
    monkeypatch.setattr(listening, "VoiceDetector", Voice)
    return str(write_whisper(tmp_path / "whisper"))
