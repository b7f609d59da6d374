"""What turns speech into texts: the seam between the reading of sounds and models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray

__all__ = ["RATE", "SpeechRecogniser", "TimedText"]

RATE = 16_000
"""The rate in Hz of what is listened to for speech."""


@dataclass(frozen=True)
class TimedText:
    """A text that is said, from `start` to `end`, in seconds."""

    start: float
    end: float
    text: str


class SpeechRecogniser(Protocol):
    """A model that writes down what is said; may be called from any thread.

    Attributes:
        longest_seconds: what it hears at once at most.
    """

    longest_seconds: float

    def transcribe(self, samples: FloatArray) -> list[TimedText]:
        """What is said in a mono sound of shape (n,) at `RATE`, in order, in its own seconds."""
        ...
