"""What it costs to keep a collection up to date, once a file has changed.

    python benchmarks/watching.py [--files 10000] [--repeat 7]

Makes files of every modality, builds them with a stand-in that gives every input a random vector,
and then does what `anysense build --watch` does at a change: a scan, and a build of what it finds,
without a change, with one new text, and with one text gone. Says as well what a scan costs, without
an ignore file and with one of thirty patterns, and what watching costs while nothing changes.
Writes benchmarks/results/watching.json.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _machine import save
from rebuild import StandIn, make_files

from anysense.embed.encoders.registry import register_encoder
from anysense.index.building.build import build, run_build, scan_sources
from anysense.index.building.options import BuildOptions
from anysense.index.building.watching.notices import Notices
from anysense.index.building.watching.places import places_of
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Callable

OPTIONS = BuildOptions(publish_after=2000)
IDLE_SECONDS = 10.0


def measure(
    collection: Collection, media: Path, repeat: int, change: Callable[[int], None]
) -> dict[str, float]:
    """Medians of the time and the processor time of a round."""
    seconds, busy = [], []
    for i in range(repeat):
        change(i)
        before, started = time.process_time(), time.perf_counter()
        run_build(collection, scan_sources([media], OPTIONS, collection.path), OPTIONS)
        seconds.append(time.perf_counter() - started)
        busy.append(time.process_time() - before)
    return {
        "median_seconds": round(statistics.median(seconds), 3),
        "median_processor_seconds": round(statistics.median(busy), 3),
    }


def measure_scan(media: Path, repeat: int, patterns: int) -> float:
    """The median of the processor time of a scan with an ignore file of so many patterns."""
    ignore, busy = media / ".gitignore", []
    ignore.write_text("".join(f"*.tmp{i}\n" for i in range(patterns)))
    for _ in range(repeat):
        before = time.process_time()
        scan_sources([media], OPTIONS, None)
        busy.append(time.process_time() - before)
    ignore.unlink()
    return round(statistics.median(busy), 3)


def measure_idle(collection: Collection, media: Path) -> dict[str, float]:
    """The processor time of watching for a while, and how many folders that is."""
    scan = scan_sources([media], OPTIONS, collection.path)
    places, notices = places_of(scan.sources, collection.path), Notices(1.0)
    notices.watch(places, places.watched(scan))
    notices.start()
    notices.wait(5.0)  # which tells that it has begun
    before = time.process_time()
    threading.Event().wait(IDLE_SECONDS)
    busy = time.process_time() - before
    notices.stop()
    notices.join()
    return {"folders": len(scan.walked), "processor_share": round(busy / IDLE_SECONDS, 5)}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=7)
    options = parser.parse_args()
    register_encoder("stand-in", lambda rest, device: StandIn())
    with tempfile.TemporaryDirectory() as folder:
        media = Path(folder, "media")
        make_files(media, options.files)
        with Collection.create(Path(folder, "collection"), ("stand-in",)) as collection:
            build(collection, [media])

            def add(i: int) -> None:
                (media / "0000" / f"new-{i}.txt").write_text(f"A new note, number {i}.")

            results: dict[str, Any] = {
                "scan_processor_seconds": {
                    f"{patterns} patterns": measure_scan(media, options.repeat, patterns)
                    for patterns in (0, 30)
                },
                "nothing_changed": measure(collection, media, options.repeat, lambda i: None),
                "one_text_added": measure(collection, media, options.repeat, add),
                "one_text_removed": measure(
                    collection,
                    media,
                    options.repeat,
                    lambda i: (media / "0000" / f"new-{i}.txt").unlink(),
                ),
                "idle": measure_idle(collection, media),
            }
    save(
        "watching",
        {
            "question": "What does it cost to keep a collection up to date?",
            "files": options.files,
            "repeat": options.repeat,
            "load_average": round(os.getloadavg()[0], 2),
            "results": results,
        },
    )
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
