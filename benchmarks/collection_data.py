"""What `collection.py` fills collections with, and how it looks at memory.

The vectors are those of `gap_data`: pictures to be found, and texts that lie elsewhere than these.
Each batch has a seed of its own, so that a collection that was begun is gone on with.
"""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gap_data import DIMENSION, GapData

from anysense.embed.types import Content, EncodedSegment, Kind, Modality, Passage, Space
from anysense.index.catalog.records import ItemRecord
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Sequence

SPACE = "synthetic"
IMAGES = Partition(SPACE, Modality.IMAGE)
TEXTS = Partition(SPACE, Modality.TEXT)
TEXT_ITEMS = 1000
"""Texts in the collection, which stand for queries by text when it is published."""

BATCH = 2000
_STATUS = Path("/proc/self/status")
_EVERY_SECONDS = 0.02


class World:
    """All vectors of a benchmark, by what they are for."""

    def __init__(self, seed: int) -> None:
        self._data = GapData(seed)
        self._seed = seed

    def images(self, start: int, count: int) -> Any:
        return self._data.draw(count, "image", (self._seed, 1, start))

    def texts(self, count: int) -> Any:
        return self._data.draw(count, "text", (self._seed, 2))

    def queries(self, modality: Modality, count: int) -> Any:
        """Vectors of which none is in the collection."""
        return self._data.draw(count, modality.value, (self._seed, 3, len(modality)))

    def background(self, modality: Modality, number: int) -> Any:
        return self._data.draw(1, modality.value, (self._seed, 4, len(modality), number))[0]


class Synthetic:
    """An encoder in name only, of the background alone."""

    sample_rate = None
    window_seconds = 10.0

    def __init__(self, world: World) -> None:
        modalities = frozenset({Modality.IMAGE, Modality.TEXT})
        self.space = Space(SPACE, "1", DIMENSION, modalities)
        self._world = world
        self._numbers = itertools.count()

    def passages(self, text: str) -> list[Passage]:
        return [Passage(text, 0, len(text))]

    def prepare(self, modality: Modality, content: Content) -> int:
        return next(self._numbers)

    def encode(self, modality: Modality, prepared: Sequence[int]) -> Any:
        import numpy as np

        return np.stack([self._world.background(modality, number) for number in prepared])


def image_records(world: World, start: int, count: int) -> list[ItemRecord]:
    vectors = world.images(start, count)
    return [
        ItemRecord(
            id=f"item{n}",
            source=f"/photos/{n % 1000:03d}/{n:08d}.jpg",
            kind=Kind.IMAGE,
            metadata={"year": 1990 + n % 35, "tags": ["a", f"t{n % 1000}"]},
            segments=[EncodedSegment(SPACE, Modality.IMAGE, vector)],
            content_hash=f"{n:032x}",
        )
        for n, vector in enumerate(vectors, start)
    ]


def text_records(world: World) -> list[ItemRecord]:
    return [
        ItemRecord(
            id=f"text{n}",
            source=f"/notes/{n:04d}.txt",
            kind=Kind.TEXT,
            metadata={},
            segments=[EncodedSegment(SPACE, Modality.TEXT, vector)],
            content_hash=f"text{n:028x}",
        )
        for n, vector in enumerate(world.texts(TEXT_ITEMS))
    ]


def memory() -> dict[str, int]:
    """Bytes of memory that are private to the process, and mapped from files."""
    lines = dict(line.split(":") for line in _STATUS.read_text().splitlines() if ":" in line)
    names = {"private": "RssAnon", "mapped": "RssFile"}
    return {name: 1024 * int(lines[field].split()[0]) for name, field in names.items()}


class Peak:
    """The most memory while the block lasts, of each kind for itself: `private` and `mapped`.

    Both are looked at every 20 ms by a thread.
    """

    def __enter__(self) -> Peak:
        self.before = memory()
        self.bytes = dict(self.before)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(_EVERY_SECONDS):
            for name, now in memory().items():
                self.bytes[name] = max(self.bytes[name], now)
