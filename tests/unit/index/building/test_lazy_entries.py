"""Builds of what is no file of its own, and is compared without being read."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

import pytest
from tiny_files import inputs_encoded, picture_bytes, summary

from anysense.embed.errors import CorruptMediaError
from anysense.embed.types import EmbeddedFile
from anysense.index.building.build import build
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.entries import LazyEntry
from anysense.index.building.sources.scan import FileScan
from anysense.index.catalog.records import make_id
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from anysense.index.building.sources.base import Listing
    from anysense.index.collection import Collection

ROOT = "shelf://"


@dataclass(frozen=True)
class Shelved(EmbeddedFile):
    shelf: Shelf

    def open(self) -> BinaryIO:
        if self.name not in self.shelf.contents:
            raise CorruptMediaError(self.name, "is not on its shelf any more")
        self.shelf.opened.append(self.name)
        return io.BytesIO(self.shelf.contents[self.name])


@dataclass(frozen=True)
class Shelf(Source):
    """Files by their paths; the stamp of each is given."""

    contents: dict[str, bytes] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    opened: list[str] = field(default_factory=list)
    described: list[str] = field(default_factory=list)
    changed_ns: int = 0
    written_ns: int = 0
    is_reached: bool = True

    def put(self, name: str, content: bytes, words: str, stamp: int) -> None:
        path = ROOT + name
        self.contents[path], self.stamps[path], self.words[path] = content, stamp, words

    def find(self, listing: Listing) -> Iterator[LazyEntry]:
        for path, content in self.contents.items() if self.is_reached else ():
            yield LazyEntry(path, len(content), self.stamps[path], self)

    def covers(self, path: str) -> bool:
        return path.startswith(ROOT)

    def is_alive(self, path: str) -> bool:
        return not self.is_reached

    def item(self, entry: LazyEntry) -> NewItem:
        return NewItem(Shelved(entry.path, entry.size, self), source=entry.path)

    def described_item(self, entry: LazyEntry) -> NewItem:
        self.described.append(entry.path)
        content, words = Shelved(entry.path, entry.size, self), self.words[entry.path]
        return NewItem(content, None, entry.path, None, {"words": words}, (words,))


@pytest.fixture
def shelf() -> Shelf:
    shelf = Shelf("shelf", ROOT)
    for number, (colour, words) in enumerate({"red": "low", "green": "middle"}.items()):
        shelf.put(f"{colour}.png", picture_bytes(colour), words, number)
    return shelf


def scan(shelf: Shelf, media: Path) -> FileScan:
    found = FileScan([media])
    found.sources.append(shelf)
    found.folders.append(shelf)
    return found.run()


def test_content_is_read_once_it_is_new_and_not_again(
    collection: Collection, shelf: Shelf, media: Path
) -> None:
    found = scan(shelf, media)
    assert shelf.opened == shelf.described == []
    assert summary(build(collection, found)) == {"added": 7}
    assert collection.search("middle", k=1, modalities=["text"])[0].source == f"{ROOT}green.png"
    item = collection.folder.snapshot().item(make_id(f"{ROOT}green.png"))
    assert item.metadata == {"words": "middle"}
    shelf.opened.clear()
    shelf.described.clear()
    assert summary(build(collection, scan(shelf, media))) == {"unchanged": 7}
    assert shelf.opened == shelf.described == []


def test_what_only_has_another_stamp_is_not_encoded_again(
    collection: Collection, shelf: Shelf, media: Path
) -> None:
    build(collection, scan(shelf, media))
    encoded = inputs_encoded(collection)
    shelf.put("red.png", picture_bytes("red"), "low", 7)
    assert summary(build(collection, scan(shelf, media))) == {"unchanged": 7}
    assert inputs_encoded(collection) == encoded
    shelf.opened.clear()
    assert summary(build(collection, scan(shelf, media))) == {"unchanged": 7}
    assert shelf.opened == []  # the new stamp was noted
    shelf.put("red.png", picture_bytes("red"), "high", 8)
    assert summary(build(collection, scan(shelf, media))) == {"updated": 1, "unchanged": 6}
    assert collection.search("high", k=1, modalities=["text"])[0].source == f"{ROOT}red.png"


def test_what_is_gone_is_removed_unless_nobody_can_tell(
    collection: Collection, shelf: Shelf, media: Path
) -> None:
    build(collection, scan(shelf, media))
    unreached = Shelf("shelf", ROOT, shelf.contents, shelf.stamps, shelf.words, is_reached=False)
    assert summary(build(collection, scan(unreached, media))) == {"unchanged": 5}
    del shelf.contents[f"{ROOT}red.png"]
    assert summary(build(collection, scan(shelf, media))) == {"removed": 1, "unchanged": 6}


def test_what_cannot_be_read_is_told_and_stops_nothing(
    collection: Collection, shelf: Shelf, media: Path
) -> None:
    found = scan(shelf, media)
    del shelf.contents[f"{ROOT}red.png"]  # between the scan and the build
    report = build(collection, found)
    assert report.added == 6
    [problem] = report.quarantined
    assert (problem.path, problem.reason) == (f"{ROOT}red.png", "is not on its shelf any more")


def test_content_of_ones_own_is_added_when_it_is_opened(
    collection: Collection, shelf: Shelf
) -> None:
    content = Shelved(f"{ROOT}red.png", len(shelf.contents[f"{ROOT}red.png"]), shelf)
    assert collection.add([NewItem(content, id="own")]).ids == ["own"]
    assert collection.search("red", k=1)[0].id == "own"
    gone = Shelved(f"{ROOT}gone.png", 3, shelf)
    [failure] = collection.add([NewItem(gone)]).failed
    assert (failure.source, failure.reason) == (gone.name, "is not on its shelf any more")
