"""A real watcher: what comes, changes and goes is found without being asked for."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from source_files import write_table
from tiny_files import write_picture

from anysense.embed.errors import CollectionLockedError
from anysense.index.building.build import run_build
from anysense.index.building.options import BuildOptions
from anysense.index.building.watching import notices, watch
from anysense.index.building.watching.watch import Watch
from anysense.index.collection import Collection
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from anysense.index.building.report import BuildReport
    from anysense.index.building.sources.scan import FileScan

SECONDS = 60.0
"""Nothing here takes a tenth of that."""


CHANGES = ("added", "updated", "moved", "described", "removed", "duplicates")


class Told:
    """What a watch has told, to be waited for."""

    def __init__(self) -> None:
        self.reports: queue.Queue[BuildReport] = queue.Queue()
        self.warnings: queue.Queue[str] = queue.Queue()
        self.scans: queue.Queue[FileScan] = queue.Queue()

    def expect(self, **counts: int) -> None:
        """Wait until builds have done so much, together and no more, such as `added`."""
        sums = Counter[str]()
        while any(sums[name] < number for name, number in counts.items()):
            report = self.reports.get(timeout=SECONDS)
            sums.update({name: getattr(report, name) for name in CHANGES if getattr(report, name)})
        assert sums == counts

    def warning(self) -> str:
        return self.warnings.get(timeout=SECONDS)

    def until(self, is_so: Callable[[FileScan], bool]) -> None:
        """Wait for a scan of which something is so."""
        while not is_so(self.scans.get(timeout=SECONDS)):
            pass


@contextmanager
def watching(
    collection: Collection,
    *sources: Path | str,
    settle_seconds: float = 0.2,
    poll_seconds: float | None = None,
    options: BuildOptions | None = None,
) -> Iterator[Told]:
    told = Told()

    def build(scan: FileScan, options: BuildOptions) -> BuildReport:
        try:
            return run_build(collection, scan, options)
        finally:
            collection.folder.release()
            told.scans.put(scan)

    kept = Watch(
        collection,
        sources,
        options or BuildOptions(),
        build=build,
        told=lambda report, problems: told.reports.put(report),
        warned=told.warnings.put,
        settle_seconds=settle_seconds,
        poll_seconds=poll_seconds,
    )
    thread = threading.Thread(target=kept.run)
    thread.start()
    try:
        yield told
    finally:
        kept.stop()
        thread.join(SECONDS)
        assert not thread.is_alive()


def test_files_are_found_as_they_come_change_and_go(collection: Collection, media: Path) -> None:
    with watching(collection, media) as told:
        told.expect(added=5)
        (media / "inner").mkdir()
        (media / "inner" / "new.txt").write_text("something new")
        told.expect(added=1)
        (media / "inner" / "more.txt").write_text("more of it")  # in a folder that is new itself
        told.expect(added=1)
        (media / "inner" / "new.txt").write_text("something else altogether")
        told.expect(updated=1)
        (media / "inner").rename(media / "other")
        told.expect(moved=2)
        (media / "note.txt").unlink()
        told.expect(removed=1)
        (media / ".ignore").write_text("*.png\n")
        told.expect(removed=3)
        assert collection.info()["items"] == 3
        assert told.warnings.empty()


def test_what_is_named_by_itself_is_watched_by_itself(
    collection: Collection, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")
    table = write_table(tmp_path / ".", {"text": "one"})
    with watching(collection, tmp_path / "a.txt", table) as told:
        told.expect(added=2)
        (tmp_path / "b.txt").write_text("b")  # which nobody has named
        (tmp_path / "a.new").write_text("a, but another one")
        (tmp_path / "a.new").replace(tmp_path / "a.txt")
        told.expect(updated=1)
        write_table(tmp_path, {"text": "one"}, {"text": "two"})
        told.expect(added=1)


def test_files_of_other_kinds_are_told_when_they_come(collection: Collection, media: Path) -> None:
    with watching(collection, media) as told:
        told.expect(added=5)
        (media / "a.sketch").write_bytes(b"x")
        write_picture(media / "new.png", (0, 255, 0))  # which is what is looked for
        assert told.warning() == "1 file of a kind that anysense does not read: 1 .sketch."


def test_a_folder_may_go_and_come_back(collection: Collection, tmp_path: Path, media: Path) -> None:
    notes, away = tmp_path / "notes", tmp_path / "away"
    notes.mkdir()
    (notes / "a.txt").write_text("a")
    with watching(collection, media, notes) as told:
        told.expect(added=6)
        notes.rename(away)
        assert told.warning() == f"{notes} is not there: its items are kept until it is back."
        (media / "note.txt").unlink()
        told.expect(removed=1)
        assert collection.info()["items"] == 5
        (away / "b.txt").write_text("b")
        away.rename(notes)
        assert told.warning() == f"{notes} is back."
        told.expect(added=1)
        (notes / "c.txt").write_text("c")
        told.expect(added=1)


def test_all_folders_may_be_away(collection: Collection, media: Path) -> None:
    with watching(collection, f"{media}/*.png") as told:
        told.expect(added=3)
        media.rename(media.with_name("away"))
        assert "is not there" in told.warning()
        media.with_name("away").rename(media)
        assert told.warning() == f"{media}/*.png is back."
        write_picture(media / "yellow.png", (230, 230, 20))
        told.expect(added=1)


def test_a_source_that_was_emptied_keeps_its_items(collection: Collection, media: Path) -> None:
    with watching(collection, media) as told:
        told.expect(added=5)
        for path in media.iterdir():
            path.rename(media.with_name(path.name))
        assert "is empty now, and 5 files of the collection come from it" in told.warning()
        (media.with_name("note.txt")).rename(media / "note.txt")
        told.expect(removed=4)


def test_a_file_is_left_alone_while_it_is_written(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notices, "LONGEST_UNREST_SECONDS", 0.1)
    ahead = time.time() + 3600  # as if it were written to for an hour, by the clock of its drive
    with watching(collection, media, settle_seconds=5000.0, poll_seconds=0.01) as told:
        told.until(lambda scan: len(scan.unsettled) == 5)
        assert collection.info()["items"] == 0
        for path in media.iterdir():
            os.utime(path, (1, 1) if path.suffix == ".png" else (ahead, ahead))
        told.expect(added=3)
        os.utime(media / "red.png")
        told.until(lambda scan: len(scan.unsettled) == 3)
        assert collection.info()["items"] == 3, "what was known of it stays"


def test_it_waits_for_another_process_that_writes(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOCKED_SECONDS", 0.01)
    with Collection.open(collection.path) as other:
        other.add([NewItem("red")])  # and keeps the right to write
        with watching(collection, media) as told:
            assert "is being written to by this process" in told.warning()
            other.folder.release()
            told.expect(added=5)
            assert told.warnings.empty()
            other.add([NewItem("green")])  # the watch has given it back
            with pytest.raises(CollectionLockedError):
                collection.add([NewItem("blue")])


def test_what_cannot_be_watched_is_looked_at(
    collection: Collection, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*paths: str, **options: object) -> Iterator[set[tuple[int, str]]]:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr("anysense.index.building.watching.notices.watch", refuse)
    monkeypatch.setattr(watch, "SILENT_SECONDS", 0.01)
    with watching(collection, media) as told:
        told.expect(added=5)
        assert told.warning() == (
            "Changes are not told, but looked for now and then: OS file watch limit reached."
        )
        (media / "note.txt").unlink()
        told.expect(removed=1)
        assert told.warnings.empty()


def test_the_index_is_not_published_for_every_change(collection: Collection, media: Path) -> None:
    run_build(collection, [media], BuildOptions())
    generation = collection.info()["generation"]
    with watching(collection, media) as told:
        (media / "new.txt").write_text("something new")
        told.expect(added=1)
    assert collection.info()["generation"] == generation
