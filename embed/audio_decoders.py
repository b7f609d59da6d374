"""From an opened recording to blocks of mono samples, by libsndfile or FFmpeg.

libsndfile (through soundfile) reads PCM files and FLAC: it is fast there and notices damage. FFmpeg
(through PyAV) reads the compressed kinds, and PCM containers with a codec that libsndfile lacks.
FFmpeg also reads MP3 and Ogg, which libsndfile knows: of a variable-rate MP3 without a Xing header
libsndfile 1.2.2 gives only a part and says nothing, it prints on the standard error stream about
damaged MP3, and it takes 1.6 times as long for Vorbis and 2.8 times as long for Opus.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

from anysense.embed.audio_headers import declared_mp3_seconds, is_cut_short
from anysense.embed.errors import CorruptMediaError, EmptyMediaError, UnsupportedMediaError
from anysense.embed.files import decoding

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from anysense.embed.signatures import Kind
    from anysense.embed.types import FloatArray

__all__ = ["Sound", "check_is_sound", "open_sound"]

_BLOCK = 1 << 17
"""Samples of all channels together that are decoded at once: half a megabyte."""
_SNDFILE_CONTAINERS = ("wav", "flac", "aiff", "w64", "au", "caf")
_UNKNOWN_FRAMES = 1 << 62
_MISSING_SECONDS = 0.25
"""How much shorter than its header says a recording may be: codecs trim priming and padding."""
_MOST_PLANES = 8
_BAD_PACKETS = 0.02
"""The share of undecodable packets that is passed over, as players do, with one always allowed."""


class Sound(Protocol):
    """An opened recording.

    Attributes:
        rate: samples per second.
        seconds: its length as its header states it, if the header can be trusted.
    """

    rate: int
    seconds: float | None

    def blocks(self) -> Iterator[FloatArray]:
        """Yield the mono samples in order, each a non-empty float32 array; only once."""
        ...


@contextmanager
def open_sound(file: BinaryIO, kind: Kind, name: str) -> Iterator[Sound]:
    """Open a recording of a kind whose modality is audio.

    The channels are mixed to mono by their plain mean.

    Raises:
        UnsupportedMediaError: a video, or a codec that no decoder knows.
        CorruptMediaError: damaged or truncated; also while blocks are read.
        EmptyMediaError: no samples.
    """
    with decoding(name, kind.article):
        if is_cut_short(file, kind.container):
            raise CorruptMediaError(name, f"is {kind.article} that ends before its header says")
        sound = _open_sndfile(file, kind, name) if kind.container in _SNDFILE_CONTAINERS else None
        opened: _SndfileSound | _FfmpegSound = sound or _FfmpegSound(file, kind, name)
    with closing(opened):
        yield opened


def check_is_sound(file: BinaryIO, kind: Kind, name: str) -> None:
    """Refuse a file that holds a video, without decoding; leaves the file at its beginning.

    Raises:
        UnsupportedMediaError: there is a video stream that is no cover picture, or no sound.
        CorruptMediaError: the file cannot be read.
    """
    with decoding(name, kind.article), closing(_open_container(file, kind)) as container:
        _audio_stream(container, kind, name)
    file.seek(0)


def _mono(block: NDArray[np.float32], axis: int) -> FloatArray:
    """The mean over the channels' axis, by sums of whole channels: far faster than a reduction."""
    channels = block if axis == 0 else block.T
    total: FloatArray = channels[0]
    if len(channels) == 1:
        return total
    total = total + channels[1]
    for channel in channels[2:]:
        total += channel
    total *= 1 / len(channels)
    return total


def _open_sndfile(file: BinaryIO, kind: Kind, name: str) -> _SndfileSound | None:
    """The recording through libsndfile; None if it does not know the codec."""
    import soundfile

    try:
        opened = soundfile.SoundFile(file)
    except soundfile.LibsndfileError:
        file.seek(0)
        return None
    if opened.subtype.startswith("MPEG"):  # MP3 within a WAV: see above
        opened.close()
        file.seek(0)
        return None
    return _SndfileSound(opened, kind, name)


class _SndfileSound:
    def __init__(self, opened: Any, kind: Kind, name: str) -> None:
        self._opened = opened
        self._kind = kind
        self._name = name
        self.rate: int = opened.samplerate
        frames: int = opened.frames
        known = 0 < frames < _UNKNOWN_FRAMES
        self._frames = frames if known else None
        self.seconds = frames / self.rate if known and self.rate > 0 else None

    def blocks(self) -> Iterator[FloatArray]:
        size = max(1, _BLOCK // self._opened.channels)
        count = 0
        with decoding(self._name, self._kind.article):
            while True:
                block = self._opened.read(size, dtype="float32", always_2d=True)
                if not len(block):
                    break
                count += len(block)
                yield _mono(block, axis=1)
        if self._frames is not None and count < self._frames:
            raise CorruptMediaError(
                self._name, f"is {self._kind.article} that ends before its header says"
            )

    def close(self) -> None:
        self._opened.close()


def _open_container(file: BinaryIO, kind: Kind) -> Any:
    """Open a file with FFmpeg.

    The demuxer is given, not guessed: guessing may take a text for a playlist and open what it
    names. No other file can be opened from within this one.
    """
    import av

    file.seek(0)
    return av.open(
        file,
        mode="r",
        format=kind.container,
        options={"protocol_whitelist": "none"},
        metadata_errors="ignore",
    )


def _audio_stream(container: Any, kind: Kind, name: str) -> Any:
    """The first sound of a container, which must hold no moving pictures.

    Raises:
        UnsupportedMediaError: it holds a video, or no sound, or one of an unknown codec.
    """
    from av.stream import Disposition

    pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if pictures and kind.name != "M4A":  # the picture tracks of an M4A are covers of its chapters
        raise UnsupportedMediaError(
            name, "is a video, which anysense does not read; give its sound or its frames as files"
        )
    if not container.streams.audio:
        raise UnsupportedMediaError(
            name, f"is {kind.article} without any sound that can be decoded"
        )
    return container.streams.audio[0]


class _FfmpegSound:
    def __init__(self, file: BinaryIO, kind: Kind, name: str) -> None:
        self._name = name
        self._kind = kind
        self._packer: Any = None
        self._packed_channels = 0
        xing = declared_mp3_seconds(file) if kind.container == "mp3" else None
        self._container = _open_container(file, kind)
        try:
            self._stream = _audio_stream(self._container, kind, name)
            self._frames = self._decode()
            # Only a decoded frame tells the true rate: the header of HE-AAC gives half of it.
            self._first = next(self._frames, None)
        except BaseException:
            self._container.close()
            raise
        if self._first is None:
            self._container.close()
            raise EmptyMediaError(name, f"is {kind.article} that holds no samples")
        self.rate: int = self._first.sample_rate
        self.seconds = xing if kind.container == "mp3" else self._declared_seconds()

    def _declared_seconds(self) -> float | None:
        if self._kind.container == "aac":
            return None  # FFmpeg's estimate from the first frames
        if self._stream.duration is not None:
            return float(self._stream.duration * self._stream.time_base)
        if self._container.duration is not None:
            return float(self._container.duration) / 1_000_000
        return None

    def _decode(self) -> Iterator[Any]:
        from av.error import InvalidDataError

        packets = bad = 0
        for packet in self._container.demux(self._stream):
            packets += 1
            try:
                frames = packet.decode()
            except InvalidDataError:
                bad += 1
                continue
            yield from frames
        if bad > max(1, _BAD_PACKETS * packets):
            raise CorruptMediaError(
                self._name,
                f"is {self._kind.article} of which {bad} of {packets} packets are damaged",
            )

    def blocks(self) -> Iterator[FloatArray]:
        with decoding(self._name, self._kind.article):
            count = 0
            for block in self._collected():
                count += len(block)
                yield block
        if self.seconds is not None and count / self.rate < self.seconds - _MISSING_SECONDS:
            raise CorruptMediaError(
                self._name,
                f"is {self._kind.article} of {self.seconds:.1f} s by its header, "
                f"but ends after {count / self.rate:.1f} s",
            )

    def _collected(self) -> Iterator[FloatArray]:
        """Join the codec's short frames to blocks, which are cheaper to handle."""
        import numpy as np

        collected: list[FloatArray] = []
        size = 0
        frame = self._first
        while frame is not None:
            if frame.sample_rate != self.rate:
                raise CorruptMediaError(
                    self._name,
                    f"changes its sample rate from {self.rate} to {frame.sample_rate} Hz midway",
                )
            for part in self._repacked(frame):
                collected.append(_mono(_channels(part), axis=0))
                size += len(collected[-1])
            if size >= _BLOCK:
                yield np.concatenate(collected)
                collected, size = [], 0
            frame = next(self._frames, None)
        if size:
            yield np.concatenate(collected)

    def _repacked(self, frame: Any) -> list[Any]:
        """The frame, in a format from which PyAV can copy its samples.

        PyAV (seen in 18.1.0) looks for the planes of a frame past the end of their table if there
        are eight or more, and crashes the process.
        """
        import av

        channels = frame.layout.nb_channels
        if not frame.format.is_planar or channels < _MOST_PLANES:
            return [frame]
        if self._packer is None or self._packed_channels != channels:
            self._packer, self._packed_channels = av.AudioResampler(format="flt"), channels
        packed: list[Any] = self._packer.resample(frame)
        return packed

    def close(self) -> None:
        self._container.close()


def _channels(frame: Any) -> NDArray[np.float32]:
    """The samples of a decoded frame in [-1, 1]: float32, shape (channels, n)."""
    import numpy as np

    samples: NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    values: NDArray[np.float32] = samples.astype(np.float32, copy=False)
    if samples.dtype == np.uint8:
        values = values / np.float32(128) - np.float32(1)
    elif samples.dtype.kind == "i":
        values = values * np.float32(1 / -float(np.iinfo(samples.dtype).min))
    return values
