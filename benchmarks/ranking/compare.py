"""Compare ways to rank a mixed gallery, and write ``benchmarks/results/ranking.json``.

    python benchmarks/starter/fetch.py DATA      # the media, once
    python benchmarks/ranking/compare.py DATA
    python benchmarks/ranking/table.py           # the tables of docs/ranking.md

The gallery (`gallery.py`) is ranked as the starter encoder sees it, and in three variants made from
it: with offsets between the modalities as CLIP and CLAP have them, with some items drawn towards
all queries (hubs), and in many small galleries of five concepts.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gallery as labelled
import numpy as np
from methods import DEFAULT, METHODS, Route
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _machine import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Array = NDArray[Any]
MODALITIES = ("text", "image", "audio")
DEPTH = 20  # of balanced recall: five of each modality are relevant at most
ROUNDS = 2000  # of the bootstrap
LEVELS = (1.0, 1.5, 2.0, 2.5)
SMALL = 40
HIDDEN = -1e9
RANKS = ("reciprocal-rank fusion", "round-robin")  # their scores are no thresholds


@dataclass(frozen=True)
class Case:
    """A gallery with its labels, its queries (modality, vectors, concepts, own place or -1)."""

    vectors: Array
    modalities: Array
    concepts: Array
    bank: dict[str, Array]
    queries: list[tuple[str, Array, Array, Array]]


def case(held: labelled.Gallery, alter: Callable[[Array, str, bool], Array]) -> Case:
    """The gallery after `alter(vectors, modality, are they items)`."""
    vectors = held.vectors.copy()
    for modality in MODALITIES:
        of_it = held.modalities == modality
        vectors[of_it] = alter(vectors[of_it], modality, True)
    bank = {m: alter(v, m, False) for m, v in held.bank.items()}
    asked = alter(held.queries, "text", False)
    return with_queries(vectors, held.modalities, held.concepts, bank, asked, held.query_concepts)


def with_queries(
    vectors: Array, modalities: Array, concepts: Array, bank: Any, texts: Array, about: Array
) -> Case:
    """Queries are short texts, and each picture and sound of a concept, which then is hidden."""
    known = np.isin(about, concepts)
    queries = [("text", texts[known], about[known], np.full(known.sum(), -1))]
    for modality in ("image", "audio"):
        own = np.flatnonzero((modalities == modality) & (concepts != "-"))
        queries.append((modality, vectors[own], concepts[own], own))
    return Case(vectors, modalities, concepts, bank, queries)


def small_cases(whole: Case) -> Iterator[Case]:
    """Galleries of five concepts and nothing else."""
    names = sorted(set(whole.concepts) - {"-"})
    for seed in range(SMALL):
        chosen = np.random.default_rng(seed).choice(names, 5, replace=False)
        kept = np.isin(whole.concepts, chosen)
        _, texts, about, _ = whole.queries[0]
        parts = (whole.vectors[kept], whole.modalities[kept], whole.concepts[kept])
        yield with_queries(*parts, whole.bank, texts, about)


def unit(vectors: Array) -> Array:
    normed: Array = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return normed.astype(np.float32)


def gaps(dimension: int) -> Callable[[Array, str, bool], Array]:
    """Each modality gets an offset of its own: unrelated texts come to a cosine of about 0.7,
    pictures 0.6, sounds 0.45; text and picture 0, text and sound 0.2."""
    axes = np.linalg.qr(np.random.default_rng(0).normal(size=(dimension, 3)))[0].T
    to = {
        "text": 1.6 * axes[0],
        "image": 1.2 * axes[1],
        "audio": 0.9 * (0.3 * axes[0] + 0.954 * axes[2]),
    }
    return lambda vectors, modality, _: unit(vectors + to[modality])


def hubs(held: labelled.Gallery) -> Callable[[Array, str, bool], Array]:
    """Pictures and sounds are drawn towards the mean of the queries, each by its own amount."""
    mean = unit(held.queries.mean(axis=0, keepdims=True))
    rng = np.random.default_rng(0)

    def alter(vectors: Array, modality: str, are_items: bool) -> Array:
        if modality == "text" or not are_items:
            return vectors
        return unit(vectors + rng.exponential(0.25, (len(vectors), 1)) * mean)

    return alter


def score(subject: Case, method: Callable[[Route], Array], *, hide: bool = False) -> list[Array]:
    """The scores of all items for each block of queries; `hide` hides what is relevant."""
    blocks = []
    for modality, queries, about, own in subject.queries:
        scores = np.full((len(queries), len(subject.vectors)), HIDDEN)
        asking = subject.bank[modality]
        both = np.concatenate([asking, subject.vectors[subject.modalities == modality]])
        for target in MODALITIES:
            places = np.flatnonzero(subject.modalities == target)
            groups: Any = [(np.arange(len(queries)), places)]
            if hide:  # what is relevant is not in the collection, so not in its statistics either
                groups = [
                    (np.flatnonzero(about == c), places[subject.concepts[places] != c])
                    for c in np.unique(about)
                ]
            for rows, kept in groups:
                route = Route(
                    queries[rows], subject.vectors[kept], asking, subject.bank[target],
                    both.mean(axis=0), modality != target, target,
                )  # fmt: skip
                if len(kept):
                    scores[np.ix_(rows, kept)] = method(route)
        mine = own >= 0
        scores[np.flatnonzero(mine), own[mine]] = HIDDEN
        blocks.append(scores)
    return blocks


def quality(subject: Case, blocks: list[Array]) -> dict[str, Array]:
    """nDCG@10 and balanced recall@20 of each query, all blocks one after the other."""
    ndcg, balanced, weights = [], [], []
    for (_, _, about, own), scores in zip(subject.queries, blocks, strict=True):
        for row, concept in enumerate(about):
            relevant = subject.concepts == concept
            if own[row] >= 0:
                relevant[own[row]] = False
            order = np.argsort(-scores[row], kind="stable")
            gains = relevant[order[:10]] / np.log2(np.arange(2, 2 + len(order[:10])))
            best = (1 / np.log2(np.arange(2, 2 + min(10, relevant.sum())))).sum()
            ndcg.append(gains.sum() / best)
            balanced.append(np.mean(shares(subject, relevant, order[:DEPTH])))
            weights.append(1 / len(about))
    return {
        "ndcg": np.asarray(ndcg),
        "balanced": np.asarray(balanced),
        "weight": np.asarray(weights) / sum(len(q[2]) > 0 for q in subject.queries),
    }


def shares(subject: Case, relevant: Array, found: Array) -> list[float]:
    """The share of the relevant items of each modality that are found."""
    out = []
    for modality in MODALITIES:
        of_it = relevant & (subject.modalities == modality)
        if of_it.any():
            out.append(of_it[found].sum() / of_it.sum())
    return out


def single_routes(subject: Case, blocks: list[Array]) -> dict[str, Array]:
    """Recall@10 inside each route, of each query that something is relevant to."""
    out = {}
    for (asked, _, about, own), scores in zip(subject.queries, blocks, strict=True):
        for modality in MODALITIES:
            of_it = subject.modalities == modality
            recalls = []
            for row, concept in enumerate(about):
                relevant = (subject.concepts == concept) & of_it
                if own[row] >= 0:
                    relevant[own[row]] = False
                if relevant.any():
                    order = np.argsort(-np.where(of_it, scores[row], HIDDEN), kind="stable")[:10]
                    recalls.append(relevant[order].sum() / min(10, relevant.sum()))
            out[f"{asked} -> {modality}"] = np.asarray(recalls)
    return out


def false_positives(subject: Case, hidden: list[Array]) -> dict[str, list[float]]:
    """The share of irrelevant items that reach each level, over the share that chance may."""
    out = {}
    for (asked, _, _, _), scores in zip(subject.queries, hidden, strict=True):
        for modality in MODALITIES:
            values = scores[:, subject.modalities == modality]
            values = values[values > HIDDEN]
            out[f"{asked} -> {modality}"] = [
                round(float((values >= level).mean() / 10**-level), 3) for level in LEVELS
            ]
    return out


def compare_routes(subject: Case) -> dict[str, Any]:
    """Recall@10 inside each route, by cosine and by the default, and their difference."""
    cosine, default = (
        single_routes(subject, score(subject, METHODS[name])) for name in ("raw cosine", DEFAULT)
    )
    return {
        route: {
            "raw cosine": round(float(cosine[route].mean()), 4),
            "default": round(float(default[route].mean()), 4),
            "difference_interval": interval(
                default[route] - cosine[route], np.ones(len(default[route]))
            ),
        }
        for route in cosine
    }


def spread(subject: Case, hidden: list[Array]) -> dict[str, float]:
    """One threshold that one irrelevant item in 100 reaches: how many reach it on single routes."""
    kept = np.concatenate([scores[scores > HIDDEN] for scores in hidden])
    threshold = np.quantile(kept, 0.99)
    rates = []
    for scores in hidden:
        for modality in MODALITIES:
            values = scores[:, subject.modalities == modality]
            rates.append(float((values[values > HIDDEN] >= threshold).mean()))
    return {"lowest": round(min(rates), 5), "highest": round(max(rates), 5)}


def interval(values: Array, weights: Array) -> list[float]:
    """A 95 % interval of the weighted mean, by the bootstrap over queries."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(values), size=(ROUNDS, len(values)))
    means = (values[drawn] * weights[drawn]).sum(1) / weights[drawn].sum(1)
    return [round(float(v), 4) for v in np.quantile(means, [0.025, 0.975])]


def compare(subjects: list[Case]) -> dict[str, Any]:
    """Every method on one or more cases, and each one's difference to the default."""
    measured = {}
    for name, method in METHODS.items():
        found = [quality(s, score(s, method)) for s in subjects]
        measured[name] = {key: np.concatenate([f[key] for f in found]) for key in found[0]}
    rows: dict[str, Any] = {}
    for name, values in measured.items():
        weights = values["weight"]
        rows[name] = {}
        for key in ("ndcg", "balanced"):
            lost = measured[DEFAULT][key] - values[key]
            rows[name][key] = {
                "mean": round(float(np.average(values[key], weights=weights)), 4),
                "interval": interval(values[key], weights),
                "default_better_by": round(float(np.average(lost, weights=weights)), 4),
                "difference_interval": interval(lost, weights),
            }
    return rows


def matches(subject: Case, shown: list[Array], hidden: list[Array]) -> dict[str, list[float]]:
    """How often something is said to match: with relevant items there, and without."""
    from anysense.index.retriever import is_match

    size = len(subject.vectors)
    return {
        asked: [
            round(float(np.mean([is_match(v, size) for v in scores.max(axis=1)])), 3)
            for scores in (there, gone)
        ]
        for (asked, _, _, _), there, gone in zip(subject.queries, shown, hidden, strict=True)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    held = labelled.load(parser.parse_args().data.resolve())
    plain = case(held, lambda vectors, *_: vectors)
    cases = {
        "starter": [plain],
        "gaps": [case(held, gaps(held.vectors.shape[1]))],
        "hubs": [case(held, hubs(held))],
        "small": list(small_cases(plain)),
    }
    shown, hidden = (score(plain, METHODS[DEFAULT], hide=hide) for hide in (False, True))
    counts = {m: int((held.modalities == m).sum()) for m in MODALITIES}
    payload = {
        "encoder": {"name": "starter", "revision": held.revision},
        "gallery": {
            "items": counts,
            "concepts": len(set(held.concepts)) - 1,
            "queries": {asked: len(about) for asked, _, about, _ in plain.queries},
        },
        "default": DEFAULT,
        "cases": {name: compare(subjects) for name, subjects in cases.items()},
        "single_routes": compare_routes(plain),
        "one_threshold": {
            name: spread(plain, score(plain, method, hide=True))
            for name, method in METHODS.items()
            if name not in RANKS
        },
        "false_positives": {"levels": LEVELS, "routes": false_positives(plain, hidden)},
        "matches": matches(plain, shown, hidden),
    }
    print(save("ranking", payload))


if __name__ == "__main__":
    main()
