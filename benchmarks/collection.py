"""What a collection costs: to build, open, add to, delete from, filter, check and keep in memory.

    python benchmarks/collection.py [--segments 10000 100000 1000000] [--dimension 512]

Vectors are random directions around random topics; the encoder is left out. Opening is timed in
fresh processes, once after dropping the file from the page cache and then three times with it. The
medians of the repetitions are kept in benchmarks/results/collection.json.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import numpy as np

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.types import Content, EncodedSegment, Kind, Modality, Passage, Space
from anysense.index.catalog.records import ItemRecord
from anysense.index.collection import Collection
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = 0
BATCH = 2000
IMAGES = Partition("synthetic", Modality.IMAGE)
REPEATS = 5

OPENING = """
import json, sys, time
import numpy, anysense.index.vectors.faiss.store
import anysense.index.collection as c, anysense.index.types as p
from anysense.embed.types import Modality
def memory():
    lines = dict(line.split(":") for line in open("/proc/self/status") if line.startswith("Rss"))
    return [1024 * int(lines[name].split()[0]) for name in ("RssAnon", "RssFile")]
before = memory()
started = time.perf_counter()
collection = c.Collection.open(sys.argv[1])
opened = time.perf_counter()
snapshot = collection.folder.snapshot()
ready = time.perf_counter()
partition = p.Partition("synthetic", Modality.IMAGE)
query = snapshot.sample(partition, 1)[0]
snapshot.search(partition, query, 10, query_modality=Modality.IMAGE)
first = time.perf_counter()
used = [a - b for a, b in zip(memory(), before)]
print(json.dumps([opened - started, ready - started, first - ready, *used]))
"""


class Synthetic:
    """An encoder in name only: its vectors are made here, and the background's by chance."""

    sample_rate = None
    window_seconds = 10.0

    def __init__(self, dimension: int) -> None:
        self.space = Space("synthetic", "1", dimension, frozenset({Modality.IMAGE}))

    def passages(self, text: str) -> list[Passage]:
        raise NotImplementedError

    def prepare(self, modality: Modality, content: Content) -> Any:
        return np.random.default_rng(SEED).standard_normal(self.space.dimension, np.float32)

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> Any:
        drawn = np.stack(prepared)
        return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def records(start: int, count: int, dimension: int, rng: Any, topics: Any) -> list[ItemRecord]:
    drawn = topics[rng.integers(0, len(topics), count)]
    drawn = drawn + 0.7 * rng.standard_normal((count, dimension), np.float32)
    vectors = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return [
        ItemRecord(
            id=f"item{start + i}",
            source=f"/photos/{(start + i) % 1000:03d}/{start + i:08d}.jpg",
            kind=Kind.IMAGE,
            metadata={"year": 1990 + (start + i) % 35, "tags": ["a", f"t{(start + i) % 1000}"]},
            segments=[EncodedSegment("synthetic", Modality.IMAGE, vectors[i])],
            content_hash=f"{start + i:032x}",
        )
        for i in range(count)
    ]


def timed(action: Any) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def median(action: Any, repeats: int = REPEATS) -> float:
    return statistics.median(timed(action) for _ in range(repeats))


def forget_cached(folder: Path) -> None:
    """Drop the files of a folder from the page cache, so that they are read from the disk."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def opening(path: Path) -> list[float]:
    import json

    done = subprocess.run(
        [sys.executable, "-c", OPENING, str(path)], capture_output=True, text=True, check=True
    )
    values: list[float] = json.loads(done.stdout)
    return values


def measure(segments: int, dimension: int, folder: Path) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    topics = rng.standard_normal((2000, dimension)).astype(np.float32)
    register_encoder("synthetic", lambda rest, device: Synthetic(dimension))
    path = folder / str(segments)
    result: dict[str, Any] = {"segments": segments, "dimension": dimension}
    with Collection.create(path, ["synthetic"]) as collection:
        writing = 0.0
        for start in range(0, segments, BATCH):
            batch = records(start, min(BATCH, segments - start), dimension, rng, topics)
            writing += timed(lambda batch=batch: collection.write(batch))
        result["write_s"] = round(writing, 3)
        result["write_items_per_s"] = round(segments / writing)
        newer = [sum(opening(path)[1:3]) for _ in range(3)]
        result["open_and_search_unpublished_s"] = round(statistics.median(newer), 3)
        result["publish_s"] = round(timed(collection.publish), 3)
        info = collection.info()
        result["bytes_per_segment"] = round(info["bytes"] / segments, 1)
        result["index_bytes_per_segment"] = round(info["index_bytes"] / segments, 1)
        result["measured_recall"] = info["measured_recall"]
    forget_cached(path)
    cold = opening(path)
    warm = [opening(path) for _ in range(3)]
    result["open_cold_s"] = round(cold[1], 3)
    result["open_warm_s"] = round(statistics.median(times[1] for times in warm), 3)
    result["open_catalog_s"] = round(statistics.median(times[0] for times in warm), 4)
    result["first_search_s"] = round(statistics.median(times[2] for times in warm), 4)
    # Private to the process, and mapped from files: the latter is shared, and can be let go.
    for at, kind in ((3, "private"), (4, "mapped")):
        memory = statistics.median(times[at] for times in warm)
        result[f"{kind}_memory_bytes_per_segment"] = round(memory / segments, 1)
    result |= small_changes(path, segments, dimension, rng, topics)
    (path / "VERIFIED").unlink()
    result["check_catalog_s"] = round(timed(lambda: Collection.open(path).close()), 3)
    return result


def small_changes(
    path: Path, segments: int, dimension: int, rng: Any, topics: Any
) -> dict[str, Any]:
    """Milliseconds for one item at a time, and seconds for what a person starts by hand."""
    result: dict[str, Any] = {}
    with Collection.open(path) as collection:
        collection.folder.snapshot()
        query = collection.folder.snapshot().sample(IMAGES, 1)[0]
        fresh = iter(records(segments, 200, dimension, rng, topics))
        collection.write([next(fresh)])
        result["add_one_ms"] = 1000 * median(lambda: collection.write([next(fresh)]), 20)
        ids = iter(range(segments))
        result["delete_one_ms"] = 1000 * median(lambda: collection.remove([f"item{next(ids)}"]), 20)

        def add_and_search() -> None:
            collection.write([next(fresh)])
            snapshot = collection.folder.snapshot()
            snapshot.search(IMAGES, query, 10, query_modality=Modality.IMAGE)

        result["add_then_search_ms"] = 1000 * median(add_and_search, 20)
        snapshot = collection.folder.snapshot()
        search = lambda: snapshot.search(IMAGES, query, 10, query_modality=Modality.IMAGE)  # noqa: E731
        result["search_ms"] = 1000 * median(search, 50)
        _, found = snapshot.search(IMAGES, query, 10)
        result["rows_of_ten_ms"] = 1000 * median(lambda: snapshot.rows(found), 50)
        values = iter(range(1000))
        result["select_one_in_1000_s"] = median(
            lambda: snapshot.select(f"tags = 't{next(values)}'")
        )
        result["info_ms"] = 1000 * median(collection.info)
        result["publish_again_s"] = timed(collection.publish)
        result["verify_s"] = timed(lambda: check(collection))
    return {key: round(value, 4) for key, value in result.items()}


def check(collection: Collection) -> None:
    report = collection.verify()
    assert report.ok, report.problems


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--segments", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--folder", type=Path, default=None, help="where to make collections")
    arguments = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for segments in arguments.segments:
            results.append(measure(segments, arguments.dimension, Path(folder)))
            print(results[-1], flush=True)
            shutil.rmtree(Path(folder) / str(segments))
    payload = {"seed": SEED, "batch_items": BATCH, "results": results}
    print(_machine.save("collection", payload))


if __name__ == "__main__":
    main()
