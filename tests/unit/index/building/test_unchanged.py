"""Builds of many files of which few are new do not read the catalog's files all at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tiny_files import write_picture

from anysense.index.building.build import build
from anysense.index.building.compact import known, packed
from anysense.index.catalog.reader import Catalog

if TYPE_CHECKING:
    import pytest

    from anysense.index.collection import Collection


def never(catalog: Catalog) -> None:
    raise AssertionError("all files are read at once")


def test_what_is_unchanged_new_moved_or_gone_is_told_without_reading_all_files(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(collection, [media])
    monkeypatch.setattr(Catalog, "files", never)
    assert build(collection, [media]).unchanged == 5
    write_picture(media / "new.png", (1, 2, 3))
    (media / "red.png").rename(media / "moved.png")
    (media / "low.wav").unlink()
    report = build(collection, [media])
    counts = (report.unchanged, report.added, report.moved, report.removed)
    assert counts == (3, 1, 1, 1)


def test_paths_of_the_same_hash_are_told_apart(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (known, packed):
        monkeypatch.setattr(module, "hash", lambda path: len(path) % 2, raising=False)
    (media / "red.txt").write_text("beside a picture")
    assert build(collection, [media, media / "blue.png", f"{media}/*.wav"]).added == 5
    (media / "green.png").unlink()
    (media / "blue.png").rename(media / "gone.png")
    report = build(collection, [media, f"{media}/*"])
    assert (report.unchanged, report.moved, report.removed) == (3, 1, 1)
    names = {Path(path).name for path in collection.files()}
    assert names == {"red.png", "gone.png", "low.wav", "note.txt"}
