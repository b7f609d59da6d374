"""An opened recording, whichever library decodes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray

__all__ = ["BLOCK_SAMPLES", "Sound", "mix_to_mono"]

BLOCK_SAMPLES = 1 << 17
"""Samples of all channels together that are decoded at once: half a megabyte."""


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


def mix_to_mono(block: NDArray[np.float32], axis: int) -> FloatArray:
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
