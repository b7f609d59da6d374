"""What the procedural sounds are made of: noise, tones, decaying partials, placed in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import butter, sosfilt

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.random import Generator

__all__ = [
    "RATE",
    "Sound",
    "band",
    "burst",
    "every",
    "noise",
    "place",
    "ring",
    "scattered",
    "seconds",
    "slow",
    "tone",
]

RATE = 44_100
Sound = np.ndarray


def seconds(n: float) -> Sound:
    return np.arange(int(n * RATE)) / RATE


def band(x: Sound, low: float, high: float, order: int = 2) -> Sound:
    high = min(high, RATE / 2 * 0.98)
    sos = butter(order, [max(low, 10.0), high], "bandpass", fs=RATE, output="sos")
    return sosfilt(sos, x)


def noise(rng: Generator, n: float, low: float = 20, high: float = 20_000) -> Sound:
    return band(rng.standard_normal(int(n * RATE)), low, high)


def slow(rng: Generator, n: float, rate: float) -> Sound:
    """A smooth random curve in [0, 1] that changes about `rate` times a second."""
    points = rng.random(max(4, int(n * rate) + 3))
    return np.interp(np.linspace(0, len(points) - 1, int(n * RATE)), np.arange(len(points)), points)


def tone(freq: Sound | float, n: float, partials: tuple[float, ...] = (1.0,)) -> Sound:
    phase = 2 * np.pi * np.cumsum(np.broadcast_to(freq, int(n * RATE))) / RATE
    return sum(a * np.sin((k + 1) * phase) for k, a in enumerate(partials))


def ring(rng: Generator, base: float, ratios: tuple[float, ...], decay: float, n: float) -> Sound:
    """Decaying partials: a struck thing."""
    t = seconds(n)
    out = np.zeros_like(t)
    for k, ratio in enumerate(ratios):
        amplitude = rng.uniform(0.4, 1.0) / (1 + 0.5 * k)
        out += amplitude * np.sin(2 * np.pi * base * ratio * t) * np.exp(-t * (1 + 0.6 * k) / decay)
    return out


def place(n: float, starts: list[float], make: Callable[[int], Sound]) -> Sound:
    """Short sounds put at the given seconds."""
    out = np.zeros(int(n * RATE))
    for index, start in enumerate(starts):
        piece = make(index)
        at = int(start * RATE)
        piece = piece[: max(0, len(out) - at)]
        out[at : at + len(piece)] += piece
    return out


def every(rng: Generator, n: float, step: float, jitter: float = 0.05) -> list[float]:
    starts = np.arange(0.05, n - 0.1, step)
    return list(np.clip(starts + rng.normal(0, jitter * step, len(starts)), 0, None))


def scattered(rng: Generator, n: float, rate: float) -> list[float]:
    return sorted(rng.uniform(0, n, rng.poisson(rate * n) + 1))


def burst(rng: Generator, n: float, low: float, high: float, decay: float) -> Sound:
    t = seconds(n)
    return noise(rng, n, low, high) * np.exp(-t / decay)
