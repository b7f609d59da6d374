"""Compare ways to rank a mixed gallery, and write ``benchmarks/results/ranking.json``.

    python benchmarks/starter/fetch.py DATA      # the media, once
    python benchmarks/ranking/compare.py DATA
    python benchmarks/ranking/table.py           # the tables of docs/ranking.md

The gallery that the ranking was developed with (`gallery.py`) is ranked as the starter encoder sees
it, and in three variants made from it: with offsets between the modalities as CLIP and CLAP have
them, with some items drawn towards all queries (hubs), and in many small galleries of five
concepts. The held-out gallery (`heldout.py`) is ranked in the first two ways: no parameter was
chosen on it.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gallery as labelled
import numpy as np
import unseen
from cases import MODALITIES, Case, case, gaps, hubs, small_cases, without
from ceiling import HIDDEN, fitted_to_labels
from methods import DEFAULT, METHODS, Route, calibrated
from numpy.typing import NDArray

from anysense.index.calibration.scores import CENTRED

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _machine import save

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[Any]
DEPTH = 20  # of balanced recall: five of each modality are relevant at most
ROUNDS = 2000  # of the bootstrap
CEILING = "fitted to the gallery's own labels"
MEASURES = ("ndcg", "balanced")
RANKS = ("reciprocal-rank fusion", "round-robin")  # their scores are no thresholds


def score(subject: Case, method: Callable[[Route], Array], *, hide: str = "") -> list[Array]:
    """The scores of all items for each block of queries.

    What is hidden (the query's ``concept`` or its whole ``family``) is not in the collection, so
    it is not in its statistics either.
    """
    blocks = []
    labels = unseen.families(subject.concepts) if hide == "family" else subject.concepts
    for modality, queries, about, own in subject.queries:
        scores = np.full((len(queries), len(subject.vectors)), HIDDEN)
        asking = subject.vectors[subject.modalities == modality]
        asked = unseen.families(about) if hide == "family" else about
        for target in MODALITIES:
            places = np.flatnonzero(subject.modalities == target)
            groups: Any = [(np.arange(len(queries)), places)]
            if hide:
                groups = [
                    (np.flatnonzero(asked == c), places[labels[places] != c])
                    for c in np.unique(asked)
                ]
            for rows, kept in groups:
                items = subject.vectors[kept]
                crosses = modality != target
                among = kept == own[rows][:, None]
                route = Route(
                    queries[rows], items, items, asking if crosses else items,
                    subject.bank[modality], subject.bank[target], crosses, target,
                    np.where(among.any(axis=1), among.argmax(axis=1), -1) if len(kept) else None,
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


def compare_routes(subjects: list[Case]) -> dict[str, Any]:
    """Recall@10 inside each route, by cosine and by the default, and their difference."""
    found = [
        [single_routes(s, score(s, METHODS[name])) for s in subjects]
        for name in ("raw cosine", DEFAULT)
    ]
    cosine, default = (
        {route: np.concatenate([f[route] for f in parts]) for route in parts[0]} for parts in found
    )
    return {
        route: {
            "queries": len(cosine[route]),
            "raw cosine": round(float(cosine[route].mean()), 4),
            "default": round(float(default[route].mean()), 4),
            "difference": round(float((default[route] - cosine[route]).mean()), 4),
            "difference_interval": interval(
                default[route] - cosine[route], np.ones(len(default[route]))
            ),
        }
        for route in cosine
    }


def thresholds(subject: Case) -> dict[str, Any]:
    """False positives of unseen queries and items: at the default's levels, and at common ones."""
    default = unseen.unrelated(subject, METHODS[DEFAULT])
    meant = {
        name: [round(rate / share, 3) for rate, share in zip(found, unseen.SHARES, strict=True)]
        for name, found in unseen.rates(default, unseen.LEVELS).items()
    }
    common = {}
    for name, method in METHODS.items():
        if name not in RANKS:
            pairs = unseen.unrelated(subject, method)
            common[name] = unseen.ratios(pairs, unseen.common_levels(pairs))
    return {
        "shares": unseen.SHARES,
        "routes": meant,
        "by_family": {
            name: unseen.rates_by_family(default[name], subject, unseen.SHARES[-1])
            for name in ("audio -> image", "audio -> audio")
        },
        "ratios": unseen.ratios(default, unseen.LEVELS),
        "ratio_intervals": unseen.ratio_intervals(default, unseen.LEVELS),
        "common_threshold_ratios": common,
    }


def choices(subject: Case) -> list[dict[str, Any]]:
    """What the two parameters of the tail were chosen by: on the development gallery alone."""
    rows = []
    for sampled in (False, True):
        for own in (0.5, 0.7, 0.85, 1.0):
            method = partial(calibrated, own=own, asked_by_sample=sampled)
            found = quality(subject, score(subject, method))
            rows.append(
                {
                    "asked_by_sample": sampled,
                    "own": own,
                    "ndcg": round(float(np.average(found["ndcg"], weights=found["weight"])), 4),
                    "ratios": unseen.ratios(unseen.unrelated(subject, method), unseen.LEVELS),
                }
            )
    return rows


def drawn_means(values: Array, weights: Array) -> Array:
    """The weighted means of `ROUNDS` draws of the queries, with replacement."""
    rng = np.random.default_rng(0)  # the same queries are drawn in each variant of a gallery
    means = np.empty(ROUNDS)
    for i in range(ROUNDS):
        drawn = rng.integers(len(values), size=len(values))
        means[i] = (values[drawn] * weights[drawn]).sum() / weights[drawn].sum()
    return means


def middle(means: Array) -> list[float]:
    return [round(float(v), 4) for v in np.quantile(means, [0.025, 0.975])]


def interval(values: Array, weights: Array) -> list[float]:
    """A 95 % interval of the weighted mean, by the bootstrap over queries."""
    return middle(drawn_means(values, weights))


def measure(subjects: list[Case]) -> dict[str, dict[str, Array]]:
    """The quality of every method on one or more cases, of each query."""
    found: dict[str, list[dict[str, Array]]] = {}
    for subject in subjects:
        for name, method in METHODS.items():
            blocks = score(subject, method)
            found.setdefault(name, []).append(quality(subject, blocks))
            if name == DEFAULT:
                fitted = fitted_to_labels(subject, blocks)
                found.setdefault(CEILING, []).append(quality(subject, fitted))
    return {
        name: {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        for name, parts in found.items()
    }


def compare(measured: dict[str, dict[str, Array]]) -> dict[str, Any]:
    """The means of every method, and each one's difference to the default."""
    rows: dict[str, Any] = {}
    for name, values in measured.items():
        weights = values["weight"]
        rows[name] = {}
        for key in MEASURES:
            lost = measured[DEFAULT][key] - values[key]
            rows[name][key] = {
                "mean": round(float(np.average(values[key], weights=weights)), 4),
                "interval": interval(values[key], weights),
                "default_better_by": round(float(np.average(lost, weights=weights)), 4),
                "difference_interval": interval(lost, weights),
            }
    return rows


def compare_overall(cases: dict[str, dict[str, dict[str, Array]]]) -> dict[str, Any]:
    """Each method's difference to the default, with every case counting the same."""
    rows: dict[str, Any] = {}
    for name in METHODS:
        rows[name] = {}
        for key in MEASURES:
            lost = [(c[DEFAULT][key] - c[name][key], c[name]["weight"]) for c in cases.values()]
            means = [np.average(values, weights=weights) for values, weights in lost]
            drawn = [drawn_means(values, weights) for values, weights in lost]
            rows[name][key] = {
                "default_better_by": round(float(np.mean(means)), 4),
                "difference_interval": middle(np.mean(drawn, axis=0)),
            }
    return rows


def centring(subjects: dict[str, Case]) -> list[dict[str, Any]]:
    """How much of the queries' mean to take away: on the development gallery alone."""
    rows = []
    for share in (0.0, 0.25, 0.5, 0.75, CENTRED, 1.0):
        row: dict[str, Any] = {"share": share}
        for name, subject in subjects.items():
            blocks = score(subject, partial(calibrated, centring=share))
            found, recalls = quality(subject, blocks), single_routes(subject, blocks)
            crossing = [v.mean() for k, v in recalls.items() if len(set(k.split(" -> "))) == 2]
            row[name] = {
                "ndcg": round(float(np.average(found["ndcg"], weights=found["weight"])), 4),
                "recall": round(float(np.mean(crossing)), 4),
                "image -> audio": round(float(recalls["image -> audio"].mean()), 4),
            }
        rows.append(row)
    return rows


def matches(subjects: list[Case]) -> dict[str, dict[str, Any]]:
    """How often something is said to match: with relevant items there, without, and without kin."""
    from anysense.index.ranking.matches import is_match

    best: dict[str, dict[str, list[tuple[float, int]]]] = {}
    for subject in subjects:
        for hide in ("", "concept", "family"):
            found = score(subject, METHODS[DEFAULT], hide=hide)
            for (asked, _, _, _), scores in zip(subject.queries, found, strict=True):
                held = (scores > HIDDEN).sum(axis=1).tolist()
                pairs = list(zip(scores.max(axis=1).tolist(), held, strict=True))
                best.setdefault(asked, {}).setdefault(hide or "there", []).extend(pairs)
    out: dict[str, dict[str, Any]] = {}
    for asked, by_case in best.items():
        # A larger collection has higher chance scores: what counts is what is left beyond them.
        left = {k: np.array([v - np.log10(n) for v, n in pairs]) for k, pairs in by_case.items()}
        out[asked] = {
            "queries": len(left["there"]),
            "said_to_match": {
                k: round(float(np.mean([is_match(v, n) for v, n in pairs])), 3)
                for k, pairs in by_case.items()
            },
            "auc": {k: auc(left["there"], left[k]) for k in ("concept", "family")},
        }
    return out


def auc(positive: Array, negative: Array) -> float:
    """How often one of the first is higher than one of the second."""
    higher = (positive[:, None] > negative).mean() + 0.5 * (positive[:, None] == negative).mean()
    return round(float(higher), 3)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data.resolve()
    held, fresh = labelled.load(data), labelled.load(data, held_out=True)
    plain, new = (case(g, lambda vectors, *_: vectors) for g in (held, fresh))
    offsets = gaps(held.vectors.shape[1])
    cases = {
        "starter": [plain],
        "gaps": [case(held, offsets)],
        "hubs": [case(held, hubs(held))],
        "small": list(small_cases(plain)),
        "held-out": [new],
        "held-out gaps": [case(fresh, offsets)],
    }
    measured = {name: measure(subjects) for name, subjects in cases.items()}
    payload = {
        "encoder": {"name": "starter", "revision": held.revision},
        "galleries": {"development": sizes(plain), "held-out": sizes(new)},
        "default": DEFAULT,
        "cases": {name: compare(found) for name, found in measured.items()},
        "overall": compare_overall(measured),
        "single_routes": compare_routes([plain, new]),
        "single_routes_with_gaps": compare_routes([*cases["gaps"], *cases["held-out gaps"]]),
        "unseen": {
            name: thresholds(cases[name][0])
            for name in ("starter", "gaps", "held-out", "held-out gaps")
        },
        "unseen_without_instruments": thresholds(without(new, "music")),
        "choices": choices(plain),
        "centring": centring({name: cases[name][0] for name in ("starter", "gaps", "hubs")}),
        "matches": matches([plain, new]),
    }
    print(save("ranking", payload))


def sizes(subject: Case) -> dict[str, Any]:
    return {
        "items": {m: int((subject.modalities == m).sum()) for m in MODALITIES},
        "concepts": len(set(subject.concepts) - {"-"}),
        "queries": {asked: len(about) for asked, _, about, _ in subject.queries},
    }


if __name__ == "__main__":
    main()
