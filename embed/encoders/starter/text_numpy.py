"""The starter model's text network in numpy, for one text of a query at a time.

To import torch takes longer than all the rest of a search from the command line. The numbers are
those of `anysense.embed.encoders.starter.text`, to rounding.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.encoders.starter.weights import DATA_FOLDER, map_arrays

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anysense.embed.encoders.starter.tokens import TextTokens
    from anysense.embed.types import FloatArray

__all__ = ["NumpyTextTower", "erf"]

_HEADS, _LAYERS, _EPSILON = 12, 6, 1e-12
# Abramowitz and Stegun, Handbook of Mathematical Functions (1964), 7.1.26.
_ERF_STEP = 0.3275911
_ERF_TERMS = (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)


def erf(x: FloatArray) -> FloatArray:
    """The error function, to 5e-7 in single precision; numpy has none."""
    size = np.abs(x)
    t = 1.0 / (1.0 + np.float32(_ERF_STEP) * size)
    sum_ = np.zeros_like(t)
    for term in _ERF_TERMS:
        sum_ = (sum_ + np.float32(term)) * t
    out: FloatArray = np.copysign(1.0 - sum_ * np.exp(-size * size), x)
    return out


class NumpyTextTower:
    """Token ids of one text to its vector.

    Args:
        folder: where the manifest of the weights is.

    Raises:
        MissingWeightsError, CheckpointError: a file is not here, or not the one in the manifest.
    """

    def __init__(self, folder: Path = DATA_FOLDER) -> None:
        self._mean: FloatArray = map_arrays("heads", folder)["text.mean"]
        self._weights: Mapping[str, FloatArray] = map_arrays("text", folder)

    def encode(self, tokens: TextTokens) -> FloatArray:
        """The unit vector of a text, of shape (1, 384)."""
        x = self._weights["embeddings.word_embeddings.weight"][tokens]
        x += self._weights["embeddings.position_embeddings.weight"][: len(tokens)]
        x += self._weights["embeddings.token_type_embeddings.weight"][0]
        x = self._norm("embeddings.LayerNorm", x)
        for number in range(_LAYERS):
            x = self._layer(f"encoder.layer.{number}", x)
        pooled = x.mean(axis=0)
        vector = pooled / np.linalg.norm(pooled) - self._mean
        out: FloatArray = (vector / np.linalg.norm(vector))[None]
        return out

    def _layer(self, name: str, x: FloatArray) -> FloatArray:
        query, key, value = (
            self._linear(f"{name}.attention.self.{part}", x)
            .reshape(len(x), _HEADS, -1)
            .transpose(1, 0, 2)
            for part in ("query", "key", "value")
        )
        likeness = query @ key.transpose(0, 2, 1) / np.float32(np.sqrt(query.shape[-1]))
        shares = np.exp(likeness - likeness.max(axis=2, keepdims=True))
        shares /= shares.sum(axis=2, keepdims=True)
        heard = (shares @ value).transpose(1, 0, 2).reshape(x.shape)
        x = self._norm(
            f"{name}.attention.output.LayerNorm",
            x + self._linear(f"{name}.attention.output.dense", heard),
        )
        grown = self._linear(f"{name}.intermediate.dense", x)
        grown *= (1.0 + erf(grown * np.float32(0.5**0.5))) * np.float32(0.5)
        shrunk = self._linear(f"{name}.output.dense", grown)
        return self._norm(f"{name}.output.LayerNorm", x + shrunk)

    def _linear(self, name: str, x: FloatArray) -> FloatArray:
        out: FloatArray = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return out

    def _norm(self, name: str, x: FloatArray) -> FloatArray:
        x = x - x.mean(axis=1, keepdims=True)
        x /= np.sqrt(np.mean(x * x, axis=1, keepdims=True) + np.float32(_EPSILON))
        out: FloatArray = x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return out
