"""How well one threshold holds for queries and items that nothing was fitted to.

A gallery is halved by concept. Routes are fitted to one half and the background; the queries and
the items are those of the other half, and then the other way round. A pair is unrelated if one of
the two is of a concept and the other is of a concept of another family (`families.tsv`) or of none:
a trumpet's sound and a violin's picture are no chance.
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from methods import Route
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cases import Case

Array = NDArray[Any]
MODALITIES = ("text", "image", "audio")
SHARES = (0.1, 0.03, 0.01)
LEVELS = tuple(round(-math.log10(share), 3) for share in SHARES)
FOLDS = 2
SEEDS = range(6)  # of the folds
ROUNDS = 500  # of the bootstrap


@dataclass(frozen=True)
class Pairs:
    """Scores of unrelated pairs on one route: (n,), and the query that each is of: (n,)."""

    scores: Array
    queries: Array


def families(concepts: Array) -> Array:
    """The family of each concept; one that is not listed is a family by itself."""
    path = Path(__file__).parent / "families.tsv"
    with path.open(encoding="utf-8", newline="") as file:
        known = dict(csv.reader(file, delimiter="\t"))
    return np.array([known.get(c, c) if c != "-" else "-" for c in concepts])


def folds(subject: Case, seed: int) -> Iterator[tuple[Array, Array]]:
    """What is known of the items, and the concepts that are asked: each fold of those once."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(sorted(set(subject.concepts) - {"-"}))
    of_none = rng.integers(FOLDS, size=len(subject.concepts))
    for fold in range(FOLDS):
        asked = names[fold::FOLDS]
        new = np.where(subject.concepts == "-", of_none == fold, np.isin(subject.concepts, asked))
        yield ~new, asked


def unrelated(
    subject: Case, method: Callable[[Route], Array], seeds: Iterable[int] = SEEDS
) -> dict[str, Pairs]:
    """The scores of unrelated pairs of each route."""
    found: dict[str, list[tuple[Array, Array]]] = {}
    kinds = families(subject.concepts)
    _, texts, about, own_place = subject.queries[0]
    texts, about = texts[own_place < 0], about[own_place < 0]  # the others are items
    present = [m for m in MODALITIES if (subject.modalities == m).any()]
    for seed in seeds:
        for known, asked in folds(subject, seed):
            for modality in present:
                own = ~known & (subject.modalities == modality)
                queries, kind = subject.vectors[own], kinds[own]
                names = np.flatnonzero(own)
                if modality == "text":
                    new = np.isin(about, asked)
                    queries = np.concatenate([texts[new], queries])
                    kind = np.concatenate([families(about[new]), kind])
                    names = np.concatenate([-1 - np.flatnonzero(new), names])
                for target in present:
                    of_it = subject.modalities == target
                    route = Route(
                        queries, subject.vectors[~known & of_it], subject.vectors[known & of_it],
                        subject.vectors[known & (subject.modalities == modality)],
                        subject.bank[modality], subject.bank[target], modality != target, target,
                    )  # fmt: skip
                    apart = kind[:, None] != kinds[~known & of_it]
                    kept = (method(route)[apart], np.repeat(names, apart.sum(axis=1)))
                    found.setdefault(f"{modality} -> {target}", []).append(kept)
    return {
        name: Pairs(*(np.concatenate(column) for column in zip(*parts, strict=True)))
        for name, parts in found.items()
    }


def rates(pairs: dict[str, Pairs], levels: Any) -> dict[str, list[float]]:
    """The share of the unrelated pairs of each route that reach each level."""
    return {name: [float((p.scores >= v).mean()) for v in levels] for name, p in pairs.items()}


def rates_by_family(pairs: Pairs, subject: Case, share: float) -> dict[str, float]:
    """How many pairs reach a level, over how many are meant to, by the family of the query."""
    of_query = families(subject.concepts)[pairs.queries]
    reached = pairs.scores >= -math.log10(share)
    return {str(f): round(float(reached[of_query == f].mean()) / share, 3) for f in set(of_query)}


def common_levels(pairs: dict[str, Pairs]) -> list[float]:
    """Thresholds that the `SHARES` of the unrelated pairs reach, every route counting the same."""
    scores = np.concatenate([p.scores for p in pairs.values()])
    weights = np.concatenate([np.full(len(p.scores), 1 / len(p.scores)) for p in pairs.values()])
    order = np.argsort(-scores)
    above = np.cumsum(weights[order]) / len(pairs)
    return [float(scores[order][np.searchsorted(above, share)]) for share in SHARES]


def ratios(pairs: dict[str, Pairs], levels: Any) -> list[float | None]:
    """The highest route's rate over the lowest one's, at each level; None if that is nought."""
    table = np.array(list(rates(pairs, levels).values()))
    low, high = table.min(axis=0), table.max(axis=0)
    return [round(float(h / v), 2) if v else None for h, v in zip(high, low, strict=True)]


def ratio_intervals(pairs: dict[str, Pairs], levels: Any) -> list[list[float]]:
    """95 % intervals of the ratios, by the bootstrap over the queries of each route."""
    rng = np.random.default_rng(0)
    drawn = []
    for p in pairs.values():
        _, place = np.unique(p.queries, return_inverse=True)
        total = np.bincount(place)
        hits = np.stack([np.bincount(place, p.scores >= v) for v in levels])
        picks = rng.integers(len(total), size=(ROUNDS, len(total)))
        drawn.append(hits[:, picks].sum(axis=2) / total[picks].sum(axis=1))
    table = np.stack(drawn)  # routes, levels, rounds
    ratio = table.max(axis=0) / np.maximum(table.min(axis=0), 1e-9)
    return [[round(float(v), 2) for v in np.quantile(r, [0.025, 0.975])] for r in ratio]
