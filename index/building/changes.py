"""What is new or has changed is compared by the hash of its content, and what follows is written.

`Changes` goes through one file after the other, hands on what has to be encoded, and writes the
rest, a batch at a time.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import (
    AnysenseError,
    ItemNotFoundError,
    MediaError,
    MediaTooLargeError,
)
from anysense.index.building.content import hash_entries
from anysense.index.building.copies import Copies, CopyRegister
from anysense.index.building.encoding import Batch, without_reading_marks
from anysense.index.building.pending import PendingItem
from anysense.index.building.plan import is_unchanged
from anysense.index.building.quarantine import failed_entry, failed_path, failed_record
from anysense.index.building.sources.entries import Entry, Problem
from anysense.index.building.sources.paths import is_alive
from anysense.index.catalog.records import FileRecord, make_id
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from anysense.index.building.metadata import Descriptions
    from anysense.index.building.options import BuildOptions
    from anysense.index.building.plan import Plan
    from anysense.index.building.report import BuildReport
    from anysense.index.catalog.records import CatalogFile, ItemRecord, QuarantinedFile
    from anysense.index.folder.folder import OpenCollection

__all__ = ["Changes"]


class _Alias(NamedTuple):
    """A file that holds what others hold, and whether it is one of those that was moved."""

    file: FileRecord
    copies: Copies
    was_moved: bool


class Changes:
    """Compares, and writes. Used by one build, from one thread.

    Args:
        collection: what is built.
        plan: what is to be compared, and with what.
        descriptions: the metadata that the build gives items.
        options: the limits, and how much is written at once.
        report: where to count.
        progress: called with the number of files that are dealt with, after each.

    Attributes:
        to_describe: files whose item stays, so that only its metadata may be new.
        lost: paths of files that have no item, as they cannot be read.
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
        self._collection = collection
        self._plan = plan
        # A file with the content of one of these was moved.
        self._gone = frozenset(plan.gone + plan.absorbed)
        self._descriptions = descriptions
        self._options = options
        self._report = report
        self._progress = progress
        self._done = 0
        self._register = CopyRegister(plan.files)
        self._batch = Batch(options.batch_items, options.batch_seconds)
        self._touched: list[FileRecord] = []
        self._aliases: list[_Alias] = []
        self._dead: list[str] = []
        self._reread_ids: set[str] = set()
        self._reread_paths: set[str] = set()
        self._failures: list[QuarantinedFile] = []
        self.to_describe: list[Entry] = []
        self.lost: list[str] = []

    @property
    def done(self) -> int:
        """How many files are dealt with."""
        return self._done

    def compare(self) -> Generator[PendingItem]:
        """Hash what the plan says has changed, and yield that whose content is new, in order."""
        options = self._options
        hashed = hash_entries(self._plan.changed, options.workers, options.limits)
        for index, (entry, outcome) in enumerate(hashed):
            pending = None
            if isinstance(outcome, FileRecord):
                pending = self._decide(index, entry, outcome)
            elif isinstance(outcome, MediaError) and self._is_as_it_was(entry):
                self._report.quarantined.append(Problem(entry.path, outcome.reason))
            elif isinstance(outcome, MediaTooLargeError):
                self._fail(failed_entry(entry, outcome.reason))
            elif isinstance(outcome, MediaError):
                # Not opened: the file may be sound, and what keeps it shut (its permissions, a
                # share) changes without its size or time.
                self._fail(failed_path(entry.path, outcome.reason))
            elif entry.path not in self._plan.files:  # it has gone since the scan
                self.lost.append(entry.path)
            # else the next build removes it
            if pending is not None:
                yield pending
            else:
                self._finish()
            if len(self._touched) + len(self._aliases) + len(self._failures) >= options.most_notes:
                self.write()

    def take(self, pending: PendingItem, outcome: ItemRecord | AnysenseError) -> None:
        """Note what became of an item that `compare` handed on; write if it is time."""
        if isinstance(outcome, AnysenseError):
            file = pending.files[0]
            reason = outcome.reason if isinstance(outcome, MediaError) else str(outcome)
            if file.path in self._reread_paths:  # what was read of it before is still right
                self._report.quarantined.append(Problem(file.path, reason))
            else:
                self._register.of_path(file.path).failure = reason
                self._fail(failed_record(file, reason))
        else:
            self._batch.add(outcome)
        self._finish()
        if self._batch.is_due:
            self.write()

    def write(self) -> None:
        """Write everything that is settled by now.

        A file joins the item that it is a copy of before that item is replaced, so that the item
        lives on under the copy's path.
        """
        folder = self._collection.folder
        touched, self._touched = self._touched, []
        if touched:
            folder.assign_files([(file, self._item_of(file)) for file in touched])
        self._write_aliases()
        self._write_records()
        self._write_aliases()
        dead, self._dead = self._dead, []
        if dead:  # after the aliases, so that their items live on
            self._report.removed += len(folder.forget_files(dead).removed)
        failures, self._failures = self._failures, []
        if failures:
            folder.quarantine(failures)
            lost = [file.path for file in failures if file.path in self._plan.files]
            if lost:
                self._report.removed += len(folder.forget_files(lost).removed)

    def _decide(self, index: int, entry: Entry, file: FileRecord) -> PendingItem | None:
        """Tell what a file needs by its content; an item to be encoded, if that is new."""
        former = self._plan.files.get(file.path)
        given_id = entry.item.id if entry.item is not None else None
        is_same = former is not None and former.record.content_hash == file.content_hash
        if former is not None and is_same and given_id in (None, former.item_id):
            if self._options.reread:
                reread = self._reread(index, entry, former, file)
                if reread is not None:
                    return reread
            if file != former.record:
                self._touched.append(file)
            self._report.unchanged += 1
            self.to_describe.append(entry)
            return None
        self._register.leave(file.path)
        original = self._register.of_hash(file.content_hash) if given_id is None else None
        if original is not None:
            self._join(entry, file, original)
            return None
        self._register.begin(file.path, file.content_hash)
        if given_id is not None:
            item_id = given_id
        elif former is not None and file.path not in self._register.shared:
            item_id = former.item_id
        else:
            item_id = make_id(file.path)
        return self._pending(index, entry, item_id, file)

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
        self._reread_paths.add(file.path)
        return self._pending(index, entry, self._item_of(file), file)

    def _is_as_it_was(self, entry: Entry) -> bool:
        """Whether a file has the item that belongs to it, so that it need not have been read."""
        former = self._plan.files.get(entry.path)
        return former is not None and is_unchanged(entry, former)

    def _pending(self, index: int, entry: Entry, item_id: str, file: FileRecord) -> PendingItem:
        metadata = self._descriptions.of(entry, item_id)
        if metadata is None and item_id in self._register.ids:
            former = self._collection.folder.snapshot().item(item_id).metadata
            metadata = without_reading_marks(former)
        item = replace(entry.item or NewItem(Path(entry.path)), metadata=metadata or {})
        return PendingItem(index, item, item_id, file.path, file.content_hash, (file,))

    def _join(self, entry: Entry, file: FileRecord, original: Copies) -> None:
        """Make a file another path of the item that has its content already."""
        if original.failure is not None:
            self._fail(failed_record(file, original.failure))
            return
        was_moved = not any(p not in self._gone and is_alive(p) for p in original.paths)
        if was_moved:
            self._dead += original.paths
            original.paths.clear()
        self._register.join(file.path, original)
        self._aliases.append(_Alias(file, original, was_moved))
        if was_moved:
            self._report.moved += 1
            self.to_describe.append(entry)

    def _write_records(self) -> None:
        records: list[ItemRecord] = []
        rereads: list[ItemRecord] = []
        for record in self._batch.take():
            is_reread = record.files[0].path in self._reread_paths
            (rereads if is_reread else records).append(record)
        if records:
            self._collection.folder.write(records)
        for record in records:
            path = record.files[0].path
            self._register.of_path(path).is_written = True
            if record.id in self._register.ids and path not in self._register.shared:
                self._report.updated += 1
            else:
                self._report.added += 1
        current = [record for record in map(self._current, rereads) if record is not None]
        if current:
            self._collection.folder.write(current)
            self._report.updated += len(current)

    def _current(self, record: ItemRecord) -> ItemRecord | None:
        """What was read again under the id and the source that its item has by now."""
        file = record.files[0]
        try:
            item = self._collection.folder.snapshot().item(self._item_of(file))
        except ItemNotFoundError:
            return None
        if file.path not in (item.source, *item.aliases):
            return None  # its item was lost to another file: the next build adds it anew
        return replace(record, id=item.id, source=item.source)

    def _write_aliases(self) -> None:
        """Write the aliases of items that are written; the others wait, or fail with them."""
        waiting, ready = [], []
        for alias in self._aliases:
            if alias.copies.failure is not None:
                self._report.moved -= alias.was_moved
                self._fail(failed_record(alias.file, alias.copies.failure))
            elif alias.copies.is_written:
                self._report.duplicates += not alias.was_moved
                ready.append(alias.file)
            else:
                waiting.append(alias)
        self._aliases = waiting
        # A file that leaves an item may change its id, so ids are looked up anew after each.
        fresh: list[FileRecord] = []
        for file in ready:
            fresh.append(file)
            if file.path in self._plan.files:
                self._assign(fresh)
                fresh = []
        self._assign(fresh)

    def _assign(self, files: list[FileRecord]) -> None:
        """Note files as further paths of the items that have their content."""
        folder = self._collection.folder
        items = [(file, folder.by_hash(file.content_hash)) for file in files]
        places = [(file, item_id) for file, item_id in items if item_id is not None]
        if places:
            self._report.removed += len(folder.assign_files(places).removed)

    def _item_of(self, file: FileRecord) -> str:
        """The id of the item of a file that was only touched; writing may have given it another."""
        item_id = self._plan.files[file.path].item_id
        if file.path not in self._register.shared:
            return item_id
        try:
            item = self._collection.folder.snapshot().item(item_id)
            if file.path in (item.source, *item.aliases):
                return item_id
        except ItemNotFoundError:
            pass
        return self._collection.folder.by_hash(file.content_hash) or item_id

    def _fail(self, failure: QuarantinedFile) -> None:
        self._report.quarantined.append(Problem(failure.path, failure.reason))
        self._failures.append(failure)
        self.lost.append(failure.path)

    def _finish(self) -> None:
        self._done += 1
        self._progress(self._done)
