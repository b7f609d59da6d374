"""How heads are judged: on concepts that they were not fitted to.

Evaluation media (copyleft, never fitted to) are grouped by concept, concepts by family: two
concepts that share a word are one family. Families are dealt once into a validation split, on which
every choice is made, and a test split. Inside a split they are dealt into five folds; for each fold
a head is fitted to the training media without the fold's families, and only the fold's concepts are
queried, against the whole split. So distractors may be familiar to the head; the answer never is.

A gallery holds one item of each concept, drawn 20 times; the query is that item's caption, or the
item itself. So a query has one right answer, and chance is k over the number of concepts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from media import Item, families, words

__all__ = [
    "FOLDS",
    "Split",
    "chance",
    "deal",
    "fitted",
    "interval",
    "near_duplicates",
    "ranks",
    "recalls",
    "split_of",
    "unseen",
]

FOLDS, DRAWS, SEED = 5, 20, 0
VALIDATION_SHARE = 0.4
CUTOFFS = (1, 5, 10)
Fit = Callable[[np.ndarray], np.ndarray]  # rows to fit to -> vectors of all rows


ALIKE = 0.7  # captions of a cosine above this are one concept, whatever their words


@dataclass(frozen=True)
class Split:
    """Rows of one modality's evaluation items by concept, and the concepts of each fold."""

    name: str
    rows: dict[str, list[int]]
    folds: list[list[str]]


def deal(items: Sequence[Item]) -> dict[str, tuple[str, int]]:
    """Concept -> (split, fold), for the evaluation concepts of all modalities together."""
    family = families([item.concept for item in items if item.role == "evaluation"])
    members: dict[int, list[str]] = {}
    for concept in sorted(family):
        members.setdefault(family[concept], []).append(concept)
    order = np.random.default_rng(SEED).permutation(sorted(members))
    size = {"validation": 0, "test": 0}
    load = {name: [0] * FOLDS for name in size}
    out = {}
    for key in map(int, order):
        ahead = size["validation"] * (1 - VALIDATION_SHARE) > size["test"] * VALIDATION_SHARE
        name = "test" if ahead else "validation"
        fold = int(np.argmin(load[name]))
        size[name] += len(members[key])
        load[name][fold] += len(members[key])
        out.update(dict.fromkeys(members[key], (name, fold)))
    return out


def split_of(name: str, items: Sequence[Item], dealt: dict[str, tuple[str, int]]) -> Split:
    """One modality's part of a split."""
    rows: dict[str, list[int]] = {}
    for row, item in enumerate(items):
        if item.role == "evaluation" and dealt[item.concept][0] == name:
            rows.setdefault(item.concept, []).append(row)
    folds = [[c for c in sorted(rows) if dealt[c][1] == fold] for fold in range(FOLDS)]
    return Split(name, {c: rows[c] for c in sorted(rows)}, folds)


def unseen(
    items: Sequence[Item],
    captions: np.ndarray,
    dealt: dict[str, tuple[str, int]],
    name: str,
    fold: int,
) -> np.ndarray:
    """Training rows that share no word and no meaning with the concepts of a fold."""
    held = [c for c, place in dealt.items() if place == (name, fold)]
    taken = set().union(*(words(concept) for concept in held))
    rows = [r for r, item in enumerate(items) if item.role == "evaluation" and item.concept in held]
    alike = np.zeros(len(items), dtype=bool)
    if rows:
        alike = (captions @ captions[rows].T).max(axis=1) > ALIKE
    return np.array(
        [
            row
            for row, item in enumerate(items)
            if item.role == "training"
            and not alike[row]
            and not (words(item.concept) | words(item.caption)) & taken
        ]
    )


def fitted(
    fit: Fit,
    items: Sequence[Item],
    captions: np.ndarray,
    dealt: dict[str, tuple[str, int]],
    name: str,
) -> list[np.ndarray]:
    """For each fold, the vectors of all rows by a head that never saw the fold's concepts."""
    return [fit(unseen(items, captions, dealt, name, fold)) for fold in range(FOLDS)]


def ranks(vectors: list[np.ndarray], captions: np.ndarray, split: Split) -> dict[str, np.ndarray]:
    """Ranks (from 0) of the right answer, shape (draws, concepts), text to media and back."""
    rng = np.random.default_rng(SEED)
    concepts = sorted(split.rows)
    column = {concept: index for index, concept in enumerate(concepts)}
    shape = (DRAWS, len(concepts))
    forward, backward = np.zeros(shape), np.zeros(shape)
    for draw in range(DRAWS):
        picked = [split.rows[c][rng.integers(len(split.rows[c]))] for c in concepts]
        for fold, space in zip(split.folds, vectors, strict=False):
            scores = captions[picked] @ space[picked].T
            for k in (column[c] for c in fold):
                forward[draw, k] = (scores[k] > scores[k, k]).sum()
                backward[draw, k] = (scores[:, k] > scores[k, k]).sum()
    return {"text->media": forward, "media->text": backward}


def recalls(rank: np.ndarray) -> dict[str, float]:
    return {f"R@{k}": round(100 * float((rank < k).mean()), 1) for k in CUTOFFS}


def chance(split: Split, k: int = 10) -> float:
    return 100.0 * k / len(split.rows)


def interval(values: np.ndarray, seed: int = 1) -> tuple[float, float, float]:
    """Mean and 95 % bootstrap interval (2,000 resamples of concepts) of one value per concept."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(len(values), size=(2000, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return tuple(round(float(x), 1) for x in (values.mean(), low, high))  # type: ignore[return-value]


def near_duplicates(features: np.ndarray, items: Sequence[Item], threshold: float) -> list[int]:
    """Training rows whose features are nearly those of an evaluation row (cosine, standardised)."""
    training = np.array([i for i, item in enumerate(items) if item.role == "training"])
    evaluation = np.array([i for i, item in enumerate(items) if item.role == "evaluation"])
    scaled = (features - features.mean(axis=0)) / (features.std(axis=0) + 1e-3)
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    nearest = (scaled[training] @ scaled[evaluation].T).max(axis=1)
    return [int(row) for row in training[nearest > threshold]]
