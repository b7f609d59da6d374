"""Items whose vectors follow from their names, so that any answer can be told right or wrong."""

from __future__ import annotations

import zlib
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.types import WHOLE, EncodedSegment, Kind, Modality, Place
from anysense.index.catalog.records import FileRecord, ItemRecord
from anysense.index.collection import Collection
from anysense.index.folder.folder import CollectionFolder
from anysense.index.folder.opening import load_encoders
from anysense.index.types import Partition
from anysense.index.vectors.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from anysense.embed.types import FloatArray
    from anysense.index.snapshots.snapshot import Snapshot

IMAGES = Partition("tiny", Modality.IMAGE)
TEXTS = Partition("tiny", Modality.TEXT)
DIMENSION = 32


def vector(name: str, version: int = 0, ordinal: int = 0) -> FloatArray:
    """The unit vector of a segment; those of different ones are nowhere near each other."""
    seed = zlib.crc32(f"{name}/{version}/{ordinal}".encode("utf-8", "surrogatepass"))
    values = np.random.default_rng(seed).standard_normal(DIMENSION).astype(np.float32)
    return values / np.float32(np.linalg.norm(values))


def record(
    name: str,
    version: int = 0,
    *,
    segments: int = 1,
    modality: Modality = Modality.IMAGE,
    metadata: Mapping[str, Any] | None = None,
    content_hash: str | None = None,
    files: list[str] | None = None,
) -> ItemRecord:
    """An item of that name; `files` are paths that hold it."""
    digest = content_hash or ascii(f"{name}/{version}")[1:-1]
    is_text = modality is Modality.TEXT
    return ItemRecord(
        id=name,
        source=files[0] if files else f"memory:{name}",
        kind=Kind(modality.value),
        metadata={"version": version} if metadata is None else metadata,
        segments=[
            EncodedSegment(
                "tiny",
                modality,
                vector(name, version, i),
                Place.of_characters(i, i + 1) if is_text else WHOLE,
                f"{name} passage {i}" if is_text else None,
            )
            for i in range(segments)
        ],
        content_hash=digest,
        files=[file(path, digest) for path in files or []],
    )


def file(path: str, content_hash: str, size: int = 1, mtime_ns: int = 1) -> FileRecord:
    return FileRecord(path, size, mtime_ns, content_hash)


def created(path: Path) -> Collection:
    return Collection.create(path, ["tiny"], device="cpu")


def opened_with(path: Path, **thresholds: int) -> Collection:
    """Open a collection whose index works in another way from other sizes on."""
    return Collection(
        CollectionFolder(path, Thresholds(**thresholds)), partial(load_encoders, device="cpu")
    )


def names_of(snapshot: Snapshot, ids: Any) -> list[str | None]:
    """The items of segments, None for those that are gone."""
    return [None if row is None else row.item_id for row in snapshot.rows(ids)]


def assert_holds(collection: Collection, expected: Mapping[str, int]) -> None:
    """Assert that a collection finds exactly these items (by name, with version) and their rows.

    Every item must be the best hit for its own vector, with a cosine of 1; there must be no other
    item; and a filter by version must select exactly the right ones.
    """
    snapshot = collection.folder.snapshot()
    assert collection.info()["items"] == len(expected)
    assert sum(snapshot.partitions.values()) == len(expected)
    if not expected:
        return
    queries = np.stack([vector(name, version) for name, version in expected.items()])
    scores, ids = snapshot.search(IMAGES, queries, 1)
    assert names_of(snapshot, ids[:, 0]) == list(expected)
    np.testing.assert_allclose(scores[:, 0], 1, atol=2e-3)
    rows = [row for row in snapshot.rows(ids[:, 0]) if row is not None]
    assert [row.metadata["version"] for row in rows] == list(expected.values())
    everything, found = snapshot.search(IMAGES, queries[:1], len(expected) + 10)
    assert (found[0] >= 0).sum() == len(expected)
    assert np.isfinite(everything[0]).sum() == len(expected)
    for version in set(expected.values()):
        selected = snapshot.select({"version": version})
        assert selected is not None
        wanted = {name for name, own in expected.items() if own == version}
        assert set(names_of(snapshot, selected.ids)) == wanted
