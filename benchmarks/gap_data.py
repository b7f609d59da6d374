"""Vectors that behave like those of a two-tower model: clusters, noise, and a modality gap.

A picture is the unit vector of

    (0.5 theme + 0.5 topic + 0.8 detail) B + 0.8 g_image + 0.2 e

where a theme (one of 40), a topic (one of 2,000, each of one theme, drawn by a Zipf law of exponent
0.7) and the detail are Gaussian with a spectrum that falls as rank^-0.35, B is a random rotation,
g_image a fixed unit vector and e Gaussian noise of unit length. A text is made of the same parts,
but with a rotation that is half as far from B as chance, with another gap g_text, and with 3 e: the
texts lie elsewhere than the pictures, and their neighbours among the pictures are far away and
almost equally far. Liang et al., "Mind the gap" (2022), describe the gap of real models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

DIMENSION = 512
DESCRIPTION = " ".join(str(__doc__).split())

_THEMES, _TOPICS = 40, 2000
_CHUNK = 20_000


class GapData:
    """One world, by its seed: `pictures` to be indexed, and queries of two kinds."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = rng = np.random.default_rng(seed)
        self._spectrum = np.arange(1, DIMENSION + 1, dtype=np.float32) ** -0.35
        self._spectrum /= np.linalg.norm(self._spectrum)
        self._themes = self._normal(_THEMES) * self._spectrum
        self._topics = self._normal(_TOPICS) * self._spectrum
        self._theme_of = rng.integers(0, _THEMES, _TOPICS)
        popularity = np.arange(1, _TOPICS + 1) ** -0.7
        self._popularity = popularity / popularity.sum()
        rotation = np.linalg.qr(self._normal(DIMENSION))[0]
        other = 0.5 * self._normal(DIMENSION) / np.sqrt(DIMENSION)
        self._views = {"image": rotation, "text": rotation + other}
        image, text = (gap / np.linalg.norm(gap) for gap in self._normal(2))
        self._gaps = {"image": image, "text": text}
        self._noise = {"image": 0.2, "text": 3.0}

    def draw(self, n: int, modality: str, seed: Any = None) -> Any:
        """Unit vectors (n, 512) float32 of ``image`` or ``text``.

        Args:
            n: how many.
            modality: which.
            seed: whole numbers that decide what is drawn; by default each draw goes on from the
                one before.
        """
        rng = self._rng if seed is None else np.random.default_rng(seed)
        topic = rng.choice(_TOPICS, n, p=self._popularity)
        content = 0.5 * self._themes[self._theme_of[topic]] + 0.5 * self._topics[topic]
        content += 0.8 * self._normal(n, rng) * self._spectrum
        vectors = content @ self._views[modality] + 0.8 * self._gaps[modality]
        vectors += self._noise[modality] / np.sqrt(DIMENSION) * self._normal(n, rng)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def pictures(self, n: int) -> Any:
        """The vectors to be indexed: (n, 512) float16, made in chunks."""
        vectors = np.empty((n, DIMENSION), dtype=np.float16)
        for start in range(0, n, _CHUNK):
            stop = min(n, start + _CHUNK)
            vectors[start:stop] = self.draw(stop - start, "image")
        return vectors

    def _normal(self, n: int, rng: Any = None) -> Any:
        return (rng or self._rng).standard_normal((n, DIMENSION), dtype=np.float32)


def chunks(vectors: Any, size: int = 20_000) -> Iterator[tuple[Any, Any]]:
    """Ids and float32 vectors, a chunk at a time: what every engine is built from."""
    for start in range(0, len(vectors), size):
        part = vectors[start : start + size].astype(np.float32)
        yield np.arange(start, start + len(part), dtype=np.int64), part
