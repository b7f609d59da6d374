"""Writing a small MP4 that browsers play: pictures as H.264 and sound as AAC."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import UnsupportedMediaError
from anysense.embed.media.video.hearing import SOUND_RATE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL.Image import Image

    from anysense.embed.types import Waveform

__all__ = ["FRAME_SECONDS", "Mp4Writer"]

FRAME_SECONDS = 1 / 30
"""How long a frame is shown at least."""
_TICK = Fraction(1, 1000)
_SOUND_BITS = 96_000
_ENCODERS = {
    "libx264": {"preset": "veryfast", "crf": "26", "maxrate": "1500k", "bufsize": "3000k"},
    "libopenh264": {"b": "1200k"},
    "mpeg4": {"q:v": "6"},
}
"""Encoders of pictures, the best first, each with what keeps its files small.

The wheels of PyAV have the first; browsers do not play what the last makes.
"""


class Mp4Writer:
    """Writes pictures as they come, and the sound beside them.

    Args:
        out: where to.
        size: width and height of the pictures, in pixels; odd ones lose a row or a column.
        sound: mono at `SOUND_RATE`, from the start on; None for none.
        name: what errors call what is written.

    Raises:
        UnsupportedMediaError: this FFmpeg has none of the encoders.
    """

    def __init__(
        self, out: BinaryIO, size: tuple[int, int], sound: Waveform | None, name: str
    ) -> None:
        encoder = _encoder(name)
        self._container = _open(out)
        self._pictures = self._container.add_stream(
            encoder, rate=30, options=dict(_ENCODERS[encoder])
        )
        self._pictures.width, self._pictures.height = (max(2, side // 2 * 2) for side in size)
        self._pictures.pix_fmt = "yuv420p"
        self._pictures.codec_context.time_base = _TICK
        self._pictures.codec_context.thread_count = 1
        self._sound = None if sound is None else _Sound(self._container, sound)

    def add(self, picture: Image, seconds: float) -> None:
        """Show a picture from so many seconds on, later than the one before it."""
        import av
        import numpy as np

        frame: Any = av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")
        frame.time_base, frame.pts = _TICK, round(seconds / _TICK)
        self._container.mux(self._pictures.encode(frame))
        if self._sound is not None:
            self._sound.go_on(seconds)

    def finish(self) -> None:
        """Write what is left, and the end of the file."""
        with closing(self._container):
            self._container.mux(self._pictures.encode(None))
            if self._sound is not None:
                self._sound.finish()


class _Sound:
    """A sound that is encoded no further than it is asked to be."""

    def __init__(self, container: Any, sound: Waveform) -> None:
        import av

        self._container, self._samples = container, sound.samples
        self._stream = container.add_stream("aac", rate=SOUND_RATE, layout="mono")
        self._stream.bit_rate = _SOUND_BITS
        self._framer = av.AudioResampler(
            format="fltp", layout="mono", rate=SOUND_RATE, frame_size=1024
        )
        self._done = 0

    def go_on(self, seconds: float) -> None:
        end = min(len(self._samples), round(seconds * SOUND_RATE))
        if end > self._done:
            import av

            part = self._samples[None, self._done : end].copy()
            frame = av.AudioFrame.from_ndarray(part, format="fltp", layout="mono")
            frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
            frame.pts, self._done = self._done, end
            self._encode(self._framer.resample(frame))

    def finish(self) -> None:
        self.go_on(len(self._samples) / SOUND_RATE)
        self._encode(self._framer.resample(None))
        self._container.mux(self._stream.encode(None))

    def _encode(self, frames: Iterable[Any]) -> None:
        for frame in frames:
            self._container.mux(self._stream.encode(frame))


def _open(out: BinaryIO) -> Any:
    import av

    return av.open(out, "w", format="mp4")


def _encoder(name: str) -> str:
    import av

    encoder = next((each for each in _ENCODERS if each in av.codecs_available), None)
    if encoder is None:
        raise UnsupportedMediaError(name, "cannot be cut: this FFmpeg encodes no video")
    return encoder
