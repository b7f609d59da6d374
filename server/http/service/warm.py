"""One small input of each modality for an encoder, so that no user waits for its first time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.types import Modality, Waveform

if TYPE_CHECKING:
    from anysense.embed.types import Content, Encoder

__all__ = ["encode_sample", "warm_up"]


def warm_up(encoder: Encoder) -> None:
    """Encode something of each modality: what libraries set up at first, they set up now.

    Raises:
        EncoderError: the model cannot be used.
    """
    for modality in sorted(encoder.space.modalities):
        encode_sample(encoder, modality)


def encode_sample(encoder: Encoder, modality: Modality) -> None:
    """Encode something small of a modality.

    Raises:
        EncoderError: the model cannot be used.
    """
    from anysense.embed.pipeline.query import encode_query

    encode_query(encoder, modality, _sample(modality, encoder))


def _sample(modality: Modality, encoder: Encoder) -> Content:
    if modality is Modality.TEXT:
        return "a word"
    if modality is Modality.IMAGE:
        from PIL import Image

        return Image.new("RGB", (64, 64), (90, 120, 60))
    import numpy as np

    rate = encoder.sample_rate or 48_000
    noise = np.random.default_rng(0).normal(0, 0.1, int(encoder.window_seconds * rate))
    return Waveform(noise.astype(np.float32), rate)
