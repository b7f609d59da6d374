"""The log-mel spectrogram that CLAP hears, as LAION's own code and transformers compute it.

Y. Wu, K. Chen et al., "Large-scale Contrastive Language-Audio Pretraining with Feature Fusion and
Keyword-to-Caption Augmentation", ICASSP 2023: 48 kHz, windows of 10 s, 1024-point frames every 480
samples, 64 bands, decibels. A shorter sound is repeated as often as it fits whole, then padded with
silence. Longer ones never come here: `anysense.embed.media.audio.recording` cuts them, so nothing
is cropped at random.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from anysense.embed.errors import EmptyMediaError, EncoderError

if TYPE_CHECKING:
    from anysense.embed.types import Waveform

__all__ = ["RATE", "WINDOW_SECONDS", "MelSettings", "filter_bank", "log_mel"]

RATE = 48_000
WINDOW_SECONDS = 10.0
SAMPLES = 480_000
FRAME = 1024
HOP = 480
BANDS = 64


@dataclass(frozen=True)
class MelSettings:
    """Which filters a checkpoint was trained with.

    Attributes:
        slaney: Slaney's filters of equal area (checkpoints without feature fusion), or HTK's
            triangles of equal height (those with it).
        lowest: the lower end of the lowest band in Hz.
        highest: the upper end of the highest band in Hz.
    """

    slaney: bool = True
    lowest: float = 50.0
    highest: float = 14_000.0


def log_mel(waveform: Waveform, settings: MelSettings) -> torch.Tensor:
    """Decibels per frame and band of one window, float32 of shape (1001, 64).

    Raises:
        EmptyMediaError: no samples.
        EncoderError: not at 48 kHz, or longer than a window.
    """
    if waveform.rate != RATE or len(waveform.samples) > SAMPLES:
        raise EncoderError(
            f"CLAP takes up to {WINDOW_SECONDS:g} s at {RATE} Hz, but was given {waveform!r}."
        )
    if len(waveform.samples) == 0:
        raise EmptyMediaError("<samples>", "has no samples")
    samples = _fill(torch.from_numpy(waveform.samples).double())
    signal = torch.nn.functional.pad(samples[None], (FRAME // 2, FRAME // 2), mode="reflect")[0]
    frames = signal.unfold(0, FRAME, HOP) * _window()
    power = torch.view_as_real(torch.fft.rfft(frames)).square().sum(-1)
    # In double precision, as decibels of what is nearly silent would else be noise of rounding.
    return (10.0 * torch.log10((power @ filter_bank(settings)).clamp_min(1e-10))).float()


def filter_bank(settings: MelSettings) -> torch.Tensor:
    """The weight of each frequency in each band, float64 of shape (513, 64)."""
    return _filter_bank(settings)


@functools.lru_cache(maxsize=8)
def _filter_bank(settings: MelSettings) -> torch.Tensor:
    from transformers.audio_utils import mel_filter_bank

    bank = mel_filter_bank(
        num_frequency_bins=FRAME // 2 + 1,
        num_mel_filters=BANDS,
        min_frequency=settings.lowest,
        max_frequency=settings.highest,
        sampling_rate=RATE,
        norm="slaney" if settings.slaney else None,
        mel_scale="slaney" if settings.slaney else "htk",
    )
    return torch.from_numpy(bank).double().contiguous()


@functools.lru_cache(maxsize=1)
def _window() -> torch.Tensor:
    return torch.hann_window(FRAME, periodic=True, dtype=torch.float64)


def _fill(samples: torch.Tensor) -> torch.Tensor:
    whole = samples.repeat(SAMPLES // len(samples))
    return torch.nn.functional.pad(whole, (0, SAMPLES - len(whole)))
