"""What is new or has changed is compared by the hash of its content.

First `Changes` finds where contents are now that their files no longer hold: files may be
renumbered or trade places, and what is said of a content stays with it. Then it goes through one
file after the other, hands on what has to be encoded, and has the rest written.
"""

from __future__ import annotations

import heapq
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.embedded import EmbeddedFile
from anysense.embed.errors import (
    AnysenseError,
    MediaError,
    MediaTooLargeError,
    UnsupportedMediaError,
)
from anysense.index.building.content import hash_entries
from anysense.index.building.copies import CopyRegister
from anysense.index.building.encoding import Said, without_reading_marks
from anysense.index.building.metadata import BesideMetadata
from anysense.index.building.pending import PendingItem
from anysense.index.building.plan import is_unchanged
from anysense.index.building.quarantine import failed_entry, failed_path, failed_record
from anysense.index.building.sources.entries import Entry, LazyEntry, Problem, UnnamedEntry
from anysense.index.building.sources.paths import is_alive
from anysense.index.building.writing import Alias, ChangeWriter
from anysense.index.catalog.records import FileRecord, make_id
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence, Set

    from anysense.index.building.content import HashOutcome
    from anysense.index.building.copies import Copies
    from anysense.index.building.metadata import Descriptions
    from anysense.index.building.options import BuildOptions
    from anysense.index.building.plan import Plan
    from anysense.index.building.report import BuildReport
    from anysense.index.catalog.records import CatalogFile, ItemRecord
    from anysense.index.folder.opened import OpenCollection

__all__ = ["Changes"]

_Hashed: TypeAlias = "tuple[int, Entry, HashOutcome]"
"""An entry with its place among those that changed, and the hash of its content or why not."""


class Changes:
    """Compares what has changed with what the catalog has. Used by one build, from one thread.

    Args:
        collection: what is built.
        plan: what is to be compared, and with what.
        descriptions: the metadata that the build gives items.
        options: the limits, and how much is written at once.
        report: where to count.
        progress: called with the number of files that are dealt with, after each.

    Attributes:
        to_describe: files whose item stays, so that only its metadata may be new.
    """

    def __init__(
        self,
        collection: OpenCollection,
        plan: Plan,
        descriptions: Descriptions,
        options: BuildOptions,
        report: BuildReport,
        progress: Callable[[int], None],
    ) -> None:
        self._folder = collection.folder
        self._plan = plan
        # A file with the content of one of these was moved.
        self._gone = frozenset(plan.gone + plan.absorbed)
        self._descriptions = descriptions
        self._options = options
        self._report = report
        self._progress = progress
        self._done = 0
        entries = plan.changed if plan.changed.packed.has_items else ()
        given = [name for name in map(_given_id, entries) if name is not None]
        self._register = CopyRegister(collection.folder, plan.files, given)
        self._writer = ChangeWriter(collection.folder, plan.files, self._register, options, report)
        self._said = Said(collection.folder)
        self._beside = BesideMetadata(collection.folder)
        self._reread_ids: set[str] = set()
        # Files whose former content is elsewhere now; and what is said of the former content of
        # others, where several files held it, so that its item may have another id by now.
        self._parted: frozenset[str] = frozenset()
        self._inherited: dict[str, dict[str, Any]] = {}
        self.to_describe: list[Entry] = []

    @property
    def done(self) -> int:
        """How many files are dealt with."""
        return self._done

    @property
    def lost(self) -> list[str]:
        """Paths of files that have no item, as they cannot be read."""
        return self._writer.lost

    def compare(self) -> Generator[PendingItem]:
        """Hash what the plan says has changed, and yield that whose content is new, in order."""
        first, rest = self._plan.part_changed()
        fresh = self._find_moved(first)
        for index, entry, outcome in heapq.merge(fresh, self._hash(rest), key=itemgetter(0)):
            pending = None
            if isinstance(outcome, FileRecord):
                pending = self._decide_or_note(index, entry, outcome)
            else:
                self._note_error(entry, outcome)
            if pending is not None:
                yield pending
            else:
                self._finish(entry.item)

    def take(self, pending: PendingItem, outcome: ItemRecord | AnysenseError) -> None:
        """Note what became of an item that `compare` handed on; write if it is time."""
        if isinstance(outcome, AnysenseError):
            file = pending.files[0]
            reason = outcome.reason if isinstance(outcome, MediaError) else str(outcome)
            if file.path in self._writer.reread:  # what was read of it before is still right
                self._report.quarantined.append(Problem(file.path, reason))
            else:
                self._register.of_path(file.path).failure = reason
                self._writer.fail(failed_record(file, reason))
        else:
            self._writer.add(outcome)
        self._finish(pending.item)

    def write(self) -> None:
        """Write everything that is settled by now."""
        self._writer.write()

    def _hash(self, places: Sequence[tuple[int, Entry]]) -> Iterator[_Hashed]:
        entries = [entry for _, entry in places]
        hashed = hash_entries(entries, self._options.workers, self._options.limits)
        for (index, entry), (_, outcome) in zip(places, hashed, strict=True):
            yield index, entry, outcome

    def _find_moved(self, places: Sequence[tuple[int, Entry]]) -> list[_Hashed]:
        """Settle which files hold contents of the catalog now; returns what is to be decided yet.

        Each file leaves its item before any joins the item of its content, so that the order of
        their names does not matter.
        """
        fresh: list[_Hashed] = []
        joining: list[tuple[Entry, FileRecord]] = []
        staying: set[str] = set()
        for index, entry, outcome in self._hash(places):
            if not isinstance(outcome, FileRecord) or self._is_same(entry, outcome):
                staying.add(entry.path)
            elif self._original(entry, outcome) is not None:
                joining.append((entry, outcome))
                self._finish(entry.item)
                continue
            fresh.append((index, entry, outcome))
        left = self._leave(staying)
        for entry, file in joining:
            original = self._original(entry, file)
            assert original is not None  # as above: what was left is still there to be joined
            self._join(entry, file, original)
        self._write_moves(left, {entry.path for entry, _ in joining})
        return fresh

    def _leave(self, staying: set[str]) -> dict[str, Copies]:
        """Part the files that have changed from what they held, but those that hold it still."""
        left: dict[str, Copies] = {}
        for entry in self._plan.changed:
            former = self._plan.files.get(entry.path)
            if former is None or entry.path in staying:
                continue
            if is_unchanged(entry, former, self._plan.since):
                continue
            left[entry.path] = self._register.leave(entry.path)
        return left

    def _write_moves(self, left: Mapping[str, Copies], joined: Set[str]) -> None:
        """Write where contents are now that files have left and joined.

        A file whose content is new starts anew if its former content is elsewhere. If that is
        nowhere, the file was edited, and what was said of it goes on.
        """
        new = {path: copies for path, copies in left.items() if path not in joined}
        parted = [path for path, copies in new.items() if copies.paths - self._gone]
        self._parted = frozenset(parted)
        snapshot = self._folder.snapshot()
        for path in self._register.shared & (new.keys() - self._parted):
            self._inherited[path] = snapshot.item(self._plan.files[path].item_id).metadata
        self._register.drop(left.values())
        self._writer.write_moves(parted)

    def _decide_or_note(self, index: int, entry: Entry, file: FileRecord) -> PendingItem | None:
        try:
            return self._decide(index, entry, file)
        except MediaError as error:  # what is said of it has changed since it was hashed
            self._note_error(entry, error)
            return None

    def _decide(self, index: int, entry: Entry, file: FileRecord) -> PendingItem | None:
        """Tell what a file needs by its content; an item to be encoded, if that is new."""
        former = self._former(entry)
        if former is not None and self._is_same(entry, file):
            if self._options.reread or former.item_id in self._plan.to_read_again:
                reread = self._reread(index, entry, former, file)
                if reread is not None:
                    return reread
            if file != former.record:
                self._writer.touch(file)
            self._report.unchanged += 1
            self.to_describe.append(entry)
            return None
        original = self._original(entry, file)
        if original is not None:
            self._join(entry, file, original)
            return None
        self._register.begin(file.path, file.content_hash)
        return self._pending(index, entry, self._item_id(entry, former, file), file)

    def _note_error(self, entry: Entry, error: FileNotFoundError | MediaError) -> None:
        """Note a file that has no hash."""
        former = self._former(entry)
        if isinstance(error, FileNotFoundError):
            if former is None:  # it has gone since the scan
                self._writer.lost.append(entry.path)
            return  # else the next build removes it
        is_settled = isinstance(error, MediaTooLargeError) or (
            isinstance(entry, LazyEntry) and isinstance(error, UnsupportedMediaError)
        )  # by what its size and its stamp stand for
        if former is not None and (is_unchanged(entry, former) or not is_settled):
            # It may be sound, and what keeps it shut (its permissions, a share) may pass: its item
            # stays, and each build tries it again.
            self._report.quarantined.append(Problem(entry.path, error.reason))
        elif is_settled:
            self._writer.fail(failed_entry(entry, error.reason))
        else:  # what keeps it shut may change without its size or time
            self._writer.fail(failed_path(entry.path, error.reason))

    def _former(self, entry: Entry) -> CatalogFile | None:
        """The file that the catalog had at a path, unless its content is elsewhere now."""
        return None if entry.path in self._parted else self._plan.files.get(entry.path)

    def _is_same(self, entry: Entry, file: FileRecord) -> bool:
        """Whether a file holds what the catalog says, and belongs to the same item."""
        former = self._plan.files.get(entry.path)
        return (
            former is not None
            and former.record.content_hash == file.content_hash
            and _given_id(entry) in (None, former.item_id)
        )

    def _original(self, entry: Entry, file: FileRecord) -> Copies | None:
        """What a file is a copy of; a table may say that it is the file of an item of its own."""
        item_id = _given_id(entry)
        if item_id is None:
            return self._register.of_hash(file.content_hash)
        return self._register.of_item(item_id, file.content_hash)

    def _item_id(self, entry: Entry, former: CatalogFile | None, file: FileRecord) -> str:
        """The id of an item to be made of a file; notes if that is one that the catalog has."""
        if isinstance(entry, UnnamedEntry):
            if former is not None:
                self._writer.edited.add(entry.path)
            return make_id(file.content_hash)
        item_id = _given_id(entry)
        if item_id is None and former is not None and entry.path not in self._register.shared:
            item_id = former.item_id
        item_id = item_id or make_id(entry.path)
        is_former = former is not None and item_id == former.item_id
        if is_former or (_given_id(entry) is not None and item_id in self._register.ids):
            self._writer.edited.add(entry.path)
        return item_id

    def _reread(
        self, index: int, entry: Entry, former: CatalogFile, file: FileRecord
    ) -> PendingItem | None:
        """The item of a file that is as it was, to be encoded again once, and not for its copies.

        Its id and its source are looked up when it is written, as they are those of the file that
        it is called after, and if that has changed they become another item's.
        """
        if former.item_id in self._reread_ids:
            return None
        self._reread_ids.add(former.item_id)
        self._writer.reread.add(file.path)
        return self._pending(index, entry, self._writer.item_of(file), file)

    def _pending(self, index: int, entry: Entry, item_id: str, file: FileRecord) -> PendingItem:
        metadata = self._descriptions.of(entry, item_id)
        if metadata is None and self._former(entry) is not None:
            metadata = self._inherited.get(entry.path)
            if metadata is None:
                metadata = self._folder.snapshot().item(item_id).metadata
            former = self._plan.files[entry.path].record
            metadata = self._said.without(without_reading_marks(metadata), former.content_hash)
            metadata = self._beside.without(metadata, entry.path)
        if isinstance(entry, LazyEntry):
            item, beside = entry.described_item(), dict[str, Any]()
        else:
            item = entry.item or NewItem(Path(entry.path))
            beside = self._beside.of(entry.path, file.sidecars)
        item = replace(item, metadata={**beside, **(metadata or {})})
        return PendingItem(index, item, item_id, file.path, file.content_hash, (file,))

    def _join(self, entry: Entry, file: FileRecord, original: Copies) -> None:
        """Make a file another path of the item that has its content already."""
        if original.failure is not None:
            self._writer.fail(failed_record(file, original.failure))
            return
        was_moved = not any(p not in self._gone and is_alive(p) for p in original.paths)
        dead = set(original.paths) if was_moved else set()
        original.paths -= dead
        self._register.join(file.path, original)
        self._writer.join(Alias(file, original, was_moved, _given_id(entry)), dead)
        self.to_describe.append(entry)

    def _finish(self, item: NewItem | None) -> None:
        if item is not None and isinstance(item.content, EmbeddedFile):
            item.content.release()
        self._done += 1
        self._writer.write_due()
        self._progress(self._done)


def _given_id(entry: Entry) -> str | None:
    """The id that a table gives an item."""
    return entry.item.id if entry.item is not None else None
