"""Vary the share of pictures in a gallery from none to all: ``results/u_curve.json`` and a plot.

    python benchmarks/ranking/u_curve.py VECTORS    # docs/u-curve.svg

Short texts ask, and each answer is in the gallery once, as a text or as a picture (Li et al.,
"Closing the Modality Gap for Mixed Modality Search", arXiv 2507.19054, where raw cosine sags in the
middle as a U does). Two galleries:

- **COCO** (VECTORS: see `real_cases.py`): 400 captions ask. There is one caption a picture, so a
  text that answers is made of it: the difference of two captions that are not in the gallery is
  added, so much of it that texts alone are found as well as pictures alone by raw cosine. What all
  captions have in common, their mean's direction, stays as it is.
- **starter**: the development gallery (`specimen.py`). 90 short texts ask; of each concept as many
  places are there as it has both texts and pictures, and as many of no concept.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from cases import Case
from ceiling import fitted_to_labels
from compare import CEILING, DEFAULT, METHODS, quality, score
from numpy.typing import NDArray
from real import specimen
from real_cases import MEDIA_ASIDE, PAIRS, SOURCES, TEXTS_ASIDE, coco_rows
from u_curve_plot import draw

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _machine import save

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Places: TypeAlias = "tuple[Array, Array, Array, dict[str, Array], Array, Array]"

Array = NDArray[Any]
PLOT = Path(__file__).resolve().parents[2] / "docs/u-curve.svg"
SHARES = (0.0, 0.05, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 0.95, 1.0)
SHOWN = ("raw cosine", "GR-CLIP", "centred, z-score of the query", "round-robin", DEFAULT)
SEEDS = range(3)  # of what is a picture, and of what the texts of COCO are made


def coco_places(folder: Path, seed: int) -> Places:
    """Texts and pictures for each place, their labels, the background, queries and theirs."""
    image, text, order = coco_rows(folder, seed)
    rows, aside = order[:PAIRS], order[PAIRS:]
    rng = np.random.default_rng(seed)
    first, second = (rng.choice(aside, PAIRS) for _ in range(2))
    other = text[first] - text[second]
    labels = rows.astype(str)
    empty = np.empty((0, text.shape[1]), np.float32)
    bank = {"text": text[aside[:TEXTS_ASIDE]], "image": image[aside[:MEDIA_ASIDE]], "audio": empty}

    # What all captions have in common stays as it is, or texts would lie apart from captions.
    common = text.mean(axis=0)
    along = text[rows] @ common[:, None] * common / (common @ common)
    rest, other = text[rows] - along, other - other @ common[:, None] * common / (common @ common)
    length = np.linalg.norm(rest, axis=1, keepdims=True)

    def made(amount: float) -> Array:
        moved = rest + amount * other
        moved *= length / np.linalg.norm(moved, axis=1, keepdims=True)
        return (along + moved).astype(np.float32)

    wanted = found(image[rows], text[rows])
    low, high = 0.0, 8.0
    for _ in range(30):  # the more is added, the fewer are found
        middle = (low + high) / 2
        low, high = (middle, high) if found(made(middle), text[rows]) > wanted else (low, middle)
    return made(low), image[rows], labels, bank, text[rows], labels


def found(items: Array, queries: Array) -> float:
    """nDCG@10 where an item of the same place is the only answer."""
    products = queries @ items.T
    ranks = (products > np.diag(products)[:, None]).sum(axis=1)
    return float(np.mean(np.where(ranks < 10, 1 / np.log2(ranks + 2), 0)))


def starter_places(subject: Case, seed: int) -> Places:
    rng = np.random.default_rng(seed)
    texts, pictures = [], []
    for concept in np.unique(subject.concepts):
        of_it = subject.concepts == concept
        both = [
            rng.permutation(np.flatnonzero(of_it & (subject.modalities == m)))
            for m in ("text", "image")
        ]
        places = min(map(len, both))
        texts.append(both[0][:places])
        pictures.append(both[1][:places])
    first, second = np.concatenate(texts), np.concatenate(pictures)
    _, queries, about, _ = subject.queries[0]
    known = np.isin(about, subject.concepts[first])
    return (
        subject.vectors[first], subject.vectors[second], subject.concepts[first], subject.bank,
        queries[known], about[known],
    )  # fmt: skip


def mixed(places: Places, share: float, seed: int) -> Case:
    """A gallery in which so many of the places are pictures."""
    texts, pictures, labels, bank, queries, about = places
    order = np.random.default_rng(seed).permutation(len(labels))
    chosen = np.isin(np.arange(len(labels)), order[: round(share * len(labels))])
    vectors = np.where(chosen[:, None], pictures, texts)
    modalities = np.where(chosen, "image", "text")
    return Case(
        vectors, modalities, labels, bank, [("text", queries, about, np.full(len(about), -1))]
    )


def curves(make: Callable[[int], Places]) -> dict[str, list[float]]:
    """The mean nDCG@10 of each method at each share, and of scores fitted to the answers."""
    sums: dict[str, Array] = {name: np.zeros(len(SHARES)) for name in (*SHOWN, CEILING)}
    for seed in SEEDS:
        places = make(seed)
        for i, share in enumerate(SHARES):
            subject = mixed(places, share, seed)
            scores = {name: score(subject, METHODS[name]) for name in SHOWN}
            scores[CEILING] = fitted_to_labels(subject, scores[DEFAULT])
            for name, blocks in scores.items():
                values = quality(subject, blocks)["ndcg"]
                sums[name][i] += float(np.mean(values)) / len(SEEDS)
    return {name: [round(float(v), 4) for v in values] for name, values in sums.items()}


def sag(curve: list[float]) -> dict[str, float]:
    """By how much a curve falls below its lower end, and below the line between its ends."""
    line = np.interp(SHARES, [0, 1], [curve[0], curve[-1]])
    return {
        "below the lower end": round(max(min(curve[0], curve[-1]) - min(curve), 0.0), 4),
        "below the line": round(float(np.max(line - np.asarray(curve))), 4),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vectors", type=Path)
    folder = parser.parse_args().vectors.resolve()
    plain, with_gaps = specimen()
    found_on = {
        "CLIP, COCO": curves(lambda seed: coco_places(folder, seed)),
        "starter": curves(lambda seed: starter_places(plain, seed)),
        "starter, with modality gaps": curves(lambda seed: starter_places(with_gaps, seed)),
    }
    payload = {
        "source": SOURCES["COCO"],
        "default": DEFAULT,
        "seeds": len(SEEDS),
        "shares": SHARES,
        "curves": found_on,
        "sag": {
            name: {method: sag(curve) for method, curve in by_method.items()}
            for name, by_method in found_on.items()
        },
    }
    print(save("u_curve", payload))
    PLOT.write_text(draw(SHARES, found_on, DEFAULT), encoding="utf-8")


if __name__ == "__main__":
    main()
