"""What the map costs a collection: publishing with and without it, its file, reading it.

    python benchmarks/map_publishing.py [--items 50000]

Items are made up, three pictures to a text, with the vectors of gap_data.py. Processor seconds are
kept beside those of the clock, as the machine may have other things to do. GET /v1/map is asked of
the application itself, without a network. Kept in results/map_publishing.json.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import _machine
import numpy as np
from gap_data import DESCRIPTION, DIMENSION, GapData
from starlette.testclient import TestClient

from anysense.embed.encoders.registry import register_encoder
from anysense.embed.types import Content, EncodedSegment, Kind, Modality, Passage, Space
from anysense.index.catalog.records import ItemRecord
from anysense.index.collection import Collection
from anysense.index.publishing import publisher
from anysense.index.snapshots.manifest import Tuning
from anysense.server.http.app import create_app

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SEED = 0
BATCH = 2000
ASKED = 9


class MadeUp:
    """An encoder in name only: its vectors are made here, and the background's by chance."""

    sample_rate = None
    window_seconds = 10.0

    def __init__(self) -> None:
        self.space = Space("made-up", "1", DIMENSION, frozenset({Modality.IMAGE, Modality.TEXT}))
        self._world = GapData(SEED)

    def passages(self, text: str) -> list[Passage]:
        return [Passage(0, len(text), text)]

    def prepare(self, modality: Modality, content: Content) -> Any:
        return self._world.draw(1, modality.value)[0]

    def encode(self, modality: Modality, prepared: Sequence[Any]) -> Any:
        return np.stack(prepared)


def records(world: GapData, start: int, count: int) -> list[ItemRecord]:
    """Made-up items, each fourth a text."""
    pictures, texts = world.draw(count, "image"), world.draw(count, "text")
    rows = []
    for i in range(count):
        modality = Modality.TEXT if i % 4 == 3 else Modality.IMAGE
        vector = (texts if i % 4 == 3 else pictures)[i]
        rows.append(
            ItemRecord(
                id=f"item{start + i}",
                source=f"/files/{start + i:08d}",
                kind=Kind.TEXT if i % 4 == 3 else Kind.IMAGE,
                metadata={},
                segments=[EncodedSegment("made-up", modality, vector)],
                content_hash=f"{start + i:032x}",
            )
        )
    return rows


def timed(action: Callable[[], Any]) -> dict[str, float]:
    clock, processor = time.perf_counter(), time.process_time()
    action()
    return {
        "s": round(time.perf_counter() - clock, 2),
        "cpu_s": round(time.process_time() - processor, 2),
    }


def measure(collection: Collection, items: int) -> dict[str, Any]:
    world = GapData(SEED)
    for start in range(0, items, BATCH):
        collection.write(records(world, start, min(BATCH, items - start)))
    drawn = publisher.draw_maps
    publisher.draw_maps = lambda *_, **__: Tuning()
    result: dict[str, Any] = {"first_without_map": timed(collection.publish)}
    publisher.draw_maps = drawn
    for name, count in (("map_alone", 1), ("with_100_more", 100), ("with_half_more", items // 2)):
        spent: list[dict[str, float]] = []

        def watched(*arguments: Any, spent: Any = spent, **options: Any) -> Tuning:
            kept: list[Tuning] = []
            spent.append(timed(lambda: kept.append(drawn(*arguments, **options))))
            return kept[0]

        collection.write(records(world, items * 2 + count, count))
        publisher.draw_maps = watched
        result[name] = {"publishing": timed(collection.publish), "of_it_the_map": spent[0]}
        publisher.draw_maps = drawn
        print(name, result[name], flush=True)
    folder = collection.path / f"gen-{collection.snapshot().version[0]:06d}"
    result["map_bytes"] = (folder / "map-0.npy").stat().st_size
    result["index_bytes"] = (folder / "segments.faiss").stat().st_size
    with TestClient(create_app(collection), base_url="http://127.0.0.1") as client:
        for limit in (20_000, 5000):
            answers = [asked(client, limit) for _ in range(ASKED)]
            result[f"get_{limit}"] = {
                "ms": round(statistics.median(ms for ms, _, _ in answers), 1),
                "cpu_ms": round(statistics.median(cpu for _, cpu, _ in answers), 1),
                "bytes": answers[0][2],
            }
    return result


def asked(client: TestClient, limit: int) -> tuple[float, float, int]:
    """The milliseconds that an answer takes, by the clock and of the processor, and its bytes."""
    clock, processor = time.perf_counter(), time.process_time()
    answer = client.get("/v1/map", params={"limit": limit})
    took = 1000 * (time.perf_counter() - clock), 1000 * (time.process_time() - processor)
    assert answer.status_code == 200, answer.text
    return *took, len(answer.content)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=50_000)
    options = parser.parse_args()
    register_encoder("made-up", lambda name, device: MadeUp())
    with (
        tempfile.TemporaryDirectory() as folder,
        Collection.create(Path(folder) / "c", ["made-up"]) as collection,
    ):
        result = measure(collection, options.items)
    payload = {"seed": SEED, "items": options.items, "vectors": DESCRIPTION, **result}
    print(_machine.save("map_publishing", payload))


if __name__ == "__main__":
    main()
