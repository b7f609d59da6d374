"""What a collection costs, from 100,000 to 10 million segments.

    python benchmarks/collection.py [--segments 100000 1000000 10000000] [--folder FOLDER]

To fill from vectors that are ready, to publish, open, search by image and by text with filters
and without, to add and delete, check, and keep in memory. The vectors are 512 numbers of
`gap_data`; the encoder is left out. Builds over unchanged files have a benchmark of their own.

Recall is counted against a search of everything by the same 200 queries, of which none is in the
collection; those by text are centred and decorrelated as in any search. Times of searches are
medians, one query after the other. Opening is timed in fresh processes, once after dropping the
files from the page cache and then three times with it.

What was measured is kept after each step beside the collection in FOLDER (a temporary one by
default) and in benchmarks/results/collection.json after each size, in place of what is there of
the same size: after a stop the same command goes on, `--keep` leaves the collections there. 10
million take 27 GB, 11 more while they are published again, and 45 minutes on two cores, of which
finding lists takes most.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import numpy as np
from collection_data import (
    BATCH,
    IMAGES,
    SPACE,
    TEXT_ITEMS,
    TEXTS,
    Peak,
    Synthetic,
    World,
    image_records,
    text_records,
)
from gap_data import DESCRIPTION, DIMENSION

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.types import Modality
from anysense.index.calibration.routes import Calibrations
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.index.snapshots.snapshot import Snapshot

    Step = Callable[[Path, int, World], dict[str, Any]]

SEED = 0
REPEATS = 5
QUERIES = 200
NEAREST = 10
FILTERS = {"one_in_1000": "tags = 't5'", "five_in_seven": "year >= 2000"}
CHANGES = 100
"""Items that are added, and as many deleted, before it is published again."""

OPENING = """
import json, sys, time
import numpy as np, anysense.index.vectors.faiss.store
import anysense.index.collection as c, anysense.index.types as p
from anysense.embed.types import Modality
sys.path.insert(0, sys.argv[2])
from collection_data import memory
before = memory()
started = time.perf_counter()
collection = c.Collection.open(sys.argv[1])
opened = time.perf_counter()
snapshot = collection.folder.snapshot()
ready = time.perf_counter()
partition = p.Partition("synthetic", Modality.IMAGE)
query = np.eye(1, int(sys.argv[3]), dtype=np.float32)[0]
snapshot.search(partition, query, 10, query_modality=Modality.IMAGE)
first = time.perf_counter()
after = memory()
print(json.dumps({
    "catalog": opened - started, "open": ready - started, "first": first - ready,
    **{name: after[name] - before[name] for name in after},
}))
"""

SEARCHING = """
import json, sys
sys.path.insert(0, sys.argv[2])
from collection import IMAGES, NEAREST, QUERIES, SEED, Modality, as_searched
from collection_data import World, memory
from anysense.index.collection import Collection
world = World(SEED)
snapshot = Collection.open(sys.argv[1]).folder.snapshot()
for modality in (Modality.TEXT, Modality.IMAGE):
    for query in as_searched(snapshot, world.queries(modality, QUERIES), modality):
        snapshot.search(IMAGES, query, NEAREST, query_modality=modality)
print(json.dumps(memory()))
"""


def timed(action: Callable[[], Any]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def median(action: Callable[[], Any], repeats: int = REPEATS) -> float:
    return statistics.median(timed(action) for _ in range(repeats))


def forget_cached(folder: Path) -> None:
    """Drop the files of a folder from the page cache, so that they are read from the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def in_fresh_process(script: str, path: Path) -> dict[str, float]:
    """What a script says of a collection."""
    here = str(Path(__file__).resolve().parent)
    command = [sys.executable, "-c", script, str(path), here, str(DIMENSION)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def opening(path: Path) -> dict[str, float]:
    return in_fresh_process(OPENING, path)


# The steps, in their order; each gives figures, and is left out if they are there.


def fill(path: Path, segments: int, world: World) -> dict[str, Any]:
    """Write the items, or those that are not there yet."""
    if not Collection.exists(path):
        Collection.create(path, [SPACE]).close()
    writing, done = 0.0, 0
    with Collection.open(path) as collection, Peak() as peak:
        there = collection.info()["items"]
        for start in range(there // BATCH * BATCH, segments, BATCH):
            records = image_records(world, start, min(BATCH, segments - start))
            done += len(records)
            writing += timed(partial(collection.write, records))
        if collection.info()["items"] < segments + TEXT_ITEMS:
            collection.write(text_records(world))
    return {
        "write_s": round(writing * segments / done, 3) if done else None,
        "write_items_per_s": round(done / writing) if done else None,
        "write_private_bytes": peak.bytes["private"],
    }


def first_index(path: Path, segments: int, world: World) -> dict[str, Any]:
    newer = opening(path) if segments <= 1_000_000 else None
    with Collection.open(path) as collection:
        with Peak() as peak:
            seconds = timed(collection.publish)
        info = collection.info()
    return {
        "open_and_search_unpublished_s": newer and round(newer["open"] + newer["first"], 3),
        "publish_s": round(seconds, 3),
        "publish_private_bytes": peak.bytes["private"],
        "publish_mapped_bytes": peak.bytes["mapped"],
        "bytes_per_segment": round(info["bytes"] / segments, 1),
        "index_bytes_per_segment": round(info["index_bytes"] / segments, 1),
        "measured_recall": info["measured_recall"],
    }


def open_it(path: Path, segments: int, world: World) -> dict[str, Any]:
    forget_cached(path)
    cold = opening(path)
    every = [opening(path) for _ in range(3)]
    warm = {name: statistics.median(figures[name] for figures in every) for name in cold}
    return {
        "open_cold_s": round(cold["open"], 3),
        "open_warm_s": round(warm["open"], 3),
        "open_catalog_s": round(warm["catalog"], 4),
        "first_search_s": round(warm["first"], 4),
        # Private to the process, and mapped from files: the latter is shared, and can be let go.
        "private_memory_bytes_per_segment": round(warm["private"] / segments, 1),
        "mapped_memory_bytes_per_segment": round(warm["mapped"] / segments, 1),
    }


def search_memory(path: Path, segments: int, world: World) -> dict[str, Any]:
    """All the memory of a process that opens a collection and does nothing but search it.

    What is mapped are pages of vectors that were looked at: others share them, and when memory is
    wanted the system takes them back.
    """
    used = in_fresh_process(SEARCHING, path)
    return {f"searching_{kind}_bytes": used[kind] for kind in ("private", "mapped")}


def search(path: Path, segments: int, world: World) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with Collection.open(path) as collection, Peak() as peak:
        snapshot = collection.folder.snapshot()
        for modality in (Modality.TEXT, Modality.IMAGE):
            queries = as_searched(snapshot, world.queries(modality, QUERIES), modality)
            figures[f"{modality}_to_image"] = searched(snapshot, queries, modality)
        figures["search_private_bytes"] = peak.bytes["private"]
        figures["search_mapped_bytes"] = peak.bytes["mapped"]
        found = snapshot.search(IMAGES, queries[0], NEAREST, query_modality=modality)[1]
        figures["rows_of_ten_ms"] = round(1000 * median(lambda: snapshot.rows(found), 50), 4)
        figures["info_ms"] = round(1000 * median(collection.info), 4)
    return figures


def as_searched(snapshot: Snapshot, vectors: Any, modality: Modality) -> Any:
    """Queries as a search has them: less what they have in common, where they cross."""
    if modality is Modality.IMAGE:
        return vectors
    calibrations = Calibrations(snapshot)
    route = calibrations.route(modality, IMAGES)
    centred = vectors - calibrations.offset(modality, IMAGES)
    return np.stack([route.decorrelated(query) for query in centred]).astype(np.float32)


def searched(snapshot: Snapshot, queries: Any, modality: Modality) -> dict[str, Any]:
    """Milliseconds and recall of searches one by one, without a filter and with each."""
    effort = snapshot.effort(modality, IMAGES)
    figures: dict[str, Any] = {"effort": None if effort is None else effort._asdict()}
    filters: dict[str, str | None] = {"": None, **FILTERS}
    for name, where in filters.items():
        selecting = timed(partial(snapshot.select, where))
        allowed = snapshot.select(where)
        exact = snapshot.search(IMAGES, queries, NEAREST, allowed=allowed)[1]
        one = partial(snapshot.search, IMAGES, k=NEAREST, query_modality=modality, allowed=allowed)
        one(queries[0])
        times, hits = [], 0
        for query, true in zip(queries, exact, strict=True):
            started = time.perf_counter()
            found = one(query)[1]
            times.append(time.perf_counter() - started)
            hits += len(np.intersect1d(found, true))
        part = figures.setdefault("filtered", {}).setdefault(name, {}) if name else figures
        if name:
            part["select_s"] = round(selecting, 4)
        part["p50_ms"] = round(1000 * statistics.median(times), 3)
        part["p95_ms"] = round(1000 * float(np.quantile(times, 0.95)), 3)
        part["recall"] = round(hits / exact.size, 4)
    return figures


def small_changes(path: Path, segments: int, world: World) -> dict[str, Any]:
    """Milliseconds for one item at a time, and seconds for publishing them."""
    result: dict[str, Any] = {}
    with Collection.open(path) as collection:
        query = world.queries(Modality.IMAGE, 1)[0]
        fresh = iter(image_records(world, segments, CHANGES))

        def add_and_search() -> None:
            collection.write([next(fresh)])
            snapshot = collection.folder.snapshot()
            snapshot.search(IMAGES, query, NEAREST, query_modality=Modality.IMAGE)

        collection.write([next(fresh)])
        add = median(lambda: collection.write([next(fresh)]), 20)
        ids = iter(range(segments))
        delete = median(lambda: collection.remove([f"item{next(ids)}"]), 20)
        collection.folder.snapshot()
        both = median(add_and_search, 20)
        collection.write(list(fresh))
        collection.remove([f"item{number}" for number in list(ids)[: CHANGES - 20]])
        result = {"add_one_ms": add, "delete_one_ms": delete, "add_then_search_ms": both}
        result = {name: round(1000 * seconds, 4) for name, seconds in result.items()}
        with Peak() as peak:
            result["publish_again_s"] = round(timed(collection.publish), 3)
        result["publish_again_private_bytes"] = peak.bytes["private"]
    return result


def check(path: Path, segments: int, world: World) -> dict[str, Any]:
    with Collection.open(path) as collection, Peak() as peak:
        report = collection.verify()
        assert report.ok, report.problems
        assert collection.folder.snapshot().partitions[TEXTS] == TEXT_ITEMS
    (path / "VERIFIED").unlink()
    return {
        "verify_s": report.seconds,
        "verify_private_bytes": peak.bytes["private"],
        "check_catalog_s": round(timed(lambda: Collection.open(path).close()), 3),
    }


STEPS: Sequence[Step] = (
    fill,
    first_index,
    open_it,
    search,
    search_memory,
    small_changes,
    check,
)


def measure(segments: int, folder: Path) -> dict[str, Any]:
    """All figures of one size; what an earlier run has measured is not measured again."""
    world = World(SEED)
    register_encoder(SPACE, lambda rest, device: Synthetic(world))
    notes = folder / f"{segments}.json"
    done: dict[str, Any] = {}
    if notes.exists():
        done = json.loads(notes.read_text(encoding="utf-8"))
    for step in STEPS:
        if step.__name__ not in done:
            done[step.__name__] = step(folder / str(segments), segments, world)
            notes.write_text(json.dumps(done), encoding="utf-8")
            print(segments, step.__name__, done[step.__name__], flush=True)
    figures = {name: value for step in STEPS for name, value in done[step.__name__].items()}
    load = {"load_after": round(os.getloadavg()[1], 1)}  # other work beside it, over one of ours
    return {"segments": segments, "dimension": DIMENSION, **figures, **load}


def save(results: Sequence[dict[str, Any]]) -> Path:
    """Keep results, and those of other sizes that are there."""
    path = _machine.RESULTS / "collection.json"
    new = {result["segments"]: result for result in results}
    before = _machine.load("collection")["results"] if path.exists() else []
    known = {result["segments"]: result for result in before if "image_to_image" in result}
    known |= new
    every = [known[segments] for segments in sorted(known)]
    data = {"seed": SEED, "batch_items": BATCH, "queries": QUERIES, "vectors": DESCRIPTION}
    return _machine.save("collection", {**data, "filters": FILTERS, "results": every})


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    sizes = [100_000, 1_000_000, 10_000_000]
    parser.add_argument("--segments", type=int, nargs="+", default=sizes)
    parser.add_argument(
        "--folder", type=Path, help="where to make collections, and go on with them"
    )
    parser.add_argument("--keep", action="store_true", help="leave the collections in the folder")
    parser.add_argument(
        "--dry", action="store_true", help="leave the committed results as they are"
    )
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for segments in options.segments:
            result = measure(segments, folder)
            if not options.dry:
                print(save([result]))
            if not options.keep:
                shutil.rmtree(folder / str(segments))
    finally:
        if options.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()
