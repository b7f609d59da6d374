"""How well any scores of this kind could rank a gallery: fitted to its own labels.

A score that rises with the cosine within each route leaves one thing to choose, how the routes'
scores compare. Here that is chosen with the answers at hand: the probability that an item is
relevant, by a logistic regression of its relevance on the default's score, for each route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cases import Case

Array = NDArray[Any]
HIDDEN = -1e9
STEPS = 30  # of Newton's method, which is there after ten
RIDGE = 1e-3  # keeps a route whose matches are told apart without an error from going to infinity


def fitted_to_labels(subject: Case, blocks: list[Array]) -> list[Array]:
    """The logits of the relevance of all items, for each block of queries."""
    out = []
    for (_, _, about, _), scores in zip(subject.queries, blocks, strict=True):
        logits = np.full(scores.shape, HIDDEN)
        for modality in np.unique(subject.modalities):
            places = np.flatnonzero(subject.modalities == modality)
            relevant = subject.concepts[places] == about[:, None]
            shown = scores[:, places] > HIDDEN
            part = np.full(shown.shape, HIDDEN)
            part[shown] = logistic(scores[:, places][shown], relevant[shown])
            logits[:, places] = part
        out.append(logits)
    return out


def logistic(scores: Array, relevant: Array) -> Array:
    """The logits of a regression on a score and its square, of the scores that it is fitted to."""
    inputs = np.stack([np.ones(len(scores)), scores, scores**2], axis=1)
    weights = np.zeros(3)
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        slope = inputs.T @ (relevant - chance) - RIDGE * weights
        curvature = (inputs * (chance * (1 - chance))[:, None]).T @ inputs + RIDGE * np.eye(3)
        weights += np.linalg.solve(curvature, slope)
    logits: Array = inputs @ weights
    return logits
