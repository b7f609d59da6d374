"""How alike two items are, whatever their modalities, as searches see it.

Cosines of different pairs lie on different scales: by them everything lies nearest to its own kind,
and the modalities are islands. As in `anysense.index.calibration.scores`, the mean of each modality
is taken away, and a product counts by how far it stands out among those of chance pairs of the same
two modalities. Here that is known of the pair of modalities alone, not of each query, so that it
costs no more than the products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray

__all__ = ["MODALITIES", "Likeness", "code_of", "fit_likeness"]

MODALITIES = tuple(Modality)
"""What the code of a modality counts in; further ones may come behind."""

PRIOR = 2.0  # vectors of no mean: that of a single one would leave nothing of it
LEAST_PAIRS = 30  # with fewer chance pairs their deviation is not known
LEAST_DEVIATION = 1e-2  # of products of vectors that are all but the same
TYPICAL_DEVIATION = 0.15  # of products within a modality, once its mean is taken away


def code_of(modality: Modality) -> int:
    """The code of a modality."""
    return MODALITIES.index(modality)


@dataclass(frozen=True, eq=False)
class Likeness:
    """What is known of the modalities of a space.

    Attributes:
        centres: what vectors of a modality have in common, by its code: (m, d).
        means, deviations: of products of chance pairs of two modalities, by their codes: (m, m).
    """

    centres: FloatArray
    means: FloatArray
    deviations: FloatArray

    def centred(self, vectors: FloatArray, codes: NDArray[np.uint8]) -> FloatArray:
        """Vectors, (n, d), without what their modalities have in common, of length one."""
        return _unit(vectors - self.centres[codes])

    def between(
        self,
        vectors: FloatArray,
        codes: NDArray[np.uint8],
        others: FloatArray,
        other_codes: NDArray[np.uint8],
    ) -> FloatArray:
        """How alike centred vectors, (n, d), are to others, (m, d): (n, m), 0 for chance."""
        products = vectors @ others.T
        pairs = codes[:, None], other_codes[None, :]
        likeness: FloatArray = (products - self.means[pairs]) / self.deviations[pairs]
        return likeness


def fit_likeness(samples: Mapping[Modality, FloatArray], dimension: int) -> Likeness:
    """Fit what is known of the modalities of a space.

    Args:
        samples: vectors of each modality that there is, (n, d), that have nothing to do with each
            other: of the background and of the collection.
        dimension: of the space.
    """
    size = len(MODALITIES)
    centres = np.zeros((size, dimension), np.float32)
    means = np.zeros((size, size), np.float32)
    deviations = np.full((size, size), TYPICAL_DEVIATION, np.float32)
    centred = {}
    for modality, vectors in samples.items():
        if len(vectors):
            code = code_of(modality)
            centres[code] = vectors.sum(axis=0) / (len(vectors) + PRIOR)
            centred[code] = _unit(vectors - centres[code])
    for code, vectors in centred.items():
        for other, others in centred.items():
            products = vectors @ others.T
            chance = products[~np.eye(len(vectors), dtype=bool)] if code == other else products
            if chance.size >= LEAST_PAIRS:
                means[code, other] = chance.mean()
                deviations[code, other] = max(float(chance.std()), LEAST_DEVIATION)
    return Likeness(centres, means, deviations)


def _unit(vectors: FloatArray) -> FloatArray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: FloatArray = (vectors / np.maximum(lengths, 1e-6)).astype(np.float32)
    return result
