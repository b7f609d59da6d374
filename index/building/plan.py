"""What a build has to do: the difference between what a collection has and what a scan found.

It is told by paths, sizes and times alone, without reading a file.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anysense.index.building.compact.known import known_files
from anysense.index.building.compact.packed import Entries
from anysense.index.building.quarantine import is_tried
from anysense.index.building.sources.entries import (
    Entry,
    LazyEntry,
    Problem,
    RowEntry,
    has_changed_since,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from anysense.index.building.sources.scan import FileScan
    from anysense.index.catalog.records import CatalogFile, QuarantinedFile
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["Plan", "is_unchanged", "make_plan"]


@dataclass(frozen=True)
class Plan:
    """What a build has to do.

    Attributes:
        files: those files that the collection has of what is changed, gone or absorbed, by path.
        failures: what earlier builds could not read, by path.
        gone: paths of files of the collection that were looked for and are no longer there.
        absorbed: paths of such files that were items, and whose words are of other items now.
        changed: what is new, or is not as it was: to be read.
        unchanged: what is as it was.
        untried: what could not be read and has not changed since.
        kept: how many files may stand in rows that cannot be read.
        since: what was changed after this is not taken for unchanged; see `make_plan`.
        to_read_again: ids of items that are read again though their files are as they were.
    """

    files: Mapping[str, CatalogFile]
    failures: Mapping[str, QuarantinedFile]
    gone: list[str]
    absorbed: list[str]
    changed: Entries
    unchanged: Entries
    untried: list[Problem]
    kept: int = 0
    since: int | None = None
    to_read_again: Set[str] = frozenset()

    def is_described(self, entry: Entry) -> bool:
        """Whether what is said of a changed entry is as it was, and is not read again for that."""
        if not isinstance(entry, LazyEntry):
            return False
        former = self.files.get(entry.path)
        return former is not None and is_unchanged(entry, former, self.since)

    def part_changed(self) -> tuple[list[tuple[int, Entry]], list[tuple[int, Entry]]]:
        """Part what may hold a content that its file has left from what cannot, by their sizes.

        Both with their places in `changed`. All of the former is read before anything is written,
        so that files may trade their places; as long as only new files come it is empty.
        """
        sizes = {
            former.record.size
            for entry in self.changed
            if (former := self.files.get(entry.path)) is not None
            and not is_unchanged(entry, former, self.since)
        }
        first: list[tuple[int, Entry]] = []
        rest: list[tuple[int, Entry]] = []
        for place in enumerate(self.changed):
            (first if place[1].size in sizes else rest).append(place)
        return first, rest


def make_plan(
    scan: FileScan,
    folder: CollectionFolder,
    failures: Mapping[str, QuarantinedFile],
    *,
    retry_failed: bool = False,
    reread: bool = False,
    since: int | None = None,
    to_read_again: Set[str] = frozenset(),
    entries: Entries | None = None,
) -> Plan:
    """Tell what is as it was from what has to be read.

    Args:
        scan: what is there now.
        folder: the collection.
        failures: what earlier builds could not read, by path.
        retry_failed: read again what could not be read.
        reread: read again what is as it was.
        since: what was changed after this, in nanoseconds since 1970, is read though its size and
            time are as they were; nothing is if None.
        to_read_again: ids of items whose files are read again though they are as they were.
        entries: those of the scan that are looked at; all if None.
    """
    present = 0
    looked_at = frozenset(entries.places) if entries is not None else None
    changed, unchanged = array("Q"), array("Q")
    files: dict[str, CatalogFile] = {}
    untried: list[Problem] = []
    with known_files(folder) as known:
        for place, (entry, file) in zip(
            scan.entries.places, known.beside(scan.entries), strict=True
        ):
            present += file is not None
            if looked_at is not None and place not in looked_at:
                continue
            is_wanted = reread or (file is not None and file.item_id in to_read_again)
            if file is not None and not is_wanted and is_unchanged(entry, file, since):
                unchanged.append(place)
                continue
            failure = failures.get(entry.path)
            if failure is not None and not retry_failed and is_tried(entry, failure, since):
                untried.append(Problem(entry.path, failure.reason))
                continue
            changed.append(place)
            if file is not None:
                files[entry.path] = file
        absent = known.absent_from(scan.entries, present)
        absent_here = [file for file in absent if scan.looks_for(file.record.path)]
    gone, absorbed, kept = _absent(scan, absent_here, files)
    packed = scan.entries.packed
    return Plan(
        files,
        failures,
        gone,
        absorbed,
        Entries(packed, changed),
        Entries(packed, unchanged),
        untried,
        kept,
        since,
        to_read_again,
    )


def _absent(
    scan: FileScan, absent: Iterable[CatalogFile], files: dict[str, CatalogFile]
) -> tuple[list[str], list[str], int]:
    """Which files that the scan has no entries for are gone, and which absorbed; how many are kept.

    Args:
        scan: what is there now.
        absent: the files.
        files: where those are noted that are gone or absorbed.
    """
    gone: list[str] = []
    absorbed: list[str] = []
    kept: list[str] = []
    for file in absent:
        path = file.record.path
        if path in scan.sidecars:
            absorbed.append(path)
        elif scan.is_gone(path):
            gone.append(path)
        else:
            if scan.is_kept(path):
                kept.append(path)
            continue
        files[path] = file
    return gone, absorbed, len(kept) - len(list(scan.found.among(kept)))


def is_unchanged(entry: Entry, file: CatalogFile, since: int | None = None) -> bool:
    """Whether an entry is what the collection has at its path, by what is known without reading it.

    With `since` it is not if it was changed after that.
    """
    if has_changed_since(entry, since):
        return False
    if entry.item is not None and entry.item.id not in (None, file.item_id):
        return False
    if isinstance(entry, RowEntry):
        return entry.content_hash == file.record.content_hash
    state = (entry.size, entry.stamp, entry.sidecars)
    return state == (file.record.size, file.record.mtime_ns, file.record.sidecars)
