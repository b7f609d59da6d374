"""A part holds what was put into it, to the bit, and says so if it does not any more."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from part_files import write_part

from anysense.embed.errors import CorruptMediaError, IncompatibleCollectionError, UsageError
from anysense.embed.types import EncodedSegment, Kind, Modality, Origin, Place
from anysense.index.building.parts import schema
from anysense.index.building.parts.reading import Part
from anysense.index.catalog.records import FileRecord, ItemRecord, QuarantinedFile, Sidecar

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.building.parts.rows import PartItem
    from anysense.index.collection import Collection

ODD = "/photos/caf\udce9.jpg"
"""The name of a file that is no UTF-8."""


def vector(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    values = np.random.default_rng(seed).standard_normal(32).astype(np.float32)
    unit: np.ndarray[tuple[int, ...], np.dtype[np.float32]] = values / np.linalg.norm(values)
    return unit


def item(number: int, **changes: object) -> ItemRecord:
    segments = [
        EncodedSegment("tiny", Modality.IMAGE, vector(number), Place(box=(0.0, 0.25, 0.5, 1.0))),
        EncodedSegment(
            "tiny",
            Modality.TEXT,
            vector(number + 1000),
            Place.of_characters(0, 5, 2),
            "Grün.\0",
            Origin.OCR,
            ("One", "Two"),
        ),
    ]
    fields: dict[str, object] = {
        "id": f"item-{number}",
        "source": ODD,
        "kind": Kind.IMAGE,
        "metadata": {"year": 2021, "tags": ["ä", None, 1.5]},
        "segments": segments,
        "content_hash": "0f",
        "files": (FileRecord(ODD, 7, 2**60 + 1, "0f", (Sidecar("a.txt", 1, 2),)),),
        "said": {"title": "x"},
    }
    return ItemRecord(**{**fields, **changes})  # type: ignore[arg-type]


FAILURE = QuarantinedFile("/photos/bad.png", 3, 4, "is damaged")


def read(path: Path) -> list[PartItem]:
    with Part(path) as part:
        items = [item for batch in part.batches() for item in batch]
        assert len(items) == len(part)
    return items


def test_a_part_gives_back_what_was_put_into_it(collection: Collection, tmp_path: Path) -> None:
    items = [item(n) for n in range(300)]
    got = read(
        write_part(tmp_path / "a.parquet", collection, [*items[:200], FAILURE, *items[200:]])
    )
    assert got.pop(200) == FAILURE
    for before, after in zip(items, got, strict=True):
        assert isinstance(after, ItemRecord)
        for name in ("id", "source", "kind", "metadata", "content_hash", "said"):
            assert getattr(before, name) == getattr(after, name)
        assert tuple(after.files) == before.files
        for a, b in zip(before.segments, after.segments, strict=True):
            assert (a.space, a.modality, a.place, a.text) == (b.space, b.modality, b.place, b.text)
            assert (a.origin, a.heading) == (b.origin, b.heading)
            assert b.vector.tobytes() == a.vector.astype("<f2").tobytes()
    assert list(tmp_path.glob("*.tmp")) == []


def test_vectors_that_were_kept_before_stay_as_they_are(
    collection: Collection, tmp_path: Path
) -> None:
    """Rounding makes a vector longer or shorter; to normalise it again would change its bits."""
    first = read(write_part(tmp_path / "a.parquet", collection, [item(n) for n in range(50)]))
    again = read(write_part(tmp_path / "b.parquet", collection, first))
    kept = [s.vector.tobytes() for one in first for s in one.segments]  # type: ignore[union-attr]
    assert kept == [s.vector.tobytes() for one in again for s in one.segments]  # type: ignore[union-attr]


def test_what_a_collection_refuses_is_in_no_part(collection: Collection, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be kept as JSON"):
        write_part(tmp_path / "a.parquet", collection, [item(1, metadata={"x": {1, 2}})])
    assert list(tmp_path.glob("*.parquet*")) == []


def test_no_flipped_bit_and_no_missing_byte_goes_unnoticed(
    collection: Collection, tmp_path: Path
) -> None:
    path = write_part(tmp_path / "a.parquet", collection, [item(n) for n in range(3)])
    sound, data = repr(read(path)), path.read_bytes()
    for at in range(0, len(data), max(1, len(data) // 300)):
        broken = bytearray(data)
        broken[at] ^= 1 << (at % 8)
        path.write_bytes(broken)
        with contextlib.suppress(CorruptMediaError):
            assert repr(read(path)) == sound  # of what nobody reads
    for size in (0, 3, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(CorruptMediaError, match=r"a\.parquet"):
            read(path)


def test_another_table_is_no_part(tmp_path: Path) -> None:
    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"id": ["a"], "vector": [b"x"]}), path)
    with pytest.raises(CorruptMediaError, match="no part of a collection"):
        Part(path)


def test_a_newer_part_is_refused(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "FORMAT", 2)
    path = write_part(tmp_path / "a.parquet", collection, [item(1)])
    monkeypatch.undo()
    with pytest.raises(IncompatibleCollectionError, match="update anysense"):
        Part(path)
