"""From cosines to scores that compare across modalities and spaces.

Cosines of different routes live on different scales: in CLIP, unrelated texts lie near 0.7 and
unrelated text-image pairs near 0.1. What compares is how far a cosine stands above those of items
that have nothing to do with the query. So a score is a z-score against the cosines of the same
query with a sample of the partition, drawn towards those of the whole route where the sample is
small. Relevant items in the sample must not raise the bar, hence the median and the median
absolute deviation (Rousseeuw & Croux, 1993) instead of mean and standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray

__all__ = ["Null", "fit_null"]

MAD_TO_DEVIATION = 1.4826  # of a normal distribution
PRIOR_WEIGHT = 16  # a sample of this size counts as much as the route's own null
LEAST_DEVIATION = 1e-3  # about the rounding of fp16 vectors: below it nothing can be told apart


@dataclass(frozen=True)
class Null:
    """The cosines of unrelated pairs: their centre, their spread, and how many were seen."""

    mean: float
    deviation: float
    count: int

    def score(self, cosine: float) -> float:
        """How many standard deviations a cosine lies above an unrelated item's."""
        return (cosine - self.mean) / self.deviation


UNKNOWN = Null(mean=0.0, deviation=0.1, count=0)
"""Where nothing was seen at all: cosines of random directions in about a hundred dimensions."""


def fit_null(cosines: FloatArray, prior: Null = UNKNOWN) -> Null:
    """Fit a null to cosines of (mostly) unrelated pairs, drawn towards a prior if they are few.

    Args:
        cosines: float32, any shape; a minority may belong to related pairs.
        prior: the null of a wider population.
    """
    import numpy as np

    count = cosines.size
    if count == 0:
        return prior
    median = float(np.median(cosines))
    deviation = MAD_TO_DEVIATION * float(np.median(np.abs(cosines - median)))
    share = count / (count + PRIOR_WEIGHT)
    variance = share * deviation**2 + (1 - share) * prior.deviation**2
    return Null(
        mean=share * median + (1 - share) * prior.mean,
        deviation=max(variance**0.5, LEAST_DEVIATION),
        count=count,
    )
