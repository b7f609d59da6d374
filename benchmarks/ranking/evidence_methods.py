"""The ways to score an item by the scores of its segments that are compared.

A segment's score s says that a share p = 10^-s of the segments that have nothing to do with a
query scores so high: it is -log10 of a p-value. Some ways combine p-values and keep that promise
for items (Šidák, Simes, the harmonic mean, Fisher); the others are heuristics that rank.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[Any]
MOST = 9  # segments of an item that a search knows the scores of: the best and eight others
SMALLEST = 1e-300


@dataclass(frozen=True)
class Evidence:
    """What is known of each item for each query; what an item does not have counts as 0.

    Attributes:
        top: the scores of its best segments, (queries, items, `MOST`), best first.
        segments: how many it has, (items,).
        by_modality: its best score in each modality, (queries, items, modalities).
        modalities: in how many modalities it has segments, (items,).
        segments_by_modality: how many it has in each, (items, modalities).
    """

    top: Array
    segments: Array
    by_modality: Array
    modalities: Array
    segments_by_modality: Array


def gather(scores: Array, item_of: Array, modality_of: Array) -> Evidence:
    """The evidence of scores of segments, (queries, segments), whose items are 0, 1, ...

    Args:
        scores: of the segments.
        item_of: the item of each segment.
        modality_of: the modality of each segment, as a number from 0.
    """
    items = int(item_of.max()) + 1
    counts = np.zeros((items, 3), int)
    np.add.at(counts, (item_of, modality_of), 1)
    widest = max(int(counts.sum(axis=1).max()), MOST)
    padded = np.zeros((len(scores), items, widest))
    order = np.argsort(item_of, kind="stable")
    first = np.searchsorted(item_of[order], np.arange(items))
    padded[:, item_of[order], np.arange(len(order)) - first[item_of[order]]] = scores[:, order]
    by_modality = np.zeros((len(scores), items, 3))
    for segment in range(len(item_of)):
        best = by_modality[:, item_of[segment], modality_of[segment]]
        np.maximum(best, scores[:, segment], out=best)
    top = -np.sort(-padded, axis=2)[:, :, :MOST]
    return Evidence(top, counts.sum(axis=1), by_modality, (counts > 0).sum(axis=1), counts)


def best(evidence: Evidence) -> Array:
    """As it is: the item's best segment."""
    scores: Array = evidence.top[:, :, 0]
    return scores


def sidak(evidence: Evidence, power: float = 1.0) -> Array:
    """The best of n chances: 1 - (1 - p)^n (Šidák, 1967).

    Args:
        evidence: of the items.
        power: n segments count as n^power, as neighbours are no independent chances.
    """
    return best_of(evidence.top[:, :, 0], evidence.segments**power)


def best_of(scores: Array, chances: Array) -> Array:
    """The score of the best of so many independent chances."""
    share = np.clip(10.0**-scores, SMALLEST, 1 - 1e-12)
    combined: Array = -np.log10(-np.expm1(chances * np.log1p(-share)))
    return combined


def simes(evidence: Evidence) -> Array:
    """The least of n p / rank, the smallest p first (Simes, 1986); n best alike lose nothing."""
    ranks = np.arange(1, MOST + 1)
    scores = evidence.top + np.log10(ranks / evidence.segments[:, None])
    scores = np.where(ranks <= evidence.segments[:, None], scores, 0.0)
    combined: Array = np.maximum(scores.max(axis=2), 0.0)
    return combined


def harmonic(evidence: Evidence, power: float = 1.0) -> Array:
    """The harmonic mean of the p-values (Wilson, PNAS 2019).

    It is what Bayes' rule gives if one segment is the relevant one, whichever it is, and odds are
    1 / p. With a power below 1 longer items are likelier to be relevant beforehand.

    Args:
        evidence: of the items.
        power: the sum is divided by n^power.
    """
    exists = np.arange(MOST) < evidence.segments[:, None]
    total = np.where(exists, 10.0 ** np.minimum(evidence.top, 200.0), 0.0).sum(axis=2)
    rest = np.maximum(evidence.segments - MOST, 0)  # are not known: 1 at least
    combined: Array = np.log10((total + rest) / evidence.segments**power)
    return combined


def soft_maximum(evidence: Evidence, power: float, sharpness: float = 2.0) -> Array:
    """Between the harmonic sum, which has a sharpness of 1, and the best segment."""
    exists = np.arange(MOST) < evidence.segments[:, None]
    powers = np.where(exists, 10.0 ** np.minimum(sharpness * evidence.top, 200.0), 0.0)
    combined: Array = np.log10(powers.sum(axis=2)) / sharpness - power * np.log10(evidence.segments)
    return combined


def fisher(evidence: Evidence, *, corrected: bool) -> Array:
    """Fisher's method over modalities, each with its best segment (1932).

    Args:
        evidence: of the items.
        corrected: for how many segments each modality has.
    """
    scores = evidence.by_modality
    if corrected:
        scores = best_of(scores, np.maximum(evidence.segments_by_modality, 1))
        scores = np.where(evidence.segments_by_modality > 0, scores, 0.0)
    total = math.log(10) * scores.sum(axis=2)
    series = 1 + np.where(evidence.modalities > 1, total, 0.0)
    series = series + np.where(evidence.modalities > 2, total**2 / 2, 0.0)
    combined: Array = (total - np.log(series)) / math.log(10)
    return combined


def summed(evidence: Evidence, decay: float, most: int = MOST) -> Array:
    """The sum of the best scores, each counting `decay` times the one before.

    With a decay of 1 it is noisy-or (Pearl, 1988) of probabilities 1 - p: one less their product is
    the product of the p-values.
    """
    total: Array = (evidence.top[:, :, :most] * decay ** np.arange(most)).sum(axis=2)
    return total


def noisy_or(evidence: Evidence, even: float, most: int = MOST) -> Array:
    """Noisy-or of probabilities that are a half at a score of `even`, on the scale of scores.

    The odds that a segment is relevant are taken as 10^(s - even).
    """
    logs = np.log10(1 + 10.0 ** (evidence.top[:, :, :most] - even))
    total: Array = logs.sum(axis=2)
    return total


def mean_of_two(evidence: Evidence) -> Array:
    """The mean of the best two scores; of one if there is no other."""
    return np.where(evidence.segments > 1, evidence.top[:, :, :2].mean(axis=2), best(evidence))


def agreeing(evidence: Evidence, share: float, *, corrected: bool = False) -> Array:
    """The best, and a share of what another modality has beyond a score of 1.

    Args:
        evidence: of the items.
        share: how much it counts.
        corrected: for how many segments the modality has.
    """
    scores = evidence.by_modality
    if corrected:
        scores = best_of(scores, np.maximum(evidence.segments_by_modality, 1))
        # The best modality stays the best: it must not agree with itself.
        leads = evidence.by_modality.argmax(axis=2)[:, :, None] == np.arange(3)
        second = np.where(leads, 0.0, scores).max(axis=2)
    else:
        second = np.sort(scores, axis=2)[:, :, -2]
    combined: Array = best(evidence) + share * np.maximum(second - 1, 0.0)
    return combined


METHODS: dict[str, dict[str, Callable[[Evidence], Array]]] = {
    "best segment": {"": best},
    "Šidák": {"": sidak},
    "part of Šidák": {f"n^{power}": partial(sidak, power=power) for power in (0.25, 0.5)},
    "Simes": {"": simes},
    "harmonic mean": {"": harmonic},
    "harmonic sum": {
        f"over n^{power}": partial(harmonic, power=power) for power in (0.0, 0.25, 0.5)
    },
    "soft maximum": {
        f"over n^{power}": partial(soft_maximum, power=power)
        for power in (0.0, 0.1, 0.15, 0.2, 0.25)
    },
    "Fisher over modalities": {
        "best of each": partial(fisher, corrected=False),
        "Šidák of each": partial(fisher, corrected=True),
    },
    "noisy-or of 1 - p": {
        f"top {most}": partial(summed, decay=1.0, most=most) for most in (2, 3, 9)
    },
    "noisy-or of odds": {
        f"even at {even}, top {most}": partial(noisy_or, even=even, most=most)
        for even in (1.0, 2.0, 3.0)
        for most in (2, 9)
    },
    "decaying sum": {f"by {decay}": partial(summed, decay=decay) for decay in (0.1, 0.25, 0.5)},
    "mean of the best two": {"": mean_of_two},
    "another modality agrees": {
        f"share {share}": partial(agreeing, share=share) for share in (0.1, 0.25, 0.5)
    },
    "another modality agrees, Šidák": {
        f"share {share}": partial(agreeing, share=share, corrected=True)
        for share in (0.1, 0.25, 0.5)
    },
}
"""Families of ways, and the variants of each, one of which is chosen on the development part."""
DEFAULT = "best segment"
NEAREST = "soft maximum, over n^0.1"  # wins a little over all, and loses nDCG in no case
