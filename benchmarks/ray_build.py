"""What it costs, for each item, to have a build's items encoded by Ray's actors on one machine.

    python benchmarks/ray_build.py [--files FEW MANY] [--repeats N]

The same photos (crops of the sample's, each another) are built by `starter` without Ray, with one
actor that has all processors, and with two that share them. Each way builds FEW files and MANY;
what it takes for each item is the difference over the difference, so that starting Ray, loading the
models and publishing a small collection are apart: they are in `fixed_seconds`. The ways take turns
within a round, and ratios are of one round; medians of these are told. Needs `anysense[ray]`.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import _machine
import numpy as np
from PIL import Image

from anysense.index.building.build import run_build
from anysense.index.building.options import DEFAULT_OPTIONS
from anysense.index.building.ray.build import RayCluster, build_on_ray
from anysense.index.collection import Collection

SEED = 15
SIDE = 448
PHOTOS = Path(__file__).resolve().parents[1] / "server" / "sample" / "photos"
WAYS = {"plain": 0, "ray_1_actor": 1, "ray_2_actors": 2}


def make_photos(folder: Path, number: int) -> None:
    """Crops of the sample's photos, no two alike."""
    rng = np.random.default_rng(SEED)
    photos = [Image.open(path).convert("RGB") for path in sorted(PHOTOS.glob("*.jpg"))]
    folder.mkdir()
    for at in range(number):
        photo = photos[at % len(photos)]
        side = int(rng.integers(min(photo.size) // 2, min(photo.size) + 1))
        left, top = (int(rng.integers(0, size - side + 1)) for size in photo.size)
        crop = photo.crop((left, top, left + side, top + side)).resize((SIDE, SIDE))
        crop.save(folder / f"{at:05}.jpg", quality=90)


def seconds_of(actors: int, sources: list[Path]) -> float:
    """How long one build takes, in a new collection whose encoder is loaded."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Collection.create(Path(folder) / "c", ("starter",)) as collection,
    ):
        started = time.perf_counter()
        if actors:
            cluster = RayCluster("local", actors)
            report = build_on_ray(collection, sources, cluster, device="cpu")
        else:
            report = run_build(collection, sources, DEFAULT_OPTIONS)
        assert report.added == len(sources), report
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs=2, default=(64, 1024), metavar=("FEW", "MANY"))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    few, many = options.files
    rounds: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        make_photos(Path(folder) / "photos", many)
        photos = sorted((Path(folder) / "photos").iterdir())
        for _ in range(options.repeats):
            times = {
                way: (seconds_of(actors, photos[:few]), seconds_of(actors, photos))
                for way, actors in WAYS.items()
            }
            each = {way: (b - a) / (many - few) for way, (a, b) in times.items()}
            rounds.append(
                {
                    "milliseconds_an_item": {way: round(1000 * s, 3) for way, s in each.items()},
                    "fixed_seconds": {
                        way: round(a - few * each[way], 2) for way, (a, _) in times.items()
                    },
                    "overhead": {way: round(s / each["plain"] - 1, 3) for way, s in each.items()},
                }
            )
            print(rounds[-1], flush=True)
    medians = {
        name: {way: round(statistics.median(one[name][way] for one in rounds), 3) for way in WAYS}
        for name in rounds[0]
    }
    print(medians)
    settings = {"seed": SEED, "files": [few, many], "side": SIDE, "encoder": "starter"}
    _machine.save("ray_build", {**settings, "medians": medians, "rounds": rounds})


if __name__ == "__main__":
    main()
