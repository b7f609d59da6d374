"""Measure the starter model's heads, and the choices behind them, on concepts they never saw.

    python benchmarks/starter/evaluate.py DATA validation   # every idea that was tried
    python benchmarks/starter/evaluate.py DATA test         # the chosen ones, once

Writes ``benchmarks/starter/results/{validation,test}.json``. protocol.py says how it is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from assemble import (
    Pictures,
    Sounds,
    audio_conse,
    audio_data,
    categories,
    image_conse,
    image_data,
    imagenet_table,
    load_pictures,
    load_sounds,
    load_texts,
    summary,
)
from heads import Data, centred, contrastive, neighbours, ridge, unit
from protocol import FOLDS, Split, chance, deal, fitted, interval, ranks, recalls, split_of
from train import AUDIO_PENALTY, AUDIO_SHARE, IMAGE_PENALTY, IMAGE_SHARE

Fit = Callable[[np.ndarray], np.ndarray]
RESULTS = Path(__file__).parent / "results"


def subset(fit: Callable[[np.ndarray], np.ndarray], keep: np.ndarray) -> Fit:
    return lambda rows: fit(rows[keep[rows]])


def audio_methods(media: Sounds, texts: Any) -> dict[str, Fit]:
    """Every idea for sounds, by name; the first is the no-training baseline."""
    table, heads = categories(texts)
    plain_table, _ = categories(texts, described=False)
    data, wide = audio_data(media), audio_data(media, extra=True)

    def base(rows: np.ndarray, temperature: float = 1.0) -> np.ndarray:
        return centred(audio_conse(media, rows, table, heads, temperature), rows, media.items)

    def plus(head: Callable[[np.ndarray], np.ndarray], share: float = 1.0) -> Fit:
        return lambda rows: unit(base(rows) + share * head(rows))

    chosen = plus(lambda r: ridge(data, r, AUDIO_PENALTY), AUDIO_SHARE)
    rendered = np.array([item.corpus == "renders" for item in media.items])
    synthetic = np.array([item.path.name.startswith("synth-") for item in media.items])
    return {
        "ConSE, no training": lambda r: audio_conse(media, r, table, heads),
        "ConSE, category names only": lambda r: audio_conse(media, r, plain_table, heads),
        "ConSE centred": base,
        "ConSE centred, temperature 0.5": lambda r: base(r, 0.5),
        "ConSE centred, temperature 1.5": lambda r: base(r, 1.5),
        "ridge alone": lambda r: unit(ridge(data, r, AUDIO_PENALTY)),
        "neighbours alone": lambda r: unit(neighbours(data, r, 0.1)),
        "ConSE centred + ridge": chosen,
        "ConSE centred + ridge, penalty 3": plus(lambda r: ridge(data, r, 3.0), AUDIO_SHARE),
        "ConSE centred + ridge, penalty 100": plus(lambda r: ridge(data, r, 100.0), AUDIO_SHARE),
        "ConSE centred + ridge, half share": plus(lambda r: ridge(data, r, AUDIO_PENALTY), 0.5),
        "ConSE centred + ridge, double share": plus(lambda r: ridge(data, r, AUDIO_PENALTY), 2.0),
        "ConSE centred + ridge on nine classifiers too": plus(
            lambda r: ridge(wide, r, AUDIO_PENALTY)
        ),
        "ConSE centred + neighbours": plus(lambda r: neighbours(wide, r, 0.1)),
        "ConSE centred + ridge + neighbours": plus(
            lambda r: 0.7 * ridge(data, r, AUDIO_PENALTY) + 0.7 * neighbours(wide, r, 0.1)
        ),
        "ConSE centred + contrastive": lambda r: contrastive(data, base(r), r),
        "ConSE centred + contrastive, mixing": lambda r: contrastive(data, base(r), r, mixing=True),
        "ConSE centred + ridge, no renders": subset(chosen, ~rendered),
        "ConSE centred + ridge, renders only": subset(chosen, rendered),
        "ConSE centred + ridge, no synthesis": subset(chosen, ~synthetic),
    }


def image_methods(media: Pictures, texts: Any, nouns: Any, synsets: list[int]) -> dict[str, Fit]:
    """Every idea for pictures, by name; the first is the no-training baseline."""
    conse = image_conse(media, imagenet_table(texts, nouns, synsets))
    data, wide = image_data(media), image_data(media, conse)

    def base(rows: np.ndarray) -> np.ndarray:
        return centred(conse, rows, media.items)

    def plus(head: Callable[[np.ndarray], np.ndarray], share: float = 1.0) -> Fit:
        return lambda rows: unit(base(rows) + share * head(rows))

    def on(data: Data, penalty: float, share: float) -> Fit:
        return plus(lambda r: ridge(data, r, penalty), share)

    return {
        "ConSE, no training": lambda r: conse,
        "ConSE centred": base,
        "ridge alone": lambda r: unit(ridge(wide, r, IMAGE_PENALTY)),
        "ConSE centred + ridge": on(wide, IMAGE_PENALTY, IMAGE_SHARE),
        "ConSE centred + ridge, penalty 3": on(wide, 3.0, IMAGE_SHARE),
        "ConSE centred + ridge, penalty 10": on(wide, 10.0, IMAGE_SHARE),
        "ConSE centred + ridge, penalty 100": on(wide, 100.0, IMAGE_SHARE),
        "ConSE centred + ridge, half share": on(wide, IMAGE_PENALTY, 0.5),
        "ConSE centred + ridge, double share": on(wide, IMAGE_PENALTY, 2.0),
        "ConSE centred + ridge without ConSE as input": on(data, IMAGE_PENALTY, IMAGE_SHARE),
        "ConSE centred + neighbours": plus(lambda r: neighbours(wide, r, 0.1)),
        "ConSE centred + contrastive": lambda r: contrastive(wide, base(r), r, hidden=512),
        "ConSE centred + contrastive, mixing": lambda r: contrastive(
            wide, base(r), r, hidden=512, mixing=True
        ),
    }


CHOSEN = "ConSE centred + ridge"


def describe(values: dict[str, np.ndarray]) -> dict[str, Any]:
    return {direction: recalls(rank) for direction, rank in values.items()}


def compare(chosen: dict[str, np.ndarray], base: dict[str, np.ndarray]) -> dict[str, Any]:
    """R@10 with its interval, and the paired difference to a baseline with its interval."""
    out = {}
    for direction in chosen:
        hit, reference = (100.0 * (r[direction] < 10).mean(axis=0) for r in (chosen, base))
        out[direction] = {"R@10": interval(hit), "difference": interval(hit - reference)}
    return out


def widened(split: Split, media: Pictures, sounds: Split) -> Split:
    """The pictures of a split, and training pictures named exactly like one of its sounds.

    The heads of a concept's fold were fitted without them: they share its words.
    """
    rows = {concept: list(found) for concept, found in split.rows.items()}
    for row, item in enumerate(media.items):
        if item.role == "training" and item.concept in sounds.rows:
            rows.setdefault(item.concept, []).append(row)
    return Split(split.name, {c: rows[c] for c in sorted(rows)}, split.folds)


def across(
    sound: list[np.ndarray], picture: list[np.ndarray], sounds: Split, pictures: Split
) -> dict[str, Any]:
    """Pictures to sounds and back: concepts that have both, among one item of every concept."""
    shared = sorted(set(sounds.rows) & set(pictures.rows))
    fold_of = {c: f for f, fold in enumerate(sounds.folds) for c in fold}
    rng = np.random.default_rng(0)
    hits: dict[str, list[list[int]]] = {"image->audio": [], "audio->image": []}
    for _ in range(20):
        heard = {c: rows[rng.integers(len(rows))] for c, rows in sounds.rows.items()}
        seen = {c: rows[rng.integers(len(rows))] for c, rows in pictures.rows.items()}
        for direction, queries, gallery in (
            ("image->audio", (picture, seen), (sound, heard)),
            ("audio->image", (sound, heard), (picture, seen)),
        ):
            ranked = []
            for concept in shared:
                fold = fold_of[concept]
                query = queries[0][fold][queries[1][concept]]
                scores = gallery[0][fold][list(gallery[1].values())] @ query
                own = gallery[0][fold][gallery[1][concept]] @ query
                ranked.append(int((scores > own).sum()))
            hits[direction].append(ranked)
    out: dict[str, Any] = {"concepts": len(shared)}
    for direction, size in (
        ("image->audio", len(sounds.rows)),
        ("audio->image", len(pictures.rows)),
    ):
        for k in (5, 10):
            value = 100.0 * (np.array(hits[direction]) < k).mean(axis=0)
            out[f"{direction} R@{k}"] = {
                "value": interval(value),
                "gallery": size,
                "chance": round(100 * k / size, 1),
            }
    return out


def machine() -> dict[str, Any]:
    return {
        "processor": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "date": time.strftime("%Y-%m-%d"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("split", choices=["validation", "test"])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = arguments.data.resolve()
    texts, nouns, synsets = load_texts(data)
    audio, image = load_sounds(data, texts), load_pictures(data, texts)
    dealt = deal([*audio.items, *image.items])
    report: dict[str, Any] = {"machine": machine(), "split": arguments.split, "seed": 0}
    kept: dict[str, Any] = {}
    for name, media, methods in (
        ("audio", audio, audio_methods(audio, texts)),
        ("image", image, image_methods(image, texts, nouns, synsets)),
    ):
        split = split_of(arguments.split, media.items, dealt)
        names = list(methods)
        if arguments.split == "test":
            names = [names[0], "ConSE centred", CHOSEN]
        measured, vectors = {}, {}
        for method in names:
            vectors[method] = fitted(
                methods[method], media.items, media.captions, dealt, split.name
            )
            measured[method] = ranks(vectors[method], media.captions, split)
            print(name, method, describe(measured[method]), flush=True)
        report[name] = {
            "concepts": len(split.rows),
            "items": sum(map(len, split.rows.values())),
            "chance R@10": round(chance(split), 1),
            "media": summary(media.items),
            "near-duplicates removed": media.dropped,
            "methods": {method: describe(rank) for method, rank in measured.items()},
            f"{CHOSEN} against no training": compare(measured[CHOSEN], measured[names[0]]),
            f"{CHOSEN} against ConSE centred": compare(measured[CHOSEN], measured["ConSE centred"]),
        }
        everything = np.array([r for r, i in enumerate(media.items) if i.role == "training"])
        familiar = ranks([methods[CHOSEN](everything)] * FOLDS, media.captions, split)
        report[name]["as shipped, concepts may be familiar"] = describe(familiar)
        kept[name] = (vectors[CHOSEN], split)
    heard, seen = kept["audio"][1], widened(kept["image"][1], image, kept["audio"][1])
    report["across"] = across(kept["audio"][0], kept["image"][0], heard, seen)
    print(report["across"])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{arguments.split}.json").write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
