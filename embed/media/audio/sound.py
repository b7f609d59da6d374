"""An opened recording, whichever library decodes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.embed.types import FloatArray

__all__ = ["BLOCK_SAMPLES", "Sound"]

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
        """Yield the samples in order as float32 of shape (channels, n), n above 0; only once."""
        ...
