"""Recordings through FFmpeg (PyAV): the compressed formats."""

from __future__ import annotations

import sys
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

from anysense.embed.errors import CorruptMediaError, EmptyMediaError, UnsupportedMediaError
from anysense.embed.media.audio.calm import CalmFile
from anysense.embed.media.audio.covers import has_moving_pictures
from anysense.embed.media.audio.lengths import ffmpeg_seconds, header_seconds, is_cut_short
from anysense.embed.media.audio.sound import BLOCK_SAMPLES
from anysense.embed.media.files import decoding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from anysense.embed.media.signatures import Format
    from anysense.embed.types import FloatArray

__all__ = [
    "FfmpegSound",
    "Repacker",
    "audio_stream",
    "join_frames",
    "layout_of",
    "open_container",
    "packet_decoder",
]

_MOST_PLANES = 8
_DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "flt": "f4", "dbl": "f8"}
_DELAYS = {"MP2": 481, "MP1": 481, "Musepack": 481}
"""The samples that a codec puts before a sound and states nowhere: the filter bank of MPEG's layers
I and II, which is Musepack's, too, there and back. Of MP3 FFmpeg knows it, where the encoder says
so."""
_PAUSING = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
"""Decoders of what telephones send while nobody speaks, which FFmpeg's own for AMR refuse."""
_BAD_PACKETS = 0.02
"""The share of undecodable packets that is passed over, as players do, with one always allowed."""


def open_container(file: BinaryIO | CalmFile, file_format: Format, **options: str) -> Any:
    """Open a file with FFmpeg.

    The demuxer is given, not guessed: guessing may take a text for a playlist and open what it
    names. No other file can be opened from within this one.
    """
    import av

    file.seek(0)
    # Tags that are not UTF-8 are no damage. From PyAV 19 on that goes without saying.
    lenient: dict[str, Any] = (
        {"metadata_errors": "ignore"} if int(av.__version__.split(".")[0]) < 19 else {}
    )
    return av.open(
        file if isinstance(file, CalmFile) else CalmFile(file),
        mode="r",
        format=file_format.container,
        options={"protocol_whitelist": "none", **options},
        **lenient,
    )


def audio_stream(container: Any, file_format: Format, name: str) -> Any:
    """The first sound of a container.

    Raises:
        UnsupportedMediaError: it holds no sound, or one of an unknown codec.
    """
    # A stream of an unknown codec has no context; decoding it anyway crashes PyAV before 18.
    sounds = [stream for stream in container.streams.audio if stream.codec_context is not None]
    if not sounds:
        raise UnsupportedMediaError(
            name, f"is {file_format.article} without sound that can be decoded"
        )
    return sounds[0]


def packet_decoder(stream: Any) -> Callable[[Any], list[Any]]:
    """What gives the frames of each packet of a stream."""
    import av

    own = stream.codec_context
    name = _PAUSING.get(own.name, "")
    if name not in av.codecs_available:
        return lambda packet: packet.decode()
    decoder: Any = av.CodecContext.create(name, "r")
    decoder.sample_rate, decoder.layout = own.sample_rate, "mono"
    return decoder.decode  # type: ignore[no-any-return]


class FfmpegSound:
    """A `Sound` that FFmpeg decodes."""

    def __init__(self, file: BinaryIO, file_format: Format, name: str) -> None:
        self._name = name
        self._format = file_format
        self._file = file
        self._calm_file = CalmFile(file)
        self._repacker = Repacker()
        seconds = header_seconds(file, file_format.container)
        self._open()
        if self._first is None and file_format.container == "mov":
            # An edit list whose length was never written shows nothing of the sound.
            self._container.close()
            self._open(ignore_editlist="1")
        if seconds is None:
            seconds = ffmpeg_seconds(self._container, self._stream, file, file_format.container)
        self.seconds: float | None = seconds
        if self._first is None:
            rate = self._stream.codec_context.sample_rate
            self._container.close()
            if is_cut_short(file, file_format.container, 0, rate or 1, seconds):
                raise self._missing(0.0)
            raise EmptyMediaError(name, f"is {file_format.article} that holds no samples")
        self.rate: int = self._first.sample_rate

    def _open(self, **options: str) -> None:
        self._bad_packets = 0
        self._container = open_container(self._calm_file, self._format, **options)
        try:
            self._check_is_no_video()
            self._stream = audio_stream(self._container, self._format, self._name)
            if self._format.container == "flac":
                self._stream.codec_context.options = {"err_detect": "crccheck+explode"}
            self._frames = self._decode()
            # Only a decoded frame tells the true rate: the header of HE-AAC gives half of it.
            self._first = next(self._frames, None)
        except BaseException:
            self._container.close()
            raise

    def _check_is_no_video(self) -> None:
        is_sound = self._format.name == "M4A"  # whose picture tracks are covers of chapters
        reopen = partial(open_container, file_format=self._format)
        if not is_sound and has_moving_pictures(self._container, self._file, reopen):
            raise UnsupportedMediaError(self._name, "is a video, not a recording")

    def _decode(self) -> Iterator[Any]:
        from av.error import InvalidDataError

        packets, decode = 0, packet_decoder(self._stream)
        for packet in self._container.demux(self._stream):
            packets += 1
            try:
                frames = decode(packet)
            except InvalidDataError:
                self._bad_packets += 1
                continue
            yield from frames
        bad = self._bad_packets
        if bad > max(1, _BAD_PACKETS * packets):
            raise CorruptMediaError(
                self._name,
                f"is {self._format.article} of which {bad} of {packets} packets are damaged",
            )

    def blocks(self) -> Iterator[FloatArray]:
        with decoding(self._name, self._format.article):
            count, delay, end = 0, _DELAYS.get(self._format.name, 0), sys.maxsize
            if self._format.container == "dsf" and self.seconds is not None:
                end = round(self.seconds * self.rate)  # the rest of its last block is a click
            for block in self._collect():
                heard = block[:, max(0, delay - count) : max(0, end - count)]
                count += block.shape[1]
                if heard.shape[1]:
                    yield heard
            if self._calm_file.error is not None:
                raise self._calm_file.error
        if is_cut_short(self._file, self._format.container, count, self.rate, self.seconds):
            raise self._missing(count / self.rate)

    def _missing(self, seconds: float) -> CorruptMediaError:
        return CorruptMediaError(
            self._name,
            f"is {self._format.article} of {self.seconds or 0:.1f} s by its header, "
            f"but ends after {seconds:.1f} s",
        )

    def _collect(self) -> Iterator[FloatArray]:
        """Join the codec's short frames to blocks: a thousand samples at a time would be slow."""
        frames: list[Any] = []
        size = 0
        for frame in chain([self._first], self._frames):
            if frame.sample_rate != self.rate:
                raise CorruptMediaError(
                    self._name,
                    f"changes its sample rate from {self.rate} to {frame.sample_rate} Hz midway",
                )
            for part in self._repacker.repack(frame):
                if frames and layout_of(part) != layout_of(frames[0]):
                    yield join_frames(frames)
                    frames, size = [], 0
                frames.append(part)
                size += part.samples * part.layout.nb_channels
            if size >= BLOCK_SAMPLES:
                yield join_frames(frames)
                frames, size = [], 0
        if size:
            yield join_frames(frames)

    def close(self) -> None:
        self._container.close()


class Repacker:
    """Puts frames of sound in formats from which PyAV can copy their samples.

    PyAV (seen in 18.1.0) looks for the planes of a frame past the end of their table if there are
    eight or more, and crashes the process. It knows no integers of 64 bits.
    """

    def __init__(self) -> None:
        self._packer: Any = None
        self._packed: tuple[int, int] | None = None

    def repack(self, frame: Any) -> list[Any]:
        """The frame as it is, or, most often, as one of another format."""
        import av

        channels = frame.layout.nb_channels
        has_many_planes = frame.format.is_planar and channels >= _MOST_PLANES
        if not has_many_planes and frame.format.name.rstrip("p") in _DTYPES:
            return [frame]
        if self._packed != (channels, frame.sample_rate):
            self._packer = av.AudioResampler(format="flt")
            self._packed = channels, frame.sample_rate
        frames: list[Any] = self._packer.resample(frame)
        return frames


def layout_of(frame: Any) -> tuple[str, int]:
    """What frames have in common that can be joined: their format, and how many channels."""
    return frame.format.name, frame.layout.nb_channels


def join_frames(frames: list[Any]) -> FloatArray:
    """The samples of successive frames of one layout: (channels, n), nominally in [-1, 1]."""
    import numpy as np

    dtype = np.dtype(_DTYPES[frames[0].format.name.rstrip("p")])
    if frames[0].format.is_planar:
        # One buffer for each channel, longer than its samples; to_ndarray would copy it.
        parts = [[np.frombuffer(p, dtype, frame.samples) for p in frame.planes] for frame in frames]
        samples = np.stack([np.concatenate(channel) for channel in zip(*parts, strict=True)])
    else:
        count = frames[0].layout.nb_channels
        samples = np.concatenate([frame.to_ndarray().reshape(-1, count) for frame in frames]).T
    values: NDArray[np.float32] = samples.astype(np.float32, copy=False)
    if dtype.kind == "u":
        values = values / np.float32(128) - np.float32(1)
    elif dtype.kind == "i":
        values = values * np.float32(1 / -float(np.iinfo(dtype).min))
    return values
