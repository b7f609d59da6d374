"""What the best of several scores is worth: who asks several times has as many chances.

A query with several vectors, as a film of several scenes has, takes for each segment the best of
the scores that its vectors give it. Of n vectors that have nothing to do with one another one
unrelated segment in ten scores 1 or more with each, so nearly n in ten with the best. What is said
of a score holds again when it is corrected as Šidák (1967) does: the share p of chance becomes
1 - (1 - p)^n. Vectors that are alike find the same by chance and are fewer chances than vectors:
how many, their scores of a sample of the segments tell.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from anysense.embed.types import FloatArray

__all__ = ["LEVEL", "chances_of", "corrected", "uncorrected"]

LEVEL = 1.0
"""Chances are counted by what scores so high: a tenth of what is unrelated."""
KNOWN = 32.0
"""With a sample of so many segments, what it tells counts as much as that nothing is known."""
_FAR = 12.0
"""From this score on the correction is log10 of the chances, to more digits than a score has."""


def corrected(score: float, chances: float) -> float:
    """What the best of scores is worth where there were so many chances: over 0, rising with it.

    Args:
        score: the best one, over 0.
        chances: at least 1, and 1 changes nothing.
    """
    if chances == 1.0:
        return score
    if score > _FAR:
        return score - math.log10(chances)
    share = 10.0**-score
    missed = chances * math.log1p(-share) if share < 1 else -math.inf
    # Either way of writing the same loses digits where the other has them.
    if missed > -math.log(2):
        return -math.log10(-math.expm1(missed))
    return -math.log1p(-math.exp(missed)) / math.log(10)


def uncorrected(score: float, chances: float) -> float:
    """The best score that is worth so much: the reverse of `corrected`, over 0."""
    if chances == 1.0:
        return score
    if score > _FAR:
        return score + math.log10(chances)
    missed = math.log1p(-(10.0**-score)) / chances
    return -math.log10(-math.expm1(missed))


def chances_of(reached: Any, weights: FloatArray) -> float:
    """How many chances several vectors are: from 1, if they all find the same, to their number.

    It is how many vectors without anything in common would let so large a share of a sample reach
    `LEVEL` by the best of them. Of few segments little is known, and every vector counts.

    Args:
        reached: (n, m), which segments of the sample each vector gives a score of `LEVEL` or more.
        weights: (m,), how much each segment counts, with a sum of one.
    """
    number = float(len(reached))
    if number == 1 or not len(weights):
        return number
    of_best = float(weights @ reached.any(axis=0))
    of_each = float((reached @ weights).mean())
    if not 0 < of_each < 1 or of_best >= 1:
        return number
    told = min(max(math.log1p(-of_best) / math.log1p(-of_each), 1.0), number)
    # As many segments of equal weight would tell as much (Kish, 1965).
    size = 1 / float((weights.astype(float) ** 2).sum())
    share = size / (size + KNOWN)
    return float(told**share * number ** (1 - share))
