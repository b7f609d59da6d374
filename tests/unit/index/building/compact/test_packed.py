from __future__ import annotations

import os
import tracemalloc
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from anysense.index.building.compact import known, packed
from anysense.index.building.compact.claims import Claims
from anysense.index.building.compact.known import known_files
from anysense.index.building.compact.packed import Entries, PackedEntries
from anysense.index.building.sources.entries import (
    Entry,
    FileEntry,
    LazyEntry,
    RowEntry,
    UnnamedEntry,
)
from anysense.index.catalog.records import FileRecord, Sidecar
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from anysense.index.collection import Collection

BESIDE = (Sidecar("a.txt", 3, 4), Sidecar("ä b.json", 5, 6))


@dataclass
class Shelf:
    changed_ns: int = 0
    written_ns: int = 0

    def item(self, entry: LazyEntry) -> NewItem:
        return NewItem("", source=entry.path)

    described_item = item


def entries() -> list[Entry]:
    tar, other = Shelf(), Shelf()
    return [
        FileEntry("/photos/a.jpg", 1, 2, None, BESIDE, 3),
        FileEntry("/photos/ä b.txt", 0, -1),
        FileEntry("/photos/\udcff.txt", 2**40, 2**62),
        FileEntry("/photos/b.jpg", 1, 2, NewItem(Path("/photos/b.jpg"), "b"), BESIDE),
        RowEntry("/photos/list.csv#x/y", 3, "f" * 32, NewItem("text", "x/y")),
        LazyEntry("/photos/0.tar!/a/b.jpg", 3, 4, tar, 512, BESIDE),
        LazyEntry("/photos/0.tar!/a/c.jpg", 3, 4, tar, "a key"),
        UnnamedEntry("/photos/0.tar!/a/d.jpg", 3, 4, tar, 7),
        LazyEntry("s3://bucket/c.jpg", 3, 2**62, other, "", BESIDE),
        FileEntry("relative", 1, 2),
    ]


def test_entries_come_out_as_they_went_in() -> None:
    held = Entries.of(entries())
    assert list(held) == entries()
    assert [type(entry) for entry in held] == [type(entry) for entry in entries()]
    assert list(held.paths()) == [entry.path for entry in entries()]
    assert held[2:4] == entries()[2:4]
    assert held[-1] == entries()[-1]
    assert held != entries()[1:]


def test_an_entry_takes_little_memory() -> None:
    count = 20_000
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    held = Entries.of(
        FileEntry(f"/media/photos/{n // 1000}/photo-{n:08d}.jpg", n, n) for n in range(count)
    )
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(held) == count
    assert used / count < 120


@pytest.mark.parametrize("collide", [False, True])
def test_of_one_path_the_first_place_counts_and_the_last_that_is_described(
    monkeypatch: pytest.MonkeyPatch, collide: bool
) -> None:
    if collide:
        monkeypatch.setattr(packed, "hash", len, raising=False)
    plain = [FileEntry(f"/{name}", number, 0) for number, name in enumerate("abcab")]
    said = FileEntry("/b", 7, 0, NewItem(Path("/b"), "one"))
    last = FileEntry("/b", 8, 0, NewItem(Path("/b"), "two"))
    held = PackedEntries()
    for entry in [*plain, said, last, FileEntry("/b", 9, 0)]:
        held.append(entry)
    assert list(Entries(held, held.once_each())) == [plain[0], last, plain[2]]


@pytest.mark.parametrize("collide", [False, True])
def test_entries_are_found_by_their_paths(monkeypatch: pytest.MonkeyPatch, collide: bool) -> None:
    if collide:
        monkeypatch.setattr(packed, "hash", lambda path: 1, raising=False)
    monkeypatch.setattr(packed, "CHUNK", 2)
    held = Entries.of(entries())
    wanted = {"relative", "/photos/a.jpg", "/elsewhere"}
    assert [entry.path for entry in held.among(wanted)] == ["/photos/a.jpg", "relative"]
    assert list(held[1:].among(wanted)) == [entries()[-1]]
    assert list(held.among(())) == []


def test_claims_are_of_folders_and_end_with_their_files() -> None:
    files = [
        FileEntry("/p/a.jpg", 1, 0, None, (Sidecar("a.txt", 1, 0), Sidecar("a.json", 1, 0))),
        FileEntry("/p/a.txt", 1, 0),
        FileEntry("/q/a.txt", 1, 0),
        FileEntry("/q/b.jpg", 1, 0, None, (Sidecar("b.txt", 1, 0),)),
        FileEntry("/q/b.txt", 1, 0, NewItem(Path("/q/b.txt"))),
    ]
    held = Entries.of(files)
    claims = Claims(held)
    paths = {os.path.normpath(path) for path in ("/p/a.txt", "/p/a.json", "/q/b.txt")}
    assert claims == paths
    assert len(claims) == 3
    assert "/q/a.txt" not in claims
    # What a table names is an item whatever lies beside it.
    assert list(held.without(claims.claimed(held))) == [files[0], *files[2:]]
    assert Claims(held, {"/p/a.jpg"}) == {"/q/b.txt"}
    assert Claims(held[1:3]) == frozenset()


@pytest.mark.parametrize("collide", [False, True])
def test_known_files_are_looked_up_and_those_without_an_entry_told(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, collide: bool
) -> None:
    for module in (known, packed) if collide else ():
        monkeypatch.setattr(module, "hash", lambda path: 1, raising=False)
    monkeypatch.setattr(known, "BATCH", 2)
    for name in "abcde":
        (tmp_path / name).write_text(f"the text {name}")
    collection.add([tmp_path / name for name in "abcde"])
    paths = [str(tmp_path / name) for name in "abcde"]
    held = Entries.of(FileEntry(path, 1, 1) for path in [*paths[::2], "/new"])
    with known_files(collection.folder) as files:
        assert len(files) == 5
        assert list(files.at(paths[::-1])) == paths[::-1]
        known_beside = [file for _, file in files.beside(held)]
        absent = [file.record.path for file in files.absent_from(held, 3)]
    records = [file.record if file is not None else None for file in known_beside]
    assert [r and FileRecord(*r).path for r in records] == [*paths[::2], None]
    assert absent == paths[1::2]
