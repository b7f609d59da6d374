"""From a stream of samples to what is said in it, in bounded memory.

Only what holds a voice is given to the recogniser, in stretches as long as it hears at once. A
stretch goes on over short pauses, as a sentence does, and ends in a pause where it can.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.media.speech.recogniser import RATE, TimedText
from anysense.embed.media.speech.voice import FRAME, VoiceDetector
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.media.speech.recogniser import SpeechRecogniser
    from anysense.embed.types import FloatArray

__all__ = ["Listener"]

_SPEECH = 0.5  # the probability from which a frame begins speech
_PAUSE = 0.35  # and below which it is a pause in it
_LONGEST_PAUSE = 1.0  # seconds within one stretch
_SHORTEST = 0.25  # seconds of voice, or it is no speech
_BEFORE = 0.3  # seconds before the first voice that belong to it
_LAST_THIRD = 2 / 3  # of a stretch, from where a pause may end it


class Listener:
    """Takes the samples of one sound in order, and gives what is said.

    Args:
        recogniser: writes it down.
        start: when the first sample is heard, in seconds.
    """

    def __init__(self, recogniser: SpeechRecogniser, start: float = 0.0) -> None:
        self._recogniser = recogniser
        self._longest = int(recogniser.longest_seconds * RATE) // FRAME
        self._origin = start
        self._detector = VoiceDetector()
        self._rest: list[FloatArray] = []  # samples that are no whole frame yet
        self._frames: list[FloatArray] = []  # of the stretch, or what lies before one
        self._chances: list[float] = []
        self._first = 0  # the number of the first of those frames
        self._count = 0

    @property
    def end(self) -> float:
        """When the next sample is heard, in seconds."""
        waiting = sum(map(len, self._rest))
        return self._origin + (self._count * FRAME + waiting) / RATE

    def add(self, samples: FloatArray) -> Iterator[TimedText]:
        """Take samples of shape (n,) at `RATE`."""
        import numpy as np

        block = np.concatenate([*self._rest, samples])
        whole = len(block) // FRAME * FRAME
        self._rest = [block[whole:]]
        for frame in block[:whole].reshape(-1, FRAME):
            yield from self._take(frame)

    def finish(self) -> Iterator[TimedText]:
        """Give what is left when the sound ends, or nothing is heard for long."""
        import numpy as np

        rest = np.concatenate(self._rest) if self._rest else np.zeros(0, np.float32)
        self._rest = []
        if len(rest):
            yield from self._take(np.pad(rest, (0, FRAME - len(rest))))
        if self._is_speech:
            yield from self._end(len(self._frames))

    @property
    def _is_speech(self) -> bool:
        return any(chance >= _SPEECH for chance in self._chances)

    def _take(self, frame: FloatArray) -> Iterator[TimedText]:
        check_waiter()
        was_speech = self._is_speech
        self._frames.append(frame)
        self._chances.append(self._detector.probability(frame))
        self._count += 1
        if not was_speech and not self._is_speech:
            self._drop(max(0, len(self._frames) - round(_BEFORE * RATE / FRAME)))
        elif len(self._frames) >= self._longest:
            yield from self._end(self._last_pause())
        elif self._pause() * FRAME >= _LONGEST_PAUSE * RATE:
            yield from self._end(len(self._frames))

    def _pause(self) -> int:
        """How many frames of pause there are at the end."""
        count = 0
        while count < len(self._chances) and self._chances[-1 - count] < _PAUSE:
            count += 1
        return count

    def _last_pause(self) -> int:
        """Where a stretch that is as long as may be is cut: in its last pause, if that is late."""
        for number in range(len(self._frames) - 1, int(_LAST_THIRD * len(self._frames)), -1):
            if self._chances[number] < _PAUSE:
                return number
        return len(self._frames)

    def _end(self, count: int) -> Iterator[TimedText]:
        """Have the first frames written down, and go on with the others."""
        import numpy as np

        voice = sum(chance >= _SPEECH for chance in self._chances[:count])
        if voice * FRAME >= _SHORTEST * RATE:
            start = self._origin + self._first * FRAME / RATE
            end = start + count * FRAME / RATE
            for text in self._recogniser.transcribe(np.concatenate(self._frames[:count])):
                if text.text.strip():
                    begin = min(start + text.start, end)
                    yield TimedText(
                        begin, max(begin, min(start + text.end, end)), text.text.strip()
                    )
        self._drop(count)

    def _drop(self, count: int) -> None:
        del self._frames[:count], self._chances[:count]
        self._first += count
