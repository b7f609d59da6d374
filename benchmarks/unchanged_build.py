"""What a build costs in which nothing, or one file, is new: memory and time, for many files.

    python benchmarks/unchanged_build.py [--files 10000 100000 300000 1000000]

Files are empty texts, 1,000 in a folder. Their items, of one random vector each, are written as a
build would have written them, and published. Then fresh processes build: nothing, of an empty
folder; all files, unchanged; and all files and one new one, without publishing it, as with
``--watch``. Memory is the most that was resident at once (VmHWM), less that of the first; seconds
are medians. Kept in benchmarks/results/unchanged_build.json; `--label` names what was measured, and
other labels stay.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import numpy as np

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.types import Content, EncodedSegment, Kind, Modality, Passage, Space
from anysense.index.building.build import run_build, scan_sources
from anysense.index.building.compared import note_compared
from anysense.index.building.options import BuildOptions
from anysense.index.catalog.records import FileRecord, ItemRecord, make_id
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Sequence

NAME = "unchanged_build"
SEED = 0
DIMENSION = 32
BATCH = 5000
IN_FOLDER = 1000


class Synthetic:
    """An encoder in name only: its vectors are drawn by chance."""

    sample_rate = None
    window_seconds = 10.0

    def __init__(self) -> None:
        self.space = Space("synthetic", "1", DIMENSION, frozenset({Modality.TEXT}))

    def passages(self, text: str) -> list[Passage]:
        return [Passage(0, len(text), text)]

    def prepare(self, modality: Modality, content: Content) -> Any:
        return np.random.default_rng(len(str(content))).standard_normal(DIMENSION, np.float32)

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> Any:
        return normalised(np.stack(prepared))


def normalised(drawn: Any) -> Any:
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def make_files(folder: Path, number: int) -> None:
    folder.mkdir()
    for place in range(number):
        if place % IN_FOLDER == 0:
            part = folder / f"{place // IN_FOLDER:04d}"
            part.mkdir()
        (part / f"note-of-that-day-{place:08d}.txt").touch()


def make_collection(path: Path, files: Path) -> None:
    """What a build of the files would have left."""
    rng = np.random.default_rng(SEED)
    with Collection.create(path, ["synthetic"]) as collection:
        scan = scan_sources([files], BuildOptions(), path)
        batch = []
        for place, entry in enumerate(scan.entries):
            content_hash = f"{place:032x}"
            vector = normalised(rng.standard_normal((1, DIMENSION), np.float32))[0]
            record = FileRecord(entry.path, entry.size, entry.stamp, content_hash)
            segments = [EncodedSegment("synthetic", Modality.TEXT, vector)]
            name = make_id(entry.path)
            batch.append(
                ItemRecord(name, entry.path, Kind.TEXT, {}, segments, content_hash, [record])
            )
            if len(batch) == BATCH:
                collection.write(batch)
                batch = []
        if batch:
            collection.write(batch)
        note_compared(collection.folder, scan)
        collection.publish()


def build_here(path: Path, files: Path) -> dict[str, Any]:
    """Build in this process, which has done nothing else."""
    register_encoder("synthetic", lambda rest, device: Synthetic())
    with Collection.open(path) as collection:
        started, cpu = time.perf_counter(), time.process_time()
        report = run_build(collection, [files], BuildOptions(publish_after=1000, keep_missing=True))
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    return {
        "seconds": seconds,
        "cpu_seconds": cpu,
        "peak": 1024 * int(status["VmHWM"].split()[0]),
        "unchanged": report.unchanged,
        "added": report.added,
    }


def build_apart(path: Path, files: Path) -> dict[str, Any]:
    command = [sys.executable, __file__, "--build", str(path), str(files)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def measure(number: int, folder: Path, repeats: int) -> dict[str, Any]:
    files, path = folder / f"files-{number}", folder / f"{number}.anysense"
    if not path.exists():
        make_files(files, number)
        make_collection(path, files)
    empty = folder / "empty"
    if not empty.exists():
        make_files(empty, 1)
        make_collection(folder / "empty.anysense", empty)
    least = build_apart(folder / "empty.anysense", empty)
    runs = [build_apart(path, files) for _ in range(repeats)]
    assert all(run["unchanged"] == number and not run["added"] for run in runs), runs
    added = []
    for place in range(repeats):
        new = files / "0000" / f"new-{time.time_ns()}.txt"
        new.write_text(f"{place} {time.time_ns()}")
        added.append(build_apart(path, files))
        with suppress(FileNotFoundError):
            new.unlink()
        with Collection.open(path) as collection:
            collection.folder.forget_files([str(new)])
    assert all(run["unchanged"] == number and run["added"] == 1 for run in added), added
    return {
        "files": number,
        "unchanged": summary(runs, number, least),
        "one_added": summary(added, number, least),
    }


def summary(runs: list[dict[str, Any]], number: int, least: dict[str, Any]) -> dict[str, Any]:
    seconds = statistics.median(run["seconds"] for run in runs)
    peak = statistics.median(run["peak"] for run in runs)
    return {
        "seconds": round(seconds, 3),
        "cpu_seconds": round(statistics.median(run["cpu_seconds"] for run in runs), 3),
        "files_per_second": round(number / seconds),
        "peak_mb": round(peak / 1e6, 1),
        "bytes_per_file": round((peak - least["peak"]) / number, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--files", type=int, nargs="+", default=[10_000, 100_000, 300_000, 1_000_000]
    )
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--label", default="now")
    parser.add_argument("--folder", type=Path, help="where collections are made, and kept")
    parser.add_argument("--build", type=Path, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.build:
        print(json.dumps(build_here(*arguments.build)))
        return
    register_encoder("synthetic", lambda rest, device: Synthetic())
    results = []
    with tempfile.TemporaryDirectory() as folder:
        place = arguments.folder or Path(folder)
        for number in arguments.files:
            results.append(measure(number, place, arguments.repeats))
            print(results[-1], flush=True)
    labels: dict[str, Any] = {}
    with suppress(FileNotFoundError):
        labels = _machine.load(NAME)["results"]
    labels[arguments.label] = results
    print(_machine.save(NAME, {"seed": SEED, "repeats": arguments.repeats, "results": labels}))


if __name__ == "__main__":
    main()
