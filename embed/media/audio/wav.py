"""Samples as a WAV file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO, Literal

if TYPE_CHECKING:
    from anysense.embed.types import Waveform

__all__ = ["wav_bytes", "write_wav"]

Subtype = Literal["PCM_16", "FLOAT"]


def wav_bytes(waveform: Waveform, subtype: Subtype = "PCM_16") -> bytes:
    """A mono WAV file of some samples; see `write_wav` for the arguments."""
    out = io.BytesIO()
    write_wav(out, waveform, subtype)
    return out.getvalue()


def write_wav(out: BinaryIO, waveform: Waveform, subtype: Subtype = "PCM_16") -> None:
    """Write some samples as a mono WAV file.

    Args:
        out: an empty file.
        waveform: the samples. What is louder than 1 is scaled down where the file holds integers.
        subtype: 16-bit integers, which every player takes, or floats, which are the samples.
    """
    import numpy as np
    import soundfile

    samples = waveform.samples
    loudest = float(np.abs(samples).max(initial=0.0))
    if subtype == "PCM_16" and loudest > 1.0:
        samples = samples / np.float32(loudest)
    soundfile.write(out, samples, waveform.rate, format="WAV", subtype=subtype)
