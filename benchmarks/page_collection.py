"""A collection of many small media that are made in a minute: pictures, texts and sounds.

The files are real, and so is the ranking; what they show is chance. Run with the arguments of
`anysense`, this is the command line with the encoder of such collections.
"""

from __future__ import annotations

import re
import sys
import wave
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.types import Content, Modality, Passage, Space, Waveform
from anysense.index.building.build import build
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from anysense.embed.types import FloatArray

SEED, DIMENSION, RATE = 0, 128, 8000
SIDES = ((1280, 854), (854, 1280), (1280, 960), (1280, 720), (1024, 1024))
WORDS = (
    *("waves", "beach", "dog", "cat", "forest", "rain", "street", "market", "music", "guitar"),
    *("thunder", "bird", "train", "mountain", "lake", "fire", "bread", "coffee", "boat", "bridge"),
)


def make_media(folder: Path, number: int) -> None:
    """Of every ten files seven pictures, two texts and a sound; a hundred a folder."""
    for inner in range(-(-number // 100)):
        (folder / f"{inner:04d}").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor() as threads:
        list(
            threads.map(
                lambda i: make_file(folder / f"{i // 100:04d}" / f"{i:06d}", i), range(number)
            )
        )


def make_file(stem: Path, i: int) -> None:
    rng = np.random.default_rng((SEED, i))
    if i % 10 < 7:
        small = Image.fromarray(rng.integers(0, 256, (6, 9, 3), dtype=np.uint8))
        picture = small.resize(SIDES[i % len(SIDES)], Image.Resampling.BICUBIC)
        picture.save(stem.with_suffix(".jpg"), quality=85)
    elif i % 10 < 9:
        words = rng.choice(WORDS, 60)
        stem.with_suffix(".txt").write_text(f"Note {i}: {' '.join(words)}.", encoding="utf-8")
    else:
        times = np.arange(2 * RATE) / RATE
        tone = 9000 * np.sin(2 * np.pi * rng.uniform(100, 3000) * times) * rng.random(len(times))
        with wave.open(str(stem.with_suffix(".wav")), "wb") as file:
            file.setparams((1, 2, RATE, 0, "NONE", ""))
            file.writeframes(tone.astype("<i2").tobytes())


class CheapEncoder:
    """Vectors by a fixed projection of a few pixels, of a spectrum, or of the words of a text."""

    space = Space("cheap", "1", DIMENSION, frozenset(Modality))
    sample_rate = RATE
    window_seconds = 10.0

    def __init__(self) -> None:
        self._of_pixels = np.random.default_rng(SEED).standard_normal((192, DIMENSION))

    def passages(self, text: str) -> list[Passage]:
        return [Passage(0, len(text), text)]

    def prepare(self, modality: Modality, content: Content) -> Any:
        if isinstance(content, str):
            words = re.findall(r"\w+", content.lower())[:200]
            return np.sum([self._of_pixels[zlib.crc32(w.encode()) % 192] for w in words], axis=0)
        if isinstance(content, Waveform):
            parts = np.array_split(np.abs(np.fft.rfft(content.samples)), 192)
            return np.log1p([part.mean() for part in parts]) @ self._of_pixels
        pixels = np.asarray(content.convert("RGB").resize((8, 8)), np.float64)
        return (pixels.ravel() / 255 - 0.5) @ self._of_pixels

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        vectors = np.stack(list(prepared)).astype(np.float32)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(lengths, np.float32(1e-6))


def register() -> None:
    register_encoder("cheap", lambda rest, device: CheapEncoder())


def make_collection(media: Path, path: Path) -> int:
    """Build it; the number of its items."""
    with Collection.create(path, ("cheap",)) as collection:
        return build(collection, [media]).added


if __name__ == "__main__":
    from anysense.server.cli.root import main

    register()
    sys.exit(main())
