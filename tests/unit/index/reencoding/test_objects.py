"""Objects in storage are read anew for other encoders, if they are as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory_storage import MemoryStorage
from tiny_files import picture_bytes

from anysense.index.building.build import build
from anysense.index.collection import Collection

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_objects_are_encoded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = MemoryStorage().installed(monkeypatch)
    names = {"red.png": picture_bytes("red"), "red.txt": b"low", "blue.png": picture_bytes("blue")}
    storage.fill("photos", names)
    with Collection.create(tmp_path / "collection", ("tiny",)) as collection:
        build(collection, ["gs://photos"])
        storage.fill("photos", {"blue.png": picture_bytes("green", 9)})
        storage.reads.clear()
        report = collection.reencode("tiny:other", drop="tiny", allow_removal=True)
        assert (report.encoded, report.removed) == (1, 1)
        assert storage.reads == ["red.png"]
        assert sorted(storage.looks) == ["blue.png", "red.png"]
        found = collection.search("low", k=1)[0]
        assert (found.source, found.modality) == ("gs://photos/red.png", "text")
