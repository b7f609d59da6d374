"""The mel spectrogram that the starter model's audio network takes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from anysense.embed.errors import CorruptMediaError, EmptyMediaError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["RATE", "WINDOW_SECONDS", "log_mel", "mel_filters"]

RATE = 44_100
WINDOW_SECONDS = 10.0

_FRAME, _HOP, _MELS = 2048, 1024, 96
_SCALE, _CEILING = 1e4, 9.457798957824707


@functools.lru_cache(maxsize=1)
def mel_filters() -> NDArray[np.float64]:
    """Triangular filters on the HTK mel scale, each summing to one: shape (1025, 96)."""
    import numpy as np

    top = 2595.0 * np.log10(1.0 + RATE / 2 / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(0.0, top, _MELS + 2) / 2595.0) - 1.0)
    bins = np.linspace(0.0, RATE / 2, _FRAME // 2 + 1)
    rise = (bins[:, None] - edges[None, :-2]) / np.diff(edges)[None, :-1]
    fall = (edges[None, 2:] - bins[:, None]) / np.diff(edges)[None, 1:]
    filters = np.maximum(0.0, np.minimum(rise, fall))
    out: NDArray[np.float64] = filters / filters.sum(axis=0, keepdims=True)
    return out


def log_mel(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """The network's input for samples at 44.1 kHz: shape (frames, 96), 0 is silence.

    Power in 96 mel bands of 46 ms frames 23 ms apart, as log10(1e4 x + 1), over its maximum in the
    network's training data. The sound is scaled to a peak of one first.

    Raises:
        EmptyMediaError: no samples.
        CorruptMediaError: samples that are not finite.
    """
    import numpy as np

    sound = np.asarray(samples, dtype=np.float64).reshape(-1)
    if sound.size == 0:
        raise EmptyMediaError("<audio>", "no samples; the recording is empty.")
    peak = float(np.abs(sound).max())
    if not np.isfinite(peak):
        raise CorruptMediaError("<audio>", "samples that are not numbers; decode the file again.")
    if peak > 0.0:
        sound = sound / peak
    signal = np.pad(sound, _FRAME // 2)
    count = 1 + (signal.size - _FRAME) // _HOP
    frames = np.lib.stride_tricks.sliding_window_view(signal, _FRAME)[::_HOP][:count]
    window = np.hanning(_FRAME + 1)[:-1]
    power = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
    bands = power @ mel_filters()
    out: NDArray[np.float32] = (np.log10(_SCALE * bands + 1.0) / _CEILING).astype(np.float32)
    return out
