"""How long does `anysense find` take in a folder that was searched before?

    python benchmarks/find.py

Whole processes, as in `cold_start.py`, in a folder of 10,000 small files: notes, pictures, tones.
The folder is as it was; with `-n`, so that it is not looked at; as it was, and compared with its
collection file by file, as after any change; and as it was, while a service has it. By a text, with
the starter model. Then what the sample's files of each kind take to encode, from which `find`
tells how long others will take.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import numpy as np
import soundfile
from cold_start import RUN, SAMPLES, measure, run
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

WORDS = [
    *("wave", "beach", "sea", "wind", "farm", "horse", "duck", "owl", "street", "rain", "night"),
    *("day", "light", "coffee", "drum", "guitar", "bell", "forest", "snow", "hill", "train"),
    *("boat", "red", "blue", "green", "old", "new", "quiet", "loud", "small", "tall"),
]
TEXT = "waves on a beach"
SEED = 1


def write_files(folder: Path, number: int) -> None:
    """Write notes, pictures and tones: 85, 14 and 1 of each hundred."""
    rng = random.Random(SEED)
    for place in range(number):
        part = folder / f"{place // 100:03d}"
        part.mkdir(parents=True, exist_ok=True)
        kind = place % 100
        if kind < 85:
            words = " ".join(rng.choice(WORDS) for _ in range(20))
            (part / f"note-{place}.txt").write_text(f"{words}, number {place}.")
        elif kind < 99:
            colour = tuple(rng.randrange(256) for _ in range(3))
            Image.new("RGB", (48, 48), colour).save(part / f"picture-{place}.png")
        else:
            tone = 0.1 * np.sin(np.arange(8000) * rng.random())
            soundfile.write(part / f"tone-{place}.wav", tone, 16000)


@contextmanager
def served(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """A service that has the index of a folder, and its models loaded."""
    command = [sys.executable, *RUN, "serve", str(folder), "--port", "0"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    try:
        asked = [sys.executable, *RUN, "find", TEXT, str(folder), "--json"]
        deadline = time.monotonic() + 120
        while True:
            answer = subprocess.run(asked, check=True, capture_output=True, env=environment)
            if json.loads(answer.stdout)["folders"][0]["service"] is not None:
                break
            assert time.monotonic() < deadline, "the service does not answer"
            time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait(60)


def seconds_of_kinds(environment: Mapping[str, str], home: Path) -> dict[str, Any]:
    """What the sample's files take to encode, each kind alone, the loading of models included."""
    results = {}
    for name in ("photos", "sounds", "notes"):
        folder = home / name
        shutil.copytree(SAMPLES / name, folder)
        files = [path for path in folder.rglob("*") if path.is_file()]
        wall, cpu = run([*RUN, "find", TEXT, str(folder), "--yes"], environment)
        megabytes = sum(path.stat().st_size for path in files) / 1e6
        results[name] = {
            "files": len(files),
            "megabytes": round(megabytes, 2),
            "wall_seconds": round(wall, 2),
            "cpu_seconds": round(cpu, 2),
        }
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--files", type=int, default=10_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        home = Path(os.path.realpath(place))
        environment = {
            **os.environ,
            "ANYSENSE_CACHE": str(home / "cache"),
            "PYTHONPYCACHEPREFIX": str(home / "compiled"),
        }
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        folder = home / "files"
        write_files(folder, arguments.files)
        find = [*RUN, "find", TEXT, str(folder)]
        first, first_cpu = run([*find, "--yes"], environment)
        time.sleep(3)  # or the folder has changed too shortly before
        load = os.getloadavg()[0]
        commands = {
            "as it was": find,
            "not looked at": [*find, "-n"],
            "compared file by file": [*find, "--encoder", "starter"],
        }
        results = measure(commands, arguments.rounds, environment)
        with served(folder, environment):
            results |= measure({"with a service": find}, arguments.rounds, environment)
        kinds = seconds_of_kinds(environment, home)
    measured = {
        "encoder": "starter",
        "seed": SEED,
        "files": arguments.files,
        "rounds": arguments.rounds,
        "load_before": round(load, 1),
        "first": {"wall_seconds": round(first, 1), "cpu_seconds": round(first_cpu, 1)},
    }
    _machine.save("find", {**measured, "results": results, "kinds": kinds})
    print(results)


if __name__ == "__main__":
    main()
