"""Videos made on the spot, by FFmpeg: scenes with known cuts, and what cameras and programs do."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
import numpy as np
from PIL import Image

from anysense.embed.media.pieces import Piece, ReadOptions, read_pieces
from anysense.embed.types import Kind, Modality, Waveform

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from media_files import Samples
    from numpy.typing import NDArray

__all__ = [
    "AUDIO",
    "CODECS",
    "COLOURS",
    "CONTAINERS",
    "IMAGE",
    "RATE",
    "SCENES",
    "Scene",
    "colour",
    "film",
    "of",
    "pieces_of",
    "places",
    "seen",
    "tones",
]

os.environ.setdefault("SVT_LOG", "0")  # or it tells on stderr how it encodes

CODECS: Mapping[str, Mapping[str, str]] = {
    "libx264": {"preset": "ultrafast", "bf": "2"},
    "libx265": {"preset": "ultrafast", "x265-params": "log-level=none"},
    "libvpx-vp9": {"cpu-used": "8", "deadline": "realtime", "lag-in-frames": "0"},
    "libsvtav1": {"preset": "12"},
    "mpeg4": {},
    "mjpeg": {},
    "mpeg2video": {},
    "wmv2": {},
    "flv": {},
}
"""Encoders of pictures, each with what makes it quick."""

CONTAINERS = {
    "mp4": ("libx264", "aac"),
    "mov": ("libx264", "aac"),
    "matroska": ("libx264", "libopus"),
    "webm": ("libvpx-vp9", "libopus"),
    "avi": ("mpeg4", "pcm_s16le"),
    "mpegts": ("libx264", "aac"),
    "mpeg": ("mpeg2video", "mp2"),
    "asf": ("wmv2", "wmav2"),
    "flv": ("flv", "libmp3lame"),
}
"""By FFmpeg's name of a container: encoders of pictures and of sound that it takes."""

RATE = 48000
IMAGE, AUDIO = Modality.IMAGE, Modality.AUDIO


@dataclass(frozen=True)
class Scene:
    """Some seconds of a film.

    Attributes:
        picture: what is seen; it moves a little.
        seconds: for how long.
        sound: what is heard, mono at `RATE`, as long as the scene; silence where it is None.
    """

    picture: Image.Image
    seconds: float = 2.0
    sound: Samples | None = None


def colour(name: str) -> Image.Image:
    """A picture of mostly one colour."""
    picture = Image.new("RGB", (320, 180), name)
    picture.paste((90, 90, 90), (120, 60, 160, 100))
    return picture


def tones(*parts: tuple[float, float]) -> Samples:
    """Tones one after the other: of so many Hz (0 for silence), for so many seconds."""
    return np.concatenate(
        [
            0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)
            for hz, seconds in parts
        ]
    ).astype(np.float32)


COLOURS = ("red", "lime", "blue")
SCENES = [
    Scene(colour(name), 2.0, tones((hz, 2.0)))
    for name, hz in zip(COLOURS, (110, 440, 3000), strict=True)
]
"""Of two seconds, each with a tone of its own."""


def film(
    scenes: Sequence[Scene],
    file_format: str = "mp4",
    codec: str = "",
    *,
    rate: int = 10,
    size: tuple[int, int] = (320, 180),
    sounds: Sequence[Samples] | None = None,
    delay: float = 0.0,
    start: float = 0.0,
    times: Sequence[float] | None = None,
    turned: int | None = None,
    aspect: Fraction | None = None,
    default: int = 0,
    options: dict[str, str] | None = None,
) -> bytes:
    """A video of some scenes.

    Args:
        scenes: one after the other.
        file_format: FFmpeg's name of the container.
        codec: the encoder of the pictures; the container's usual one.
        rate: frames a second.
        size: of the frames.
        sounds: tracks of sound, instead of one with the sounds of the scenes; empty for none.
        delay: by how many seconds all sound comes later.
        start: the time of the first frame.
        times: when each frame is shown, instead of at a constant rate.
        turned: by how many degrees, counterclockwise, the frames are to be turned when shown.
        aspect: the width of a pixel by its height.
        default: which track of sound is the one to be played.
        options: of the container.
    """
    usual, sound_codec = CONTAINERS[file_format]
    codec = codec or usual
    if sounds is None:
        sounds = [_sound_of(scenes)] if any(s.sound is not None for s in scenes) else []
    file = tempfile.NamedTemporaryFile()  # noqa: SIM115 - faststart reads back by name
    opened = av.open(file.name, "w", format=file_format, options=options or {})
    with file, usual_priority(), opened as container:
        quick = dict(CODECS[codec]) | ({"bf": "0"} if times is not None else {})
        stream: Any = container.add_stream(codec, rate=rate, options=quick)
        stream.width, stream.height = size
        stream.bit_rate = 2_000_000
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        if times is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if turned is not None:
            stream.set_display_rotation(turned)
        tracks = [_track(container, sound_codec, at == default) for at in range(len(sounds))]
        heard = [
            _SoundEncoder(container, track, sound, start + delay)
            for track, sound in zip(tracks, sounds, strict=True)
        ]
        for number, picture in enumerate(_pictures(scenes, rate, size, times)):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            time = times[number] if times is not None else number / rate
            frame.time_base = Fraction(1, 1000)
            frame.pts = round(1000 * (start + time))
            container.mux(stream.encode(frame))
            for sound in heard:
                sound.go_on(time)
        container.mux(stream.encode(None))
        for sound in heard:
            sound.finish()
        container.close()
        return Path(file.name).read_bytes()


@contextmanager
def usual_priority() -> Iterator[None]:
    """Give a thread its priority back: SVT-AV1 takes that of real time for it where it may."""
    policy = os.sched_getscheduler(0) if hasattr(os, "sched_getscheduler") else None
    try:
        yield
    finally:
        if policy is not None:
            os.sched_setscheduler(0, policy, os.sched_param(0))


def _pictures(
    scenes: Sequence[Scene], rate: int, size: tuple[int, int], times: Sequence[float] | None
) -> Iterator[NDArray[np.uint8]]:
    ends = np.cumsum([scene.seconds for scene in scenes])
    count = round(ends[-1] * rate) if times is None else len(times)
    drawn = [np.asarray(scene.picture.convert("RGB").resize(size)) for scene in scenes]
    for number in range(count):
        time = number / rate if times is None else times[number]
        scene = min(int(np.searchsorted(ends, time + 1e-6, side="right")), len(scenes) - 1)
        yield np.ascontiguousarray(np.roll(drawn[scene], number % 4, axis=1))


def _sound_of(scenes: Sequence[Scene]) -> Samples:
    return np.concatenate(
        [
            np.zeros(round(s.seconds * RATE), np.float32) if s.sound is None else s.sound
            for s in scenes
        ]
    )


def _track(container: Any, codec: str, is_default: bool) -> Any:
    track = container.add_stream(codec, rate=RATE, layout="mono")
    disposition = av.stream.Disposition.default if is_default else av.stream.Disposition(0)
    track.disposition = disposition.value
    track.bit_rate = 96_000
    return track


class _SoundEncoder:
    """Encodes a track of sound, no further ahead than it is told."""

    def __init__(self, container: Any, track: Any, sound: Samples, start: float) -> None:
        self._container, self._track, self._sound, self._start = container, track, sound, start
        self._resampler = av.AudioResampler(
            format=track.format, layout="mono", rate=RATE, frame_size=track.frame_size or 1024
        )
        self._done = 0

    def go_on(self, seconds: float) -> None:
        end = min(len(self._sound), round(seconds * RATE))
        if end > self._done:
            part = np.ascontiguousarray(self._sound[None, self._done : end])
            frame = av.AudioFrame.from_ndarray(part, format="flt", layout="mono")
            frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
            frame.pts = self._done + round(self._start * RATE)
            self._encode(self._resampler.resample(frame))
            self._done = end

    def finish(self) -> None:
        self.go_on(len(self._sound) / RATE)
        self._encode(self._resampler.resample(None))
        self._container.mux(self._track.encode(None))

    def _encode(self, frames: Sequence[Any]) -> None:
        for frame in frames:
            self._container.mux(self._track.encode(frame))


def pieces_of(data: bytes, **options: object) -> list[Piece]:
    """What is read of a video."""
    kind, pieces = read_pieces(data, ReadOptions(**options))  # type: ignore[arg-type]
    assert kind is Kind.VIDEO
    return list(pieces)


def of(pieces: list[Piece], modality: Modality) -> list[Piece]:
    """The pieces of a modality."""
    return [piece for piece in pieces if piece.modality is modality]


def places(pieces: list[Piece]) -> list[tuple[float, float]]:
    """From when to when some pieces are, to a hundredth of a second."""
    return [(round(p.place.start or 0, 2), round(p.place.end or 0, 2)) for p in pieces]


def seen(piece: Piece) -> str:
    """The strongest colour of a frame."""
    assert not isinstance(piece.content, str | bytes | Waveform)
    pixel = piece.content.getpixel((10, 10))  # type: ignore[union-attr]
    return COLOURS[max(range(3), key=lambda channel: pixel[channel])]
