"""Samples as a WAV file."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from anysense.embed.types import Waveform

__all__ = ["wav_bytes"]


def wav_bytes(waveform: Waveform, subtype: Literal["PCM_16", "FLOAT"] = "PCM_16") -> bytes:
    """A mono WAV file of some samples.

    Args:
        waveform: the samples. What is louder than 1 is scaled down where the file holds integers.
        subtype: 16-bit integers, which every player takes, or floats, which are the samples.
    """
    import numpy as np
    import soundfile

    samples = waveform.samples
    loudest = float(np.abs(samples).max(initial=0.0))
    if subtype == "PCM_16" and loudest > 1.0:
        samples = samples / np.float32(loudest)
    out = io.BytesIO()
    soundfile.write(out, samples, waveform.rate, format="WAV", subtype=subtype)
    return out.getvalue()
