"""Which way to lay a collection out in two dimensions, and by which likeness.

    python benchmarks/map.py [FOLDER] [--sizes 1000 5000 20000]

Vectors are those of gap_data.py, three pictures to a text. Each way runs in a process of its own,
on one thread: processor seconds, the largest memory, and, of 3,000 of the items at most, the
trustworthiness (Venna and Kaski, 2001) and the share of the ten nearest by cosine that are among
the ten nearest on the map. Those that are not installed are left out; all are there after
`pip install umap-learn pacmap openTSNE`.

FOLDER holds vectors of real models (see README.md): with them it is measured whether what belongs
together lies near, whatever its modality, by cosines as they are, by cosines less the modalities'
means, and by likeness as published. Kept in results/map.json.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import time
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import map_ways
import numpy as np
from gap_data import DESCRIPTION, GapData

from anysense.embed.types import Modality
from anysense.index.mapping.layout import lay_out, place
from anysense.index.mapping.likeness import Likeness, code_of, fit_likeness

if TYPE_CHECKING:
    from collections.abc import Iterator

SEED = 0
NEAREST = 10
JUDGED = 3000
LIBRARIES = ("scikit-learn", "openTSNE", "umap-learn", "pacmap", "numba")


def mixed(parts: dict[Modality, Any]) -> tuple[Any, Any]:
    """Vectors of several modalities in one array, and their codes."""
    codes = [np.full(len(rows), code_of(modality), np.uint8) for modality, rows in parts.items()]
    return np.concatenate(list(parts.values())).astype(np.float32), np.concatenate(codes)


def generated(size: int) -> tuple[Any, Any]:
    world = GapData(SEED)
    parts = {Modality.IMAGE: world.draw(size * 3 // 4, "image")}
    parts[Modality.TEXT] = world.draw(size - size * 3 // 4, "text")
    vectors, codes = mixed(parts)
    order = np.random.default_rng(SEED).permutation(size)
    return vectors[order], codes[order]


def likeness_of(vectors: Any, codes: Any) -> Likeness:
    parts = {m: vectors[codes == code_of(m)][:512] for m in Modality}
    return fit_likeness({m: rows for m, rows in parts.items() if len(rows)}, vectors.shape[1])


def nearest_of(distances: Any) -> Any:
    return np.argpartition(distances, NEAREST, axis=1)[:, :NEAREST]


def kept(vectors: Any, places: Any) -> float:
    """The share of the ten nearest by cosine that are among the ten nearest on the map."""
    asked = np.random.default_rng(SEED).permutation(len(vectors))[:1000]
    high = 1 - vectors[asked] @ vectors.T
    low = ((places[asked][:, None] - places[None]) ** 2).sum(axis=2)
    for distances in (high, low):
        distances[np.arange(len(asked)), asked] = np.inf
    both = [len({*a} & {*b}) for a, b in zip(nearest_of(high), nearest_of(low), strict=True)]
    return float(np.mean(both)) / NEAREST


def memory_now() -> float:
    """The memory of this process in MB; from here on its peak is counted anew."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory_peak()


def memory_peak() -> float:
    lines = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) / 1024


def run(way: str, size: int, pipe: Any) -> None:
    """Lay out so many vectors in this process, and tell what it took and how good it is."""
    vectors, codes = generated(size)
    likeness = likeness_of(vectors, codes)
    centred = likeness.centred(vectors, codes)
    before = time.process_time()
    try:
        importlib.import_module(map_ways.IMPORTS[way])
    except ImportError:
        pipe.send(None)
        return
    imported = time.process_time()
    small = memory_now()
    places = map_ways.WAYS[way](centred, codes, likeness)
    done = time.process_time()
    large = memory_peak()
    judged = np.random.default_rng(SEED).permutation(size)[:JUDGED]
    from sklearn.manifold import trustworthiness

    trusted = trustworthiness(centred[judged], places[judged], n_neighbors=NEAREST, metric="cosine")
    pipe.send(
        {
            "way": way,
            "items": size,
            "import_cpu_s": round(imported - before, 2),
            "cpu_s": round(done - imported, 2),
            "memory_mb": round(large - small),
            "trustworthiness": round(float(trusted), 3),
            "kept": round(kept(centred, places), 3),
        }
    )


def compare_ways(sizes: list[int]) -> Iterator[dict[str, Any]]:
    context = multiprocessing.get_context("spawn")
    for size in sizes:
        for way in map_ways.WAYS:
            if "placed" in way and size <= map_ways.LAID_OUT:
                continue
            mine, theirs = context.Pipe(duplex=False)
            process = context.Process(target=run, args=(way, size, theirs))
            process.start()
            theirs.close()
            try:
                row = mine.recv()
            except EOFError:
                row = {"way": way, "items": size, "failed": True}
            process.join()
            if row is not None:
                print(row, flush=True)
                yield row


def likenesses(vectors: Any, codes: Any) -> dict[str, tuple[Any, Likeness]]:
    """Vectors and likenesses: cosines, cosines less the modalities' means, and as published."""
    fitted = likeness_of(vectors, codes)
    plain = Likeness(0 * fitted.centres, 0 * fitted.means, 0 * fitted.deviations + 0.15)
    centred = Likeness(fitted.centres, plain.means, plain.deviations)
    return {
        name: (each.centred(vectors, codes), each)
        for name, each in (("cosine", plain), ("centred cosine", centred), ("likeness", fitted))
    }


def across(places: Any, codes: Any, topics: Any) -> dict[str, float]:
    """How what belongs together lies, of items of two modalities.

    `own_topic` is the share of items with one of their topic among the ten nearest of the other
    modality; `other_modality`, the share of the ten nearest that are of the other one.
    """
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    other = codes[:, None] != codes[None]
    nearest = nearest_of(np.where(other, distances, np.inf))
    return {
        "own_topic": round(float((topics[nearest] == topics[:, None]).any(axis=1).mean()), 3),
        "other_modality": round(
            float(np.take_along_axis(other, nearest_of(distances), axis=1).mean()), 3
        ),
    }


def compare_likenesses(folder: Path) -> list[dict[str, Any]]:
    coco, clips = np.load(folder / "clip_coco500.npz"), np.load(folder / "clap_esc50.npz")
    topics = np.arange(len(coco["image"]))
    chosen = clips["fold"] == 1
    sets = {
        "CLIP, 500 photos and their captions": (
            {Modality.IMAGE: coco["image"], Modality.TEXT: coco["text"]},
            np.concatenate([topics, topics]),
        ),
        "CLAP, 400 sounds and the names of their 50 classes": (
            {Modality.AUDIO: clips["audio"][chosen], Modality.TEXT: clips["class_text"]},
            np.concatenate([clips["label"][chosen], np.arange(len(clips["class_text"]))]),
        ),
    }
    rows = []
    for name, (parts, topics) in sets.items():
        vectors, codes = mixed(parts)
        for way, (centred, likeness) in likenesses(vectors, codes).items():
            places = lay_out(centred, codes, likeness)
            rows.append({"set": name, "likeness": way, **across(places, codes, topics)})
            print(rows[-1], flush=True)
    return rows


def compare_growth(size: int = 3000) -> list[dict[str, Any]]:
    """What becomes of a layout when the collection grows by half: places and movement."""
    vectors, codes = generated(size)
    likeness = likeness_of(vectors, codes)
    centred = likeness.centred(vectors, codes)
    old = size * 2 // 3
    known = centred[:old], codes[:old]
    first = lay_out(*known, likeness)
    placed = np.concatenate([first, place(centred[old:], codes[old:], *known, first, likeness)])
    ways = {
        "placed among them": placed,
        "laid out anew from there": lay_out(centred, codes, likeness, placed),
        "laid out anew": lay_out(centred, codes, likeness),
    }
    return [
        {
            "way": name,
            "kept": round(kept(centred, places), 3),
            "moved": round(float(np.median(np.linalg.norm(places - placed, axis=1)[:old])), 3),
        }
        for name, places in ways.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 5000, 20_000])
    options = parser.parse_args()
    payload: dict[str, Any] = {
        "seed": SEED,
        "vectors": DESCRIPTION,
        "libraries": {name: version(name) for name in LIBRARIES},
        "growth": compare_growth(),
    }
    if options.folder is not None:
        payload["likenesses"] = compare_likenesses(options.folder)
    payload["ways"] = []
    for row in compare_ways(options.sizes):  # which takes long: what is there is kept
        payload["ways"].append(row)
        _machine.save("map", payload)


def version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
