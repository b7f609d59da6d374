"""What it costs, for each item, to have a build's items encoded by Ray's actors on one machine.

    python benchmarks/ray_build.py [--files FEW MANY] [--repeats N]

The same photos (crops of the sample's, each another) are built by `starter` without Ray, with one
actor that has all processors, and with two that share them: each a whole `anysense build`, so that
all of them load the same. Each way builds FEW files and MANY, one right after the other. What an
item takes is the difference over the difference; what does not grow with their number, as starting
Ray, loading models and the actors' last parts, is in `fixed_seconds`. The ways take turns within a
round, in another order each time, and ratios are of one round; of all that medians are told, and of
the ratios also the least and the most. Needs `anysense[ray]`. On a machine with other work a slope
of two times is no measurement: then rounds differ by more than what is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import _machine
import numpy as np
from PIL import Image

SEED = 15
SIDE = 448
PHOTOS = Path(__file__).resolve().parents[1] / "server" / "sample" / "photos"
WAYS = {
    "plain": [],
    "ray_1_actor": ["--ray", "local", "--ray-actors", "1"],
    "ray_2_actors": ["--ray", "local", "--ray-actors", "2"],
}


def make_photos(few: Path, many: Path, numbers: tuple[int, int]) -> None:
    """Crops of the sample's photos, no two alike; the first of them are the few."""
    rng = np.random.default_rng(SEED)
    photos = [Image.open(path).convert("RGB") for path in sorted(PHOTOS.glob("*.jpg"))]
    few.mkdir()
    many.mkdir()
    for at in range(numbers[1]):
        photo = photos[at % len(photos)]
        side = int(rng.integers(min(photo.size) // 2, min(photo.size) + 1))
        left, top = (int(rng.integers(0, size - side + 1)) for size in photo.size)
        crop = photo.crop((left, top, left + side, top + side)).resize((SIDE, SIDE))
        crop.save(many / f"{at:05}.jpg", quality=90)
        if at < numbers[0]:
            (few / f"{at:05}.jpg").hardlink_to(many / f"{at:05}.jpg")


def seconds_of(options: list[str], source: Path, files: int) -> float:
    """How long a build of a new collection takes, from the command to its end."""
    # All processors, however many threads others of this machine were told to use.
    environment = {name: v for name, v in os.environ.items() if name != "OMP_NUM_THREADS"}
    with tempfile.TemporaryDirectory() as folder:
        collection = str(Path(folder) / "c")
        words = ["build", str(source), "-o", collection, "--encoder", "starter", "--device", "cpu"]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "anysense", *words, "--json", *options],
            check=False,
            capture_output=True,
            text=True,
            env=environment,
        )
        seconds = time.perf_counter() - started
    if done.returncode != 0:
        sys.exit(done.stderr)
    assert json.loads(done.stdout)["added"] == files, done.stdout
    return seconds


def measure(sources: tuple[Path, Path], numbers: tuple[int, int], first: int) -> dict[str, Any]:
    """One round, which begins with a certain way."""
    names = list(WAYS)
    times = {
        way: [seconds_of(WAYS[way], *pair) for pair in zip(sources, numbers, strict=True)]
        for way in names[first % len(names) :] + names[: first % len(names)]
    }
    few, many = numbers
    each = {way: (times[way][1] - times[way][0]) / (many - few) for way in names}
    return {
        "seconds": {way: [round(seconds, 3) for seconds in times[way]] for way in names},
        "milliseconds_an_item": {way: round(1000 * each[way], 3) for way in names},
        "fixed_seconds": {way: round(times[way][0] - few * each[way], 2) for way in names},
        "overhead": {way: round(each[way] / each["plain"] - 1, 3) for way in names[1:]},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs=2, default=(300, 1500), metavar=("FEW", "MANY"))
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    numbers = (options.files[0], options.files[1])
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        sources = (Path(folder) / "few", Path(folder) / "many")
        make_photos(*sources, numbers)
        for way in WAYS.values():  # not counted: files that are read for the first time
            seconds_of(way, sources[0], numbers[0])
        for at in range(options.repeats):
            rounds.append(measure(sources, numbers, at))
            print(json.dumps(rounds[-1]), flush=True)
    medians = {
        name: {
            way: round(statistics.median(one[name][way] for one in rounds), 3)
            for way in rounds[0][name]
        }
        for name in ("milliseconds_an_item", "fixed_seconds", "overhead")
    }
    overheads = {way: [one["overhead"][way] for one in rounds] for way in medians["overhead"]}
    ranges = {way: [min(values), max(values)] for way, values in overheads.items()}
    print(json.dumps({"medians": medians, "overhead_range": ranges}))
    settings = {"seed": SEED, "files": list(numbers), "side": SIDE, "encoder": "starter"}
    results = {"medians": medians, "overhead_range": ranges, "rounds": rounds}
    _machine.save("ray_build", {**settings, **results})


if __name__ == "__main__":
    main()
