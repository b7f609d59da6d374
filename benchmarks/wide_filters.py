"""What a filter that selects many segments costs, in time and in memory.

    python benchmarks/wide_filters.py [--segments 1000000] [--folder FOLDER] [--label now]

The catalog is that of `collection.py`; one that it has kept can be the folder. Each filter is read
in a process of its own: the CPU time of the second of two readings, the memory that the first adds
at its peak, and what is kept of it. `floor_s` is the time of SQLite alone, which counts the same
rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import _machine
from collection import SEED, fill
from collection_data import SPACE, Synthetic, World

from anysense.embed.encoders.registry import register_encoder

FILTERS = {
    "half, by metadata": "year >= 2007",
    "all, by kind": "kind = 'image'",
    "3 %": "year = 2000",
}

READING = """
import json, resource, sys, time
from pathlib import Path
from anysense.index.catalog.reader import Catalog
from anysense.index.filters.filter import parse_filter
catalog, where = Catalog(Path(sys.argv[1])), parse_filter(sys.argv[2])
len(catalog.select(parse_filter("year = 1"))), len(catalog.select(parse_filter("id = 'item1'")))
peak = lambda: 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
found = catalog.select(where)
grown, size = peak() - before, len(found)
started = time.process_time()
kept = catalog.select(where).nbytes
seconds = time.process_time() - started
with catalog.transaction() as connection:
    query = ("SELECT count(s.segment_pk) FROM items AS i CROSS JOIN segments AS s ON "
        f"s.item_pk = i.item_pk WHERE {catalog.condition(connection, where)} AND {catalog.is_seen}")
    connection.execute(query, where.parameters).fetchone()
    started = time.process_time()
    connection.execute(query, where.parameters).fetchone()
    floor = time.process_time() - started
print(json.dumps({"segments": size, "cpu_s": round(seconds, 3), "floor_s": round(floor, 3),
    "us_a_match": round(1e6 * seconds / size, 3), "peak_bytes": grown, "kept_bytes": int(kept)}))
"""


def read(path: Path, where: str) -> dict[str, Any]:
    command = [sys.executable, "-c", READING, str(path), where]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    parser.add_argument("--segments", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the collection is kept, or is already")
    parser.add_argument("--label", default="now", help="of these figures in the result")
    options = parser.parse_args()
    path = _machine.RESULTS / "wide_filters.json"
    runs: dict[str, Any] = _machine.load("wide_filters")["runs"] if path.exists() else {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary) / "c"
        if not folder.exists():
            started = time.perf_counter()
            world = World(SEED)
            register_encoder(SPACE, lambda rest, device: Synthetic(world))
            fill(folder, options.segments, world)
            print(f"written in {time.perf_counter() - started:.0f} s", flush=True)
        figures = {name: read(folder, where) for name, where in FILTERS.items()}
    runs.setdefault(options.label, {})[str(options.segments)] = figures
    print(json.dumps(figures, indent=1))
    method = " ".join(str(__doc__).split("\n\n")[2].split())
    _machine.save("wide_filters", {"seed": SEED, "method": method, "runs": runs})


if __name__ == "__main__":
    main()
