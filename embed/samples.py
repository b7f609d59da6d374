"""Samples as people have them, as the mono samples that anysense takes.

Libraries disagree about what comes first, the channels (torchaudio, librosa) or time (soundfile,
SciPy), and hold samples as numbers of many kinds. What cannot be told is refused, not guessed: a
mean over time instead of over channels is a short click of no meaning.
"""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.mixing import mix

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["mono_samples", "whole_rate"]

_MOST_CHANNELS = 32
_LEAST_RATIO = 16
"""How many times as long as its channels a sound is at least, for these to be told from time."""
_FULL_SCALES = {"int8": 1 << 7, "int16": 1 << 15, "int32": 1 << 31, "uint8": 1 << 7}


def mono_samples(samples: Any, rate: int) -> NDArray[np.float32]:
    """Float32 samples of shape (n,), nominally in [-1, 1].

    Args:
        samples: an array or a tensor of shape (n,), (n, channels) or (channels, n), of floats, or
            of integers as WAV files have them: 8, 16 or 32 bits with a sign, or 8 bits without one.
            Samples that need no change are given back as they are.
        rate: samples per second of each channel.

    Raises:
        UsageError: which axis has the channels cannot be told, or what the numbers mean.
    """
    import numpy as np

    if type(samples) is np.ndarray and samples.dtype == np.float32 and samples.ndim == 1:
        return samples
    channels = _channels(_floats(_array(samples)))
    if len(channels) == 1:
        mono: NDArray[np.float32] = channels[0]
        return mono
    return np.concatenate([channels[0, :0], *mix([channels], rate)])


def whole_rate(rate: Any) -> int:
    """A rate as a whole number, which some libraries give as another kind of number.

    Raises:
        UsageError: it is none.
    """
    if isinstance(rate, Integral):
        return int(rate)
    if isinstance(rate, Real) and float(rate).is_integer():
        return int(float(rate))
    raise UsageError(f"The rate of a sound is a whole number of Hz, not {str(rate)[:40]}.")


def _array(samples: Any) -> NDArray[Any]:
    import numpy as np

    if hasattr(samples, "detach"):  # a tensor of torch, which may be elsewhere, or of bfloat16
        samples = samples.detach().cpu()
        samples = samples.float() if samples.is_floating_point() else samples
    try:
        return np.asarray(samples)
    except (TypeError, ValueError, RuntimeError) as error:
        raise UsageError(f"The samples of a sound are an array of numbers ({error}).") from error


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    import numpy as np

    if np.issubdtype(array.dtype, np.floating):
        with np.errstate(over="ignore"):  # becomes infinite, which is refused when it is read
            return array.astype(np.float32, copy=False)
    scale = _FULL_SCALES.get(array.dtype.name)
    if scale is None:
        raise UsageError(
            f"Samples of type {array.dtype} have no known loudest value: give floats between -1 "
            "and 1, or integers of 8, 16 or 32 bits."
        )
    floats: NDArray[np.float32] = array.astype(np.float32)
    if array.dtype.kind == "u":
        floats -= scale
    floats *= 1 / scale
    return floats


def _channels(array: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples of shape (channels, n)."""
    compact = array.reshape(tuple(length for length in array.shape if length != 1))
    if array.ndim > 0 and (compact.ndim <= 1 or array.size == 0):
        return compact.reshape(1, array.size)
    if compact.ndim == 2:
        few, many = sorted(compact.shape)
        if few <= _MOST_CHANNELS and many >= _LEAST_RATIO * few:
            return compact if compact.shape[0] == few else compact.T
    raise UsageError(
        f"Which axis of samples of shape {array.shape} has the channels cannot be told: give one "
        f"channel, shape (n,), or up to {_MOST_CHANNELS} of a sound that is far longer than that."
    )
