"""What it costs to import ready vectors: seconds and memory, and what a second import costs.

    python benchmarks/importing.py [--rows 100000 1000000] [--dimension 512] [--folder DIR]

Vectors are random directions around random topics, float16 in a .npy file, with ids, sources and a
number in a Parquet file beside it; the encoder is left out. Each import runs in a process of its
own, whose memory is its most (ru_maxrss) above that of one which has imported ten rows. The result
is in benchmarks/results/importing.json.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import _machine
import numpy as np
import pyarrow
from collection import Synthetic
from pyarrow import parquet

from anysense.embed.encoders.registry import register_encoder
from anysense.index.collection import Collection

SEED = 0
CHUNK = 50_000
TOPICS = 1000


def write_files(folder: Path, rows: int, dimension: int) -> None:
    """The vectors, and what is said of them."""
    rng = np.random.default_rng(SEED)
    topics = rng.standard_normal((TOPICS, dimension), np.float32)
    shape = (rows, dimension)
    vectors = np.lib.format.open_memmap(folder / "v.npy", "w+", np.float16, shape)
    for start in range(0, rows, CHUNK):
        count = min(CHUNK, rows - start)
        noise = rng.standard_normal((count, dimension), np.float32)
        vectors[start : start + count] = topics[rng.integers(0, TOPICS, count)] + 0.7 * noise
    del vectors
    numbers = np.arange(rows)
    table = {
        "id": [f"item{at}" for at in numbers],
        "source": [f"/photos/{at % 1000:03d}/{at:08d}.jpg" for at in numbers],
        "year": 1990 + numbers % 35,
    }
    parquet.write_table(pyarrow.table(table), folder / "v.parquet")


def import_once(folder: Path, dimension: int) -> dict[str, float]:
    """Import what is in a folder, in this process."""
    register_encoder("synthetic", lambda rest, device: Synthetic(dimension))
    where = folder / "collection"
    opened = Collection.open(where) if Collection.exists(where) else None
    collection = opened or Collection.create(where, ["synthetic"])
    began: dict[str, float] = {}

    def note(phase: str, done: int, total: int) -> None:
        began.setdefault(phase, time.perf_counter())

    with collection:
        report = collection.import_vectors(
            folder / "v.npy", metadata=folder / "v.parquet", modality="image", progress=note
        )
    ended = time.perf_counter()
    times = [*began.values(), ended]
    spans = {
        f"{phase}_seconds": round(b - a, 4)
        for phase, a, b in zip(began, times, times[1:], strict=False)
    }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {**spans, "added": report.added, "unchanged": report.unchanged, "peak_bytes": peak}


def in_process(folder: Path, dimension: int) -> dict[str, float]:
    """The same in a process of its own."""
    words = [sys.executable, __file__, "--once", str(folder), "--dimension", str(dimension)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def measure(rows: int, dimension: int, base: Path) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(dir=base))
    try:
        write_files(folder, rows, dimension)
        first, again = in_process(folder, dimension), in_process(folder, dimension)
    finally:
        shutil.rmtree(folder)
    return {
        "rows": rows,
        "first": first,
        "again": again,
        "rows_per_second": round(rows / first["import_seconds"]),
        "unchanged_rows_per_second": round(rows / again["import_seconds"]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--dimension", type=int, default=512)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--once", type=Path, default=None)
    options = parser.parse_args()
    if options.once is not None:
        print(json.dumps(import_once(options.once, options.dimension)))
        return
    few = measure(10, options.dimension, options.folder)["first"]["peak_bytes"]
    sizes = [measure(rows, options.dimension, options.folder) for rows in options.rows]
    for each in sizes:
        for which in ("first", "again"):
            each[which]["bytes_above_ten_rows"] = each[which]["peak_bytes"] - few
        print(json.dumps(each))
    payload = {"seed": SEED, "dimension": options.dimension, "sizes": sizes}
    _machine.save("importing", payload)


if __name__ == "__main__":
    main()
