"""Recordings as mono samples: whole, or window by window in bounded memory.

The samples of a recording are the same to the bit whether it is read whole and resampled or
streamed, from a file or from its bytes.

What is refused, besides what cannot be decoded: a recording with a sample that is not a number or
is infinite; one that is nothing but silence, as it has no content that a search could find (silent
parts of a recording are fine, and become segments like any other); one over the limit of length.
"""

from __future__ import annotations

from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    CorruptMediaError,
    EmptyMediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
    UsageError,
)
from anysense.embed.limits import CODEC_PADDING, DEFAULT_LIMITS, Limits
from anysense.embed.media.audio.decoders import open_sound
from anysense.embed.media.files import media_name, open_media
from anysense.embed.media.identify import identify
from anysense.embed.media.pieces import Piece, ReadOptions, captions
from anysense.embed.mixing import mix
from anysense.embed.types import AudioWindow, Modality, Waveform
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from anysense.embed.media.audio.sound import Sound
    from anysense.embed.media.files import Media
    from anysense.embed.types import FloatArray

__all__ = [
    "SILENCE",
    "TAIL_SECONDS",
    "WindowCutter",
    "counted_seconds",
    "iter_windows",
    "read_audio",
    "read_part",
    "read_peaks",
    "recording_pieces",
    "resample",
    "stated_seconds",
]

TAIL_SECONDS = 0.1
"""What is left after the last whole window becomes a window of its own if it is longer than this.

Codecs pad a recording by up to so much, so a sound of 20 s does not become three windows of 10 s.
"""

_RATES = range(100, 1_000_001)
SILENCE = 1e-5
"""The peak-to-peak amplitude below which a recording is silent: a third of a 16-bit step."""
_LOUDEST = float(1 << 32)
"""The largest magnitude: floats that hold unscaled 32-bit integers, and room for squares."""
_QUALITY = "HQ"


def read_audio(source: Media, limits: Limits = DEFAULT_LIMITS) -> Waveform:
    """Read a whole recording, mixed to mono, at its own rate.

    Raises:
        UnsupportedMediaError: not a recording, or a video.
        CorruptMediaError: damaged, truncated, or with samples that are no numbers.
        EmptyMediaError: no samples, or only silence.
        MediaTooLargeError: over the limits of bytes or of seconds.
    """
    import numpy as np

    with _open(source, limits) as sound:
        blocks = list(_check_blocks(sound, media_name(source), limits))
        return Waveform(blocks[0] if len(blocks) == 1 else np.concatenate(blocks), sound.rate)


def read_part(source: Media, start: float, end: float, limits: Limits = DEFAULT_LIMITS) -> Waveform:
    """Read some seconds of a recording, mixed to mono, at its own rate; what follows is not read.

    Args:
        source: the recording.
        start: where the part begins, in seconds.
        end: where it ends, not included; the recording may end before.
        limits: what is too large.

    Raises:
        UsageError: the part is empty.
        MediaError: as for `read_audio`; also if the recording ends before the part begins.
    """
    import numpy as np

    parts: list[FloatArray] = []
    with _open(source, limits) as sound:
        first, last, at = round(start * sound.rate), round(end * sound.rate), 0
        if not 0 <= first < last:
            raise UsageError(f"A part of a recording has a length; {start} to {end} s has none.")
        with closing(_check_blocks(sound, media_name(source), limits)) as blocks:
            for block in blocks:
                check_waiter()
                if at + len(block) > first:
                    # A copy: a view would keep the whole block alive, which may be a long one.
                    parts.append(block[max(0, first - at) : last - at].copy())
                at += len(block)
                if at >= last:
                    break
        if not parts:
            raise EmptyMediaError(media_name(source), f"ends before {start:g} s")
        return Waveform(np.concatenate(parts), sound.rate)


def recording_pieces(source: Media, options: ReadOptions) -> Iterator[Piece]:
    """A recording with what its tags say of it, and the words of these.

    Raises:
        MediaError: it cannot be opened. What else there is shows when it is heard.
    """
    from anysense.embed.media.audio.tags import read_tags

    with open_media(source, options.limits) as file:
        tags = read_tags(file, identify(file, source).container)
    yield Piece(Modality.AUDIO, source, said=tags.facts)
    yield from captions(tags.texts, media_name(source), options)


def resample(waveform: Waveform, rate: int) -> Waveform:
    """Change the rate of a waveform by the SoX resampler at its high quality.

    A waveform that has the rate already is returned as it is.
    """
    if waveform.rate == rate:
        return waveform
    import numpy as np

    parts = list(_resample(iter([waveform.samples]), waveform.rate, rate))
    return Waveform(np.concatenate(parts) if parts else np.zeros(0, np.float32), rate)


def stated_seconds(source: Media, limits: Limits = DEFAULT_LIMITS) -> float | None:
    """The length of a recording by its header; None if that does not state it.

    Raises:
        MediaError: as for `read_audio`; what only shows in the samples goes unnoticed.
    """
    with _open(source, limits) as sound:
        return sound.seconds


def counted_seconds(source: Media, most: float, limits: Limits = DEFAULT_LIMITS) -> float:
    """The length of a recording by its samples, which are counted up to a little over `most`.

    Raises:
        MediaError: as for `read_audio`, up to there.
    """
    count = 0
    with _open(source, limits) as sound:
        for block in sound.blocks():
            check_waiter()
            count += block.shape[1]
            if count > most * sound.rate + sound.rate:
                break
        return count / sound.rate


def read_peaks(
    source: Media, points: int, limits: Limits = DEFAULT_LIMITS
) -> tuple[float, FloatArray]:
    """The length of a recording in seconds, and its loudness, as a curve to look at.

    It is decoded as a stream, whatever its length.

    Args:
        source: a file or payload.
        points: into how many parts of one length the recording is divided.
        limits: the most that is read.

    Returns:
        The seconds, and float32 (points,): the largest magnitude in each part, where full scale,
        or the loudest sample if that is more, is 1. Of a recording of fewer samples, fewer.

    Raises:
        MediaError: as for `read_audio`.
    """
    import numpy as np

    width, count = 16, 0  # samples of a fine part
    fine, rest = np.zeros(0, np.float32), np.zeros(0, np.float32)
    with _open(source, limits) as sound:
        for block in _check_blocks(sound, media_name(source), limits):
            check_waiter()
            count += len(block)
            rest = np.concatenate([rest, np.abs(block)])
            whole = len(rest) // width * width
            fine = np.concatenate([fine, rest[:whole].reshape(-1, width).max(axis=1)])
            rest = rest[whole:]
            while len(fine) > 16 * points and len(fine) % 2 == 0:
                fine, width = fine.reshape(-1, 2).max(axis=1), 2 * width
        seconds = count / sound.rate
    if len(rest):
        fine = np.append(fine, rest.max())
    edges = np.linspace(0, len(fine), min(points, len(fine)), endpoint=False).astype(np.int64)
    peaks: FloatArray = np.maximum.reduceat(fine, edges)
    return seconds, peaks / max(1.0, float(peaks.max()))


def iter_windows(
    source: Media | Waveform,
    rate: int,
    seconds: float = 10.0,
    hop: float | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Iterator[AudioWindow]:
    """Cut a recording into windows, resampled to `rate`, holding little more than one at a time.

    Windows start every `hop` seconds and are `seconds` long. The last one is aligned to the end of
    the recording, so a sound of 25 s gives 0-10, 10-20 and 15-25; one of 20 s gives exactly two,
    and one of 4 s a single window of 4 s, which is not padded. A rest of at most `TAIL_SECONDS`
    after a whole window gives no further one.

    Args:
        source: a file, a payload, or samples of any rate.
        rate: the rate in Hz that the windows shall have.
        seconds: the length of a window.
        hop: from the start of one window to the next, at most `seconds`; by default `seconds`.
        limits: the most that is read.

    Raises:
        UsageError: `rate`, `seconds` or `hop` make no sense.
        MediaError: as for `read_audio`. Damage, and that a recording is all silence, may show only
            after windows have been given; those are then not to be used.
    """
    hop = seconds if hop is None else hop
    width, step = round(seconds * rate), round(hop * rate)
    if rate < 1 or width < 1 or not 1 <= step <= width:
        raise UsageError(
            f"Windows of {seconds} s every {hop} s at {rate} Hz make no sense: the window must be "
            "longer than nothing, and the hop no longer than the window."
        )
    return _windows(source, rate, width, step, limits)


def _windows(
    source: Media | Waveform, rate: int, width: int, step: int, limits: Limits
) -> Iterator[AudioWindow]:
    if isinstance(source, Waveform):
        name, sound = "<waveform>", _WaveformSound(source)
        _check_header(sound, name, limits)
        blocks = _resample(_check_blocks(sound, name, limits), sound.rate, rate)
        yield from _cut(blocks, rate, width, step, name)
        return
    with _open(source, limits) as recording:
        name = media_name(source)
        blocks = _resample(_check_blocks(recording, name, limits), recording.rate, rate)
        yield from _cut(blocks, rate, width, step, name)


def _cut(
    blocks: Iterator[FloatArray], rate: int, width: int, step: int, name: str
) -> Iterator[AudioWindow]:
    cutter = WindowCutter(rate, width, step)
    for block in blocks:
        yield from cutter.add(block)
    if cutter.count == 0:
        raise EmptyMediaError(name, "is too short to hear")
    yield from cutter.finish()


class WindowCutter:
    """Cuts successive mono samples into windows, holding little more than one at a time.

    Args:
        rate: samples per second.
        width: samples of a window.
        step: samples from the start of one window to that of the next.

    Attributes:
        count: how many samples it was given.
    """

    def __init__(self, rate: int, width: int, step: int) -> None:
        import numpy as np

        self.count = 0
        self._rate, self._width, self._step = rate, width, step
        self._buffer: FloatArray = np.zeros(0, np.float32)  # the last samples
        self._start = self._end = 0  # of the next window, and of the last one given

    def add(self, block: FloatArray) -> Iterator[AudioWindow]:
        """Take samples of shape (n,), and give the windows that are full."""
        import numpy as np

        self._buffer = np.concatenate([self._buffer, block]) if len(self._buffer) else block
        self.count += len(block)
        while self._start + self._width <= self.count:
            yield self._window(self._start)
            self._end = self._start + self._width
            self._start += self._step
        # The tail window will need the last `width` samples, wherever the recording ends.
        self._buffer = self._buffer[-self._width :]

    def finish(self) -> Iterator[AudioWindow]:
        """Give a last window, aligned to the end, if there is more than a tail without one."""
        if self.count and (self._end == 0 or self.count - self._end > TAIL_SECONDS * self._rate):
            yield self._window(max(0, self.count - self._width))

    def _window(self, start: int) -> AudioWindow:
        at = start - (self.count - len(self._buffer))
        # A copy: a view would keep the whole buffer alive for as long as the window.
        samples = self._buffer[at : at + self._width].copy()
        end = start + len(samples)
        return AudioWindow(start / self._rate, end / self._rate, Waveform(samples, self._rate))


@contextmanager
def _open(source: Media, limits: Limits) -> Iterator[Sound]:
    name = media_name(source)
    with open_media(source, limits) as file:
        file_format = identify(file, source)
        if file_format.modality is not Modality.AUDIO:
            raise UnsupportedMediaError(name, f"is {file_format.article}, not a recording")
        with open_sound(file, file_format, name) as sound:
            _check_header(sound, name, limits)
            yield sound


class _WaveformSound:
    """Samples that are in memory already, as a sound."""

    def __init__(self, waveform: Waveform) -> None:
        self._samples = waveform.samples
        self.rate = waveform.rate
        self.seconds: float | None = len(self._samples) / max(1, waveform.rate)

    def blocks(self) -> Iterator[FloatArray]:
        for start in range(0, len(self._samples), 1 << 18):
            yield self._samples[None, start : start + (1 << 18)]


def _check_header(sound: Sound, name: str, limits: Limits) -> None:
    if sound.rate not in _RATES:
        raise CorruptMediaError(
            name,
            f"has a sample rate of {sound.rate} Hz by its header; "
            f"{_RATES.start} to {_RATES.stop - 1} Hz are read",
        )
    if sound.seconds is not None:
        _check_length(sound.seconds, name, limits)


def _check_length(seconds: float, name: str, limits: Limits) -> None:
    if seconds > limits.audio_seconds + CODEC_PADDING:
        raise MediaTooLargeError(
            name, f"is longer than the limit of {limits.audio_seconds:g} s for one recording"
        )


def _check_blocks(sound: Sound, name: str, limits: Limits) -> Generator[FloatArray]:
    """The blocks of a sound, refused as soon as it shows what cannot be used."""
    count = 0
    low, high = float("inf"), float("-inf")
    for block in mix(sound.blocks(), sound.rate):
        block_low, block_high = float(block.min()), float(block.max())
        # NaN compares as false, and min and max carry it.
        if not (block_low >= -_LOUDEST and block_high <= _LOUDEST):
            raise CorruptMediaError(
                name, f"has samples that are no finite numbers near {count / sound.rate:.1f} s"
            )
        low, high = min(low, block_low), max(high, block_high)
        count += len(block)
        _check_length(count / sound.rate, name, limits)
        yield block
    if count == 0:
        raise EmptyMediaError(name, "is a recording that holds no samples")
    if high - low < SILENCE:
        raise EmptyMediaError(name, "is a recording of nothing but silence")


def _resample(blocks: Iterator[FloatArray], rate: int, new_rate: int) -> Iterator[FloatArray]:
    """The blocks at another rate. Where they are divided has no influence on the samples."""
    if rate == new_rate:
        yield from blocks
        return
    import numpy as np
    import soxr

    stream = soxr.ResampleStream(rate, new_rate, 1, dtype="float32", quality=_QUALITY)
    for block in blocks:
        part = stream.resample_chunk(np.ascontiguousarray(block))
        if len(part):
            yield part
    rest = stream.resample_chunk(np.zeros(0, np.float32), last=True)
    if len(rest):
        yield rest
