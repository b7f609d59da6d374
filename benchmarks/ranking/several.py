"""What queries of several vectors are worth, and what chance gives them; writes ``several.json``.

    python benchmarks/ranking/several.py
    python benchmarks/ranking/table.py

The development gallery as the starter sees it, in 64 directions (``tests/support/data``), as it is
and with modality gaps. A query is some vectors of one modality: of one concept, as a recording of
one thing has them, or of three, as a film of three scenes has. It is asked by the mean of them, by
the best of those that `covering` keeps without a correction, corrected by their number, and
corrected by their chances (what is shipped); and by these and the mean together.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anysense.embed.pipeline.covering import covering
from anysense.embed.types import Modality, Space
from anysense.index.background import bank
from anysense.index.calibration.routes import Calibrations
from anysense.index.calibration.several import LEVEL, chances_of, corrected
from anysense.index.types import Partition

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _machine import save

if TYPE_CHECKING:
    from collections.abc import Iterator

Array = NDArray[Any]
DATA = Path(__file__).resolve().parents[2] / "tests/support/data/gallery.npz"
SPACE = Space("specimen", "1", 64, frozenset(Modality))
QUERIES = 40  # of each kind and modality
HALVES = 4  # random halves of the concepts for what is unrelated
LEVELS = {"10%": 1.0, "3%": 1.523, "1%": 2.0}
KINDS = {"one subject": (1, 4), "three subjects": (3, 1), "three subjects, three each": (3, 3)}
"""How many concepts a query has, and how many vectors of each at most."""


class Held:
    """What `Calibrations` asks of a snapshot."""

    def __init__(self, vectors: dict[Modality, Array], arrays: dict[str, Any]) -> None:
        self.vectors, self.arrays = vectors, arrays
        self.manifest = SimpleNamespace(encoders=[SimpleNamespace(space=SPACE)], tuning={})
        self.partitions = {Partition(SPACE.id, m): len(v) for m, v in vectors.items()}

    def sample(self, partition: Partition, n: int) -> Array:
        return self.vectors[partition.modality][:n]


class Gallery:
    """The vectors and their labels, with an offset for each modality or without."""

    def __init__(self, gaps: bool) -> None:
        with np.load(DATA, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
        axes = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 3)))[0].T
        sizes = (1.6, 1.2, 0.9) if gaps else (0.0, 0.0, 0.0)
        offsets = {m.value: s * a for m, s, a in zip(Modality, sizes, axes, strict=True)}
        self.concepts, self.families = arrays["concepts"], arrays["families"]
        self.of = {m: arrays["modalities"] == m.value for m in Modality}
        self.vectors = moved(arrays["items"], np.stack([offsets[m] for m in arrays["modalities"]]))
        banks = {m: moved(arrays[f"background_{m}"], offset) for m, offset in offsets.items()}
        self.arrays = dict(bank.to_arrays({SPACE.id: banks}, [SPACE]))

    def calibrations(self, known: Array) -> Calibrations:
        held = Held({m: self.vectors[known & self.of[m]] for m in Modality}, self.arrays)
        return Calibrations(held)  # type: ignore[arg-type]

    def queries(
        self, kind: str, asking: Modality, among: Array, number: int, rng: np.random.Generator
    ) -> Iterator[tuple[Array, Array]]:
        """The concepts of each query, and where its vectors are."""
        subjects, most = KINDS[kind]
        names = np.setdiff1d(self.concepts[among & self.of[asking]], "-")
        for _ in range(number):
            about = rng.choice(names, subjects, replace=False)
            places = [np.flatnonzero((self.concepts == c) & self.of[asking] & among) for c in about]
            drawn = [rng.choice(p, min(most, max(1, len(p) - 1)), replace=False) for p in places]
            chosen = np.concatenate(drawn)
            if len(chosen) > 1:
                yield about, chosen


def moved(vectors: Array, offset: Array) -> Array:
    shifted = vectors.astype(np.float32) + offset
    return (shifted / np.linalg.norm(shifted, axis=1, keepdims=True)).astype(np.float32)


def scores_by(
    calibrations: Calibrations, asking: Modality, target: Modality, vectors: Array, items: Array
) -> dict[str, Array]:
    """What each way scores items, (n,), by the vectors of one query."""
    partition = Partition(SPACE.id, target)
    route = calibrations.route(asking, partition)
    offset = calibrations.offset(asking, partition) if asking != target else np.float32(0)
    mean = vectors.mean(axis=0)
    asked = np.concatenate([(mean / np.linalg.norm(mean))[None], vectors[covering(vectors)]])
    searched = np.stack([route.decorrelated(vector - offset) for vector in asked])
    nulls = [route.null(vector) for vector in searched]
    pairs = list(zip(nulls, searched, strict=True))
    found = np.array([[n.score(p) for p in (items @ v).tolist()] for n, v in pairs])
    reached = np.array([route.items @ v >= n.product(LEVEL) for n, v in pairs])
    best = found[1:].max(axis=0)

    def less(scores: Array, chances: float) -> Array:
        return np.array([corrected(score, chances) for score in scores.tolist()])

    return {
        "the mean": found[0],
        "the best": best,
        "the best, corrected by their number": less(best, float(len(pairs) - 1)),
        "the best, corrected by their chances": less(best, chances_of(reached[1:], route.weights)),
        "the best or the mean, corrected": less(
            found.max(axis=0), chances_of(reached, route.weights)
        ),
    }


def quality(gallery: Gallery, kind: str) -> dict[str, list[tuple[float, float]]]:
    """nDCG@10, and how early the first answer of each subject is (mean reciprocal rank)."""
    rng = np.random.default_rng(1)
    everything = np.ones(len(gallery.concepts), bool)
    calibrations = gallery.calibrations(everything)
    figures: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for asking in Modality:
        for about, chosen in gallery.queries(kind, asking, everything, QUERIES, rng):
            totals: dict[str, Array] = {}
            for target in Modality:
                places = np.flatnonzero(gallery.of[target])
                ways = scores_by(
                    calibrations, asking, target, gallery.vectors[chosen], gallery.vectors[places]
                )
                for way, scores in ways.items():
                    totals.setdefault(way, np.full(len(everything), -1.0))[places] = scores
            for way, scores in totals.items():
                scores[chosen] = -1.0
                order = np.argsort(-scores, kind="stable")
                figures[way].append(ranked(gallery, order, about, chosen))
    return figures


def ranked(gallery: Gallery, order: Array, about: Array, chosen: Array) -> tuple[float, float]:
    relevant = np.isin(gallery.concepts, about)
    relevant[chosen] = False
    gains = relevant[order[:10]] / np.log2(np.arange(2, 12))
    best = (1 / np.log2(np.arange(2, 2 + min(10, max(1, relevant.sum()))))).sum()
    firsts = [np.flatnonzero(((gallery.concepts == c) & relevant)[order]) for c in about]
    ranks = [1 / (1 + int(first[0])) for first in firsts if len(first)]
    return float(gains.sum() / best), float(np.mean(ranks)) if ranks else 0.0


def rates(gallery: Gallery, kind: str) -> dict[str, list[list[float]]]:
    """How many unrelated items reach each level, over those that are meant to."""
    rng = np.random.default_rng(2)
    names = np.setdiff1d(gallery.concepts, "-")
    figures: dict[str, list[list[float]]] = defaultdict(list)
    for _ in range(HALVES):
        held = np.isin(gallery.concepts, rng.choice(names, len(names) // 2, replace=False))
        known = np.where(gallery.concepts == "-", rng.random(len(held)) < 0.5, held)
        calibrations = gallery.calibrations(known)
        for asking in Modality:
            for about, chosen in gallery.queries(kind, asking, ~known, QUERIES // 4, rng):
                kin = np.isin(gallery.families, gallery.families[np.isin(gallery.concepts, about)])
                for target in Modality:
                    items = gallery.vectors[gallery.of[target] & ~known & ~kin]
                    vectors = gallery.vectors[chosen]
                    ways = scores_by(calibrations, asking, target, vectors, items)
                    for way, scores in ways.items():
                        over = [float((scores >= at).mean()) * 10**at for at in LEVELS.values()]
                        figures[way].append(over)
    return figures


def main() -> None:
    result: dict[str, Any] = {}
    for name, gaps in (("starter", False), ("gaps", True)):
        gallery = Gallery(gaps)
        for kind in KINDS:
            found, reached = quality(gallery, kind), rates(gallery, kind)
            for way, figures in found.items():
                ndcg, rank = np.mean(figures, axis=0).tolist()
                over = np.mean(reached[way], axis=0).tolist()
                result.setdefault(name, {}).setdefault(kind, {})[way] = {
                    "ndcg": round(ndcg, 4),
                    "first_of_each": round(rank, 4),
                    "rates": {k: round(v, 3) for k, v in zip(LEVELS, over, strict=True)},
                }
    save("several", {"queries": QUERIES, "galleries": result})


if __name__ == "__main__":
    main()
