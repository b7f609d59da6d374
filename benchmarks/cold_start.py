"""How long does one search take from the command line, from nothing to the printed hits?

    python benchmarks/cold_start.py

Whole processes, the file cache warm and the modules compiled, as in an installed package: `anysense
search` with the starter model in a collection of the sample media, by a text, an image and a sound;
by the text in a process that has imported torch before, which is how it went when every search did;
and `anysense --help`, which loads no model. The commands take turns, so that other work on the
machine disturbs all of them alike: then wall seconds are longer than they are alone, and processor
seconds, of all threads, hardly are.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine

if TYPE_CHECKING:
    from collections.abc import Mapping

SAMPLES = Path(__file__).resolve().parents[1] / "server" / "sample"
RUN = ["-m", "anysense"]
RUN_AFTER_TORCH = [
    "-c",
    "import runpy, torch; runpy.run_module('anysense', run_name='__main__', alter_sys=True)",
]


def run(arguments: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Wall and processor seconds of a process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    command = [sys.executable, *arguments]
    subprocess.run(command, check=True, capture_output=True, env=environment)
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(
    commands: Mapping[str, list[str]], rounds: int, environment: Mapping[str, str]
) -> dict[str, Any]:
    """Medians of each command over rounds in turn, after one that is not counted."""
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name in list(commands) if number % 2 else reversed(list(commands)):
            times[name].append(run(commands[name], environment))
    results = {}
    for name, pairs in times.items():
        walls, cpus = zip(*pairs[1:], strict=True)
        results[name] = {
            "wall_seconds": round(statistics.median(walls), 3),
            "least_wall_seconds": round(min(walls), 3),
            "cpu_seconds": round(statistics.median(cpus), 3),
            "all_wall_seconds": [round(wall, 3) for wall in walls],
            "all_cpu_seconds": [round(cpu, 3) for cpu in cpus],
        }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(Path(folder) / "compiled")}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        made = str(Path(folder) / "collection")
        folders = [str(SAMPLES / name) for name in ("photos", "sounds", "notes")]
        run([*RUN, "build", *folders, "-o", made], environment)
        by_text = ["search", made, "farm animals"]
        image, sound = (
            SAMPLES / "photos" / "hens-on-grass.jpg",
            SAMPLES / "sounds" / "ducks-quacking.ogg",
        )
        commands = {
            "help": [*RUN, "--help"],
            "text": [*RUN, *by_text],
            "text, torch imported": [*RUN_AFTER_TORCH, *by_text],
            "image": [*RUN, "search", made, "--image", str(image)],
            "sound": [*RUN, "search", made, "--audio", str(sound)],
        }
        load = os.getloadavg()[0]
        results = measure(commands, rounds, environment)
    measured = {"encoder": "starter", "rounds": rounds, "load_before": round(load, 1)}
    _machine.save("cold_start", {**measured, "results": results})
    print(results)


if __name__ == "__main__":
    main()
