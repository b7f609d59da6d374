"""How long does one search take from the command line, from nothing to the printed hits?

    python benchmarks/cold_start.py

Whole processes, the file cache warm: `anysense search` with the starter model in a collection of
the sample media, by a text, an image and a sound; and `anysense --help`, which loads no model.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import _machine

SAMPLES = Path(__file__).resolve().parents[1] / "server" / "sample"
RUN = [sys.executable, "-m", "anysense"]


def measure(arguments: list[str], rounds: int) -> dict[str, Any]:
    """Medians of wall and processor seconds of a process, after one that is not counted."""
    walls, cpus = [], []
    for _ in range(rounds + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        start = time.perf_counter()
        subprocess.run([*RUN, *arguments], check=True, capture_output=True)
        walls.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {
        "wall_seconds": round(statistics.median(walls[1:]), 3),
        "cpu_seconds": round(statistics.median(cpus[1:]), 3),
        "all_wall_seconds": [round(wall, 3) for wall in walls[1:]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        made = str(Path(folder) / "collection")
        folders = [str(SAMPLES / name) for name in ("photos", "sounds", "notes")]
        subprocess.run([*RUN, "build", *folders, "-o", made], check=True, capture_output=True)
        queries = {
            "help": ["--help"],
            "text": ["search", made, "farm animals"],
            "image": ["search", made, "--image", str(SAMPLES / "photos" / "hens-on-grass.jpg")],
            "sound": ["search", made, "--audio", str(SAMPLES / "sounds" / "ducks-quacking.ogg")],
        }
        results = {name: measure(arguments, rounds) for name, arguments in queries.items()}
    _machine.save("cold_start", {"encoder": "starter", "rounds": rounds, "results": results})
    print(results)


if __name__ == "__main__":
    main()
