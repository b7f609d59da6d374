"""How long a build takes when nothing has changed, or only the times or places of files have.

    python benchmarks/rebuild.py [--files 10000] [--repeat 5]

Makes files of every modality, builds them once, and then measures whole commands, from the start of
the process to its end. None of these builds needs a model: the first one is done here, with a
stand-in that gives every input a random vector, and the commands could not load that if they tried.
Writes benchmarks/results/rebuild.json.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _machine import save
from PIL import Image

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.types import Content, Modality, Passage, Space
from anysense.index.building.build import build
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.embed.types import FloatArray

SEED = 0


def make_files(folder: Path, number: int) -> None:
    """Two pictures, two texts and a sound of every five files, in folders of a hundred."""
    rng = np.random.default_rng(SEED)
    for i in range(number):
        inner = folder / f"{i // 100:04d}"
        inner.mkdir(parents=True, exist_ok=True)
        if i % 5 < 2:
            pixels = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(inner / f"{i:06d}.png")
        elif i % 5 < 4:
            (inner / f"{i:06d}.txt").write_text(f"A note, number {i}: {rng.integers(1 << 40)}.")
        else:
            write_sound(inner / f"{i:06d}.wav", rng)


def write_sound(path: Path, rng: np.random.Generator) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(rng.integers(-9000, 9000, 4000).astype("<i2").tobytes())


class StandIn:
    """An encoder of all modalities whose vectors are random, as wide as the starter's may be."""

    space = Space("stand-in", "1", 512, frozenset(Modality))
    sample_rate = 8000
    window_seconds = 10.0

    def __init__(self) -> None:
        self._rng = np.random.default_rng(SEED)

    def passages(self, text: str) -> list[Passage]:
        return [Passage(0, len(text), text)]

    def prepare(self, modality: Modality, content: Content) -> None:
        pass

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
        vectors = self._rng.standard_normal((len(prepared), 512), dtype=np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def first_build(media: Path, collection: Path) -> int:
    """Build without a model; the number of items."""
    register_encoder("stand-in", lambda rest, device: StandIn())
    with Collection.create(collection, ("stand-in",)) as made:
        return build(made, [media]).added


def command(media: Path, collection: Path) -> tuple[float, float, dict[str, Any]]:
    """One `anysense build --json`: seconds by the clock and of the processor, and what it says."""
    arguments = [sys.executable, "-m", "anysense", "build", str(media), "-o", str(collection)]
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([*arguments, "--json"], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        raise SystemExit(f"the build failed: {done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, busy, json.loads(done.stdout)


def measure(
    media: Path, collection: Path, repeat: int, prepare: Callable[[int], None], expected: str
) -> dict[str, Any]:
    """The median and range of several builds, each after a change."""
    seconds, busy = [], []
    for i in range(repeat):
        prepare(i)
        took, processor, told = command(media, collection)
        if told[expected] == 0:
            raise SystemExit(f"no file counted as {expected}: {told}")
        seconds.append(took)
        busy.append(processor)
    return {
        "median_seconds": round(statistics.median(seconds), 3),
        "median_processor_seconds": round(statistics.median(busy), 3),
        "all_seconds": [round(s, 3) for s in seconds],
    }


def touch_all(media: Path, i: int) -> None:
    for path in media.rglob("*.*"):
        os.utime(path, ns=(i + 1, i + 1))


def move_all(media: Path, i: int) -> None:
    """Rename every folder of files, so that each file has another path."""
    for inner in [path for path in media.iterdir() if path.is_dir()]:
        inner.rename(inner.with_name(f"{inner.name[:4]}-{i}"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        media, collection = Path(folder, "media"), Path(folder, "collection")
        make_files(media, options.files)
        results: dict[str, Any] = {
            "items": first_build(media, collection),
            "nothing_changed": measure(
                media, collection, options.repeat, lambda i: None, "unchanged"
            ),
            "all_files_touched": measure(
                media, collection, options.repeat, lambda i: touch_all(media, i), "unchanged"
            ),
            "all_files_moved": measure(
                media, collection, options.repeat, lambda i: move_all(media, i), "moved"
            ),
        }
    save(
        "rebuild",
        {
            "question": "How long does a build take when no content has changed?",
            "files": options.files,
            "seed": SEED,
            "repeat": options.repeat,
            "load_average": round(os.getloadavg()[0], 2),
            "results": results,
        },
    )
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
