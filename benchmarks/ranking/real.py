"""Compare ways to rank galleries of CLIP's and CLAP's vectors, and write ``results/real.json``.

    python benchmarks/ranking/real.py VECTORS

VECTORS is a folder with ``clip_coco500.npz`` and ``clap_esc50.npz``, which `real_cases.py`
describes; they are others' and not in this repository. The strength of the decorrelation was
chosen on the first two draws of each gallery and on the starter's development gallery; the methods
are compared on five other draws.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import unseen
from cases import MODALITIES, Case, case, gaps
from compare import DEFAULT, METHODS, RANKS, compare, interval, measure, quality, score
from methods import calibrated
from numpy.typing import NDArray
from real_cases import SOURCES, coco, esc

from anysense.index.calibration import decorrelation

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from _machine import save

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Array = NDArray[Any]
CHOSEN_ON, COMPARED_ON = range(2), range(2, 7)
FOLDINGS = range(2)  # of each draw, for the rates
STRENGTHS = (None, 8.0, 4.0, decorrelation.STRENGTH, 1.0)  # none: not decorrelated
GALLERY = Path(__file__).resolve().parents[2] / "tests/support/data/gallery.npz"


def crossing(subjects: list[Case]) -> dict[str, Any]:
    """How often the best item of another modality is an answer, by cosine and by the default."""
    out: dict[str, Any] = {}
    for name in ("raw cosine", DEFAULT):
        for subject in subjects:
            blocks = score(subject, METHODS[name])
            for (asked, _, about, _), scores in zip(subject.queries, blocks, strict=True):
                for target in MODALITIES:
                    of_it = subject.modalities == target
                    if target == asked or not of_it.any():
                        continue
                    best = subject.concepts[of_it][scores[:, of_it].argmax(axis=1)]
                    out.setdefault(f"{asked} -> {target}", {}).setdefault(name, []).append(
                        float((best == about).mean())
                    )
    return {
        route: {name: round(float(np.mean(values)), 4) for name, values in entry.items()}
        for route, entry in out.items()
    }


def first_of_other(subject: Case, method: Callable[..., Array]) -> float:
    """The share of queries before whose best item of another modality all of their own stand."""
    behind = []
    for (asked, _, _, own), scores in zip(subject.queries, score(subject, method), strict=True):
        mine = subject.modalities == asked
        same = scores[:, mine].copy()
        same[np.arange(len(own)), own - np.flatnonzero(mine)[0]] = np.inf  # not among them
        behind += list(same.min(axis=1) > scores[:, ~mine].max(axis=1))
    return float(np.mean(behind))


def rates(subjects: list[Case], method: Callable[..., Array]) -> dict[str, list[float]]:
    """How many unrelated pairs of each route reach the levels, over how many are meant to."""
    found: dict[str, list[list[float]]] = {}
    for subject in subjects:
        reached = unseen.rates(unseen.unrelated(subject, method, FOLDINGS), unseen.LEVELS)
        for route, values in reached.items():
            found.setdefault(route, []).append(values)
    return {
        route: [round(float(v), 3) for v in np.mean(values, axis=0) / unseen.SHARES]
        for route, values in found.items()
    }


@contextmanager
def strength(value: float | None) -> Iterator[Callable[..., Array]]:
    """The package's scores with another strength of the decorrelation; None for none."""
    former = decorrelation.STRENGTH
    decorrelation.STRENGTH = former if value is None else value
    try:
        yield partial(calibrated, decorrelated=value is not None)
    finally:
        decorrelation.STRENGTH = former


def choices(galleries: dict[str, list[Case]]) -> list[dict[str, Any]]:
    """nDCG and the highest and lowest rates, by the strength."""
    rows = []
    for value in STRENGTHS:
        row: dict[str, Any] = {"strength": value, "galleries": {}}
        with strength(value) as method:
            for name, subjects in galleries.items():
                found = [quality(subject, score(subject, method)) for subject in subjects]
                means = [np.average(f["ndcg"], weights=f["weight"]) for f in found]
                table = np.array(list(rates(subjects, method).values()))
                row["galleries"][name] = {
                    "ndcg": round(float(np.mean(means)), 4),
                    "highest": table.max(axis=0).tolist(),
                    "lowest": table.min(axis=0).tolist(),
                }
        rows.append(row)
    return rows


def specimen() -> tuple[Case, Case]:
    """The development gallery as the starter sees it, in 64 directions; and with gaps."""
    with np.load(GALLERY, allow_pickle=False) as arrays:
        held: Any = SimpleNamespace(
            vectors=arrays["items"].astype(np.float32),
            modalities=arrays["modalities"],
            concepts=arrays["concepts"],
            queries=arrays["queries"].astype(np.float32),
            query_concepts=arrays["query_concepts"],
            bank={m: arrays[f"background_{m}"].astype(np.float32) for m in MODALITIES},
        )
    return case(held, lambda vectors, *_: vectors), case(held, gaps(held.vectors.shape[1]))


def common(subject: Case) -> dict[str, list[float | None]]:
    """For each method with one threshold for all routes: the highest rate over the lowest."""
    out = {}
    for name, method in METHODS.items():
        if name not in RANKS:
            pairs = unseen.unrelated(subject, method, FOLDINGS)
            out[name] = unseen.ratios(pairs, unseen.common_levels(pairs))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vectors", type=Path)
    folder = parser.parse_args().vectors.resolve()
    makers = {"COCO": coco, "ESC-50": esc}
    drawn = {n: [make(folder, draw) for draw in COMPARED_ON] for n, make in makers.items()}
    first = {n: [make(folder, draw) for draw in CHOSEN_ON] for n, make in makers.items()}
    plain, with_gaps = specimen()
    measured = {name: measure(subjects) for name, subjects in drawn.items()}
    default, former = (METHODS[n] for n in (DEFAULT, "calibrated, not decorrelated"))
    won = {
        name: found[DEFAULT]["ndcg"] - found["calibrated, not decorrelated"]["ndcg"]
        for name, found in measured.items()
    }
    payload = {
        "sources": SOURCES,
        "draws": {"chosen on": list(CHOSEN_ON), "compared on": list(COMPARED_ON)},
        "default": DEFAULT,
        "galleries": {
            name: {m: int((subjects[0].modalities == m).sum()) for m in MODALITIES}
            for name, subjects in drawn.items()
        },
        "cases": {name: compare(found) for name, found in measured.items()},
        "won_by_decorrelation": {
            name: [
                round(float(np.average(v, weights=measured[name][DEFAULT]["weight"])), 4),
                interval(v, measured[name][DEFAULT]["weight"]),
            ]
            for name, v in won.items()
        },
        "crossing": {name: crossing(subjects) for name, subjects in drawn.items()},
        "own_modality_first": {
            name: {
                method: round(float(np.mean([first_of_other(s, METHODS[method]) for s in some])), 4)
                for method in ("raw cosine", DEFAULT)
            }
            for name, some in drawn.items()
        },
        "shares": unseen.SHARES,
        "rates": {
            name: {"decorrelated": rates(some, default), "not": rates(some, former)}
            for name, some in ((n, subjects[:3]) for n, subjects in drawn.items())
        },
        "common_threshold_ratios": {name: common(some[0]) for name, some in drawn.items()},
        "choices": choices({**first, "starter": [plain], "with gaps": [with_gaps]}),
    }
    print(save("real", payload))


if __name__ == "__main__":
    main()
