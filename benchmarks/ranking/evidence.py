"""Should several segments of an item lift it? Compare, and write ``results/evidence.json``.

    python benchmarks/ranking/evidence.py [VECTORS]

Items are put together from labelled vectors (`evidence_cases.py`), the package scores every
segment, and each of several ways (`evidence_methods.py`) makes one score of an item's. Without
VECTORS the vectors are the starter's (`specimen.py`). VECTORS is a folder with those of two other
models, as others have published them:

- ``clap_esc50.npz``: LAION-CLAP 630k-audioset-best, ESC-50 (``audio``, ``label``, ``class_text``,
  ``class_names``), of DustinChen263/audio-text-clap-vs-m2d-clap on GitHub;
- ``clip_coco500.npz``: CLIP ViT-B/16, 500 pictures of COCO val2017 and a caption of each
  (``image``, ``text``), of Weixin-Liang/Modality-Gap on GitHub.

Labels are halved: variants are chosen by the queries of one half, and confirmed by those of the
other.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from evidence_cases import (
    MODALITIES,
    NONE,
    Collection,
    coco_collections,
    coco_pool,
    esc_collections,
    esc_pool,
    gallery_collections,
    gallery_pool,
)
from evidence_methods import DEFAULT, METHODS, NEAREST, Evidence, gather
from methods import Route, calibrated
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _machine import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Array = NDArray[Any]
SEEDS = range(6)  # of the items' making
ROUNDS = 2000  # of the bootstrap
DEPTH = 20  # of balanced recall
SHARES = (0.1, 0.03, 0.01, 0.001)
BUCKETS = {"1": (1, 1), "2 to 4": (2, 4), "5 to 16": (5, 16), "17 to 50": (17, 50)}
MEASURES = ("ndcg", "balanced")
PARTS = ("development", "held-out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vectors", type=Path, nargs="?")
    folder = parser.parse_args().vectors
    sources: dict[str, Any] = {"starter": (gallery_pool(), gallery_collections)}
    if folder is not None:
        sources["CLAP, ESC-50"] = (esc_pool(folder), esc_collections)
        sources["CLIP, COCO"] = (coco_pool(folder), coco_collections)
    qualities_of: dict[str, Any] = {}
    reached: dict[str, Any] = {}
    for source, (pool, collections) in sources.items():
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            for name, collection in collections(pool, rng):
                rng.shuffle(collection.items)  # ties have no order
                case = f"{source}: {name.replace('_', ' ')}"
                rows, counts = measure(collection)
                qualities_of.setdefault(case, []).append(rows)
                reached.setdefault(case, []).append(counts)
    result = summary({case: merged(rows) for case, rows in qualities_of.items()})
    payload = {
        "seeds": len(SEEDS),
        "default": DEFAULT,
        "nearest": NEAREST,
        "shares": SHARES,
        "segments_by_length": BUCKETS,
        **result,
        "reached_by_unrelated": shortened(rates(reached, "unrelated"), result["chosen"]),
        "reached_by_relevant": shortened(rates(reached, "relevant"), result["chosen"]),
    }
    print(save("evidence", payload))


def variants() -> Iterator[tuple[str, Callable[[Evidence], Array]]]:
    """Every variant of every family of ways, by name."""
    for family, ways in METHODS.items():
        for variant, way in ways.items():
            yield f"{family}, {variant}" if variant else family, way


def measure(collection: Collection) -> tuple[dict[str, Any], dict[str, Any]]:
    """The quality of each way for each query, and how many unrelated items reach each level."""
    pool, places = collection.pool, np.concatenate(collection.items)
    item_of = np.repeat(np.arange(len(collection.items)), [len(i) for i in collection.items])
    numbers = np.array([MODALITIES.index(m) for m in pool.modalities])
    rows: dict[str, Any] = {"label": [], "weight": []}
    reached: dict[str, Any] = {}
    asking = [collection.queries[pool.modalities[collection.queries] == m] for m in MODALITIES]
    blocks = [queries for queries in asking if len(queries)]
    for queries in blocks:
        evidence = gather(segment_scores(collection, queries), item_of, numbers[places])
        relevant = pool.labels[queries][:, None] == pool.labels[places]
        kin = pool.families[queries][:, None] == pool.families[places]
        unrelated = ~per_item(kin & (pool.families[places] != NONE), item_of)
        matches = per_item(relevant, item_of)
        answered = matches.any(axis=1)
        rows["label"].append(pool.labels[queries][answered])
        rows["weight"].append(np.full(answered.sum(), 1 / answered.sum() / len(blocks)))
        for name, way in variants():
            scores = way(evidence)
            quality = rows.setdefault(name, {m: [] for m in MEASURES})
            ndcg, balanced = qualities(
                scores[answered], relevant[answered], item_of, numbers[places]
            )
            quality["ndcg"].append(ndcg)
            quality["balanced"].append(balanced)
            for pairs, chosen in (("unrelated", unrelated), ("relevant", matches)):
                counts = reached.setdefault(pairs, {}).setdefault(name, {})
                add_counts(counts, scores, chosen, evidence.segments)
    return rows, reached


def segment_scores(collection: Collection, queries: Array) -> Array:
    """The package's scores of all segments for queries of one modality."""
    pool, places = collection.pool, np.concatenate(collection.items)
    asking = pool.modalities[queries[0]]
    scores = np.zeros((len(queries), len(places)))
    for target in MODALITIES:
        columns = np.flatnonzero(pool.modalities[places] == target)
        if not len(columns):
            continue
        items = pool.vectors[places[columns]]
        alike = pool.vectors[places[pool.modalities[places] == asking]]
        scores[:, columns] = calibrated(
            Route(
                pool.vectors[queries], items, items, alike,
                pool.bank[asking], pool.bank[target], asking != target, target,
            )
        )  # fmt: skip
    return scores


def per_item(flags: Array, item_of: Array) -> Array:
    """Whether any segment of each item has a flag: (queries, segments) -> (queries, items)."""
    first = np.searchsorted(item_of, np.arange(item_of.max() + 1))
    out: Array = np.logical_or.reduceat(flags, first, axis=1)
    return out


def qualities(scores: Array, relevant: Array, item_of: Array, numbers: Array) -> tuple[Any, Any]:
    """nDCG@10 and balanced recall@20 of each query.

    The latter is the mean over modalities of the recall of items with a relevant segment of it.
    """
    order = np.argsort(-scores, axis=1, kind="stable")
    rank = np.argsort(order, axis=1)
    is_relevant = per_item(relevant, item_of)
    gains = np.where(is_relevant & (rank < 10), 1 / np.log2(rank + 2), 0.0).sum(axis=1)
    ideal = np.cumsum(1 / np.log2(np.arange(2, 12)))
    ndcg = gains / ideal[np.minimum(is_relevant.sum(axis=1), 10) - 1]
    shares = []
    for number in range(len(MODALITIES)):
        of_it = per_item(relevant & (numbers == number), item_of)
        total = of_it.sum(axis=1)
        caught = (of_it & (rank < DEPTH)).sum(axis=1)
        shares.append(np.where(total > 0, caught / np.maximum(total, 1), np.nan))
    return ndcg, np.nanmean(shares, axis=0)


def add_counts(reached: Any, scores: Array, chosen: Array, segments: Array) -> None:
    """Add up, for items of each length, the chosen pairs and those that reach each level."""
    levels = -np.log10(SHARES)
    for bucket, (least, most) in BUCKETS.items():
        of_it = (segments >= least) & (segments <= most)
        values = scores[:, of_it][chosen[:, of_it]]
        counts = np.array([len(values), *((values >= level).sum() for level in levels)])
        reached[bucket] = reached.get(bucket, 0) + counts


def merged(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The queries of all seeds, one after the other."""
    label = np.concatenate([part for row in rows for part in row["label"]])
    out: dict[str, Any] = {
        "label": label,
        "weight": np.concatenate([part for row in rows for part in row["weight"]]),
    }
    for name, _ in variants():
        out[name] = {
            m: np.concatenate([part for row in rows for part in row[name][m]]) for m in MEASURES
        }
    return out


def halves(labels: Array) -> dict[str, Array]:
    """Which queries are of the labels of each part."""
    names = np.random.default_rng(0).permutation(np.unique(labels))
    first = np.isin(labels, names[: len(names) // 2])
    return dict(zip(PARTS, (first, ~first), strict=True))


def drawn_means(values: Array, weights: Array, labels: Array) -> Array:
    """Weighted means of `ROUNDS` draws of the labels with replacement, all queries of each."""
    names, place = np.unique(labels, return_inverse=True)
    total, mass = np.bincount(place, values * weights), np.bincount(place, weights)
    rng = np.random.default_rng(0)
    draws = rng.integers(len(names), size=(ROUNDS, len(names)))
    means: Array = total[draws].sum(axis=1) / mass[draws].sum(axis=1)
    return means


def summary(cases: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What each way has over the best segment, in each part, and which variants are chosen."""
    parts = {}
    for part in PARTS:
        subset = {}
        for case, values in cases.items():
            inside = halves(values["label"])[part]
            kept = {key: values[key][inside] for key in ("label", "weight")}
            for name, _ in variants():
                kept[name] = {m: values[name][m][inside] for m in MEASURES}
            subset[case] = kept
        parts[part] = {name: gains(subset, name) for name, _ in variants()}
    chosen = {}
    for family, ways in METHODS.items():
        names = [f"{family}, {variant}" if variant else family for variant in ways]
        chosen[family] = max(names, key=lambda n: parts[PARTS[0]][n]["all"]["ndcg"]["gain"])
    return {"chosen": chosen, "parts": {p: shortened(r, chosen) for p, r in parts.items()}}


def shortened(rows: dict[str, Any], chosen: dict[str, str]) -> dict[str, Any]:
    """The rows of all ways, with the single cases of a few alone."""
    full = {*chosen.values(), NEAREST}
    return {n: row if n in full else {"all": row["all"]} for n, row in rows.items()}


def gains(cases: dict[str, dict[str, Any]], name: str) -> dict[str, Any]:
    """A way's means in each case and its gains over the default; over all, cases count the same."""
    row: dict[str, Any] = {"all": {}}
    for quality in MEASURES:
        means, draws = [], []
        for case, values in cases.items():
            gain = values[name][quality] - values[DEFAULT][quality]
            means.append(float(np.average(gain, weights=values["weight"])))
            draws.append(drawn_means(gain, values["weight"], values["label"]))
            mean = float(np.average(values[name][quality], weights=values["weight"]))
            row.setdefault(case, {})[quality] = {
                "mean": round(mean, 4),
                **with_interval(means[-1], draws[-1]),
            }
        row["all"][quality] = with_interval(float(np.mean(means)), np.mean(draws, axis=0))
    return row


def with_interval(mean: float, drawn: Array) -> dict[str, Any]:
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"gain": round(mean, 4), "interval": [round(float(low), 4), round(float(high), 4)]}


def rates(cases: dict[str, list[dict[str, Any]]], pairs: str) -> dict[str, Any]:
    """The share of pairs whose score reaches each level, by the items' length, in each case."""
    out: dict[str, Any] = {}
    for name, _ in variants():
        out[name] = {}
        for case, parts in cases.items():
            totals = {b: sum(part[pairs][name][b] for part in parts) for b in BUCKETS}
            out[name][case] = {
                bucket: [round(float(count / total), 5) for count in counts]
                for bucket, (total, *counts) in totals.items()
                if total
            }
        out[name]["all"] = {b: mean_rates(out[name].values(), b) for b in BUCKETS}
    return out


def mean_rates(cases: Iterable[dict[str, list[float]]], bucket: str) -> list[float]:
    """The mean over the cases that have items of a length."""
    columns = zip(*(case[bucket] for case in cases if bucket in case), strict=True)
    return [round(float(np.mean(column)), 5) for column in columns]


if __name__ == "__main__":
    main()
