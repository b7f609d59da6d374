"""The sound of a video as windows, each where it is heard.

Sound is placed by its times, not by counting samples: where some are missing there is silence, and
what comes twice is heard once. Windows of nothing but silence are left out, and scraps of sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.media.audio.ffmpeg import Repacker, join_frames, layout_of
from anysense.embed.media.audio.recording import SILENCE, TAIL_SECONDS, WindowCutter
from anysense.embed.media.audio.sound import BLOCK_SAMPLES
from anysense.embed.media.pieces import Piece
from anysense.embed.mixing import Mixer
from anysense.embed.types import Modality, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.types import AudioWindow, FloatArray

__all__ = ["Soundtrack"]

_JITTER = 0.1
"""Seconds by which sound may come too early or too late and be taken as it comes."""


class _Stretch:
    """Sound of one rate, without a long gap in it.

    Args:
        start: when it begins, in seconds.
        rate: samples a second.
        window: seconds of a window.
    """

    def __init__(self, start: float, rate: int, window: float) -> None:
        self.start = start
        self.rate = rate
        self._count = 0
        self._channels = 1
        self._mixer = Mixer(rate)
        self._cutter = WindowCutter(rate, round(window * rate), round(window * rate))

    @property
    def end(self) -> float:
        return self.start + self._count / self.rate

    def add(self, block: FloatArray) -> Iterator[AudioWindow]:
        """Take samples of shape (channels, n), and give the windows that are full."""
        self._count += block.shape[1]
        self._channels = len(block)
        for mono in self._mixer.add(block):
            yield from self._cutter.add(mono)

    def add_silence(self, seconds: float) -> Iterator[AudioWindow]:
        import numpy as np

        count = round(seconds * self.rate)
        yield from self.add(np.zeros((self._channels, count), np.float32))

    def finish(self) -> Iterator[AudioWindow]:
        for mono in self._mixer.finish():
            yield from self._cutter.add(mono)
        yield from self._cutter.finish()


class Soundtrack:
    """Takes the frames of a sound in order, and gives its windows as pieces.

    Args:
        window: seconds of a window.
    """

    def __init__(self, window: float) -> None:
        self._window = window
        self._repacker = Repacker()
        self._stretch: _Stretch | None = None
        self._frames: list[Any] = []  # which go on where the stretch ends
        self._samples = 0

    def add(self, frame: Any, seconds: float) -> Iterator[Piece]:
        """Take a frame that is heard at a time."""
        stretch = self._stretch
        if stretch is not None:
            gap = seconds - stretch.end - self._samples / stretch.rate
            if frame.sample_rate != stretch.rate or gap >= self._window:
                yield from self.finish()
            elif abs(gap) > _JITTER:
                yield from self._flush()
                if gap < 0:
                    yield from self._rest(frame, stretch.end - seconds)
                    return
                yield from self._pieces(stretch.add_silence(gap))
        if self._stretch is None:
            self._stretch = _Stretch(seconds, frame.sample_rate, self._window)
        for part in self._repacker.repack(frame):
            if self._frames and layout_of(part) != layout_of(self._frames[0]):
                yield from self._flush()
            self._frames.append(part)
            self._samples += part.samples
        if self._frames and self._samples * self._frames[0].layout.nb_channels >= BLOCK_SAMPLES:
            yield from self._flush()

    def finish(self) -> Iterator[Piece]:
        """Give what is left when the sound ends, for good or for long."""
        yield from self._flush()
        if self._stretch is not None:
            stretch, self._stretch = self._stretch, None
            yield from self._pieces(stretch.finish(), stretch)

    def _flush(self) -> Iterator[Piece]:
        if self._frames:
            block = join_frames(self._frames)
            self._frames, self._samples = [], 0
            assert self._stretch is not None
            yield from self._pieces(self._stretch.add(block))

    def _rest(self, frame: Any, heard: float) -> Iterator[Piece]:
        """Take of a frame what is heard after so many of its seconds, which were heard before."""
        assert self._stretch is not None
        for part in self._repacker.repack(frame):
            block = join_frames([part])[:, max(0, round(heard * frame.sample_rate)) :]
            heard -= part.samples / frame.sample_rate
            if block.shape[1]:
                yield from self._pieces(self._stretch.add(block))

    def _pieces(
        self, windows: Iterator[AudioWindow], stretch: _Stretch | None = None
    ) -> Iterator[Piece]:
        stretch = stretch or self._stretch
        assert stretch is not None
        for window in windows:
            samples = window.waveform.samples
            is_short = len(samples) < TAIL_SECONDS * stretch.rate
            # What is no number is no silence, and is told by whoever hears it.
            if not is_short and not float(samples.max() - samples.min()) < SILENCE:
                place = Place.of_seconds(stretch.start + window.start, stretch.start + window.end)
                yield Piece(Modality.AUDIO, window.waveform, place)
