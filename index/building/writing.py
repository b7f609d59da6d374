"""What a build has settled is collected, and written in an order in which nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import ItemNotFoundError
from anysense.index.building.encoding import Batch
from anysense.index.building.quarantine import failed_record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.building.copies import Copies, CopyRegister
    from anysense.index.building.options import BuildOptions
    from anysense.index.building.report import BuildReport
    from anysense.index.catalog.records import (
        CatalogFile,
        FileRecord,
        ItemRecord,
        QuarantinedFile,
    )
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["Alias", "ChangeWriter"]


class Alias(NamedTuple):
    """A file that holds what others hold, or held.

    Attributes:
        file: the file.
        copies: what it is one of by now.
        was_moved: whether it is the only one of them that is there.
        item_id: the id of its item, where a table gives one.
    """

    file: FileRecord
    copies: Copies
    was_moved: bool
    item_id: str | None


class ChangeWriter:
    """Writes files, items and failures of one build, a batch at a time, and counts them.

    Args:
        folder: where to write.
        files: the files that it had when the build began, by path.
        register: which files hold the same content.
        options: how much is written at once.
        report: where to count.

    Attributes:
        edited: paths of files whose item gets another content.
        reread: paths of files that are read again as they are.
        lost: paths of files that have no item, as they cannot be read.
    """

    def __init__(
        self,
        folder: CollectionFolder,
        files: Mapping[str, CatalogFile],
        register: CopyRegister,
        options: BuildOptions,
        report: BuildReport,
    ) -> None:
        self._folder = folder
        self._files = files
        self._register = register
        self._most_notes = options.most_notes
        self._report = report
        self._batch = Batch(options.batch_items, options.batch_seconds)
        self._touched: list[FileRecord] = []
        self._aliases: list[Alias] = []
        self._dead: list[str] = []
        self._failures: list[QuarantinedFile] = []
        self.edited: set[str] = set()
        self.reread: set[str] = set()
        self.lost: list[str] = []

    def touch(self, file: FileRecord) -> None:
        """Note the new time of a file whose content is as it was."""
        self._touched.append(file)

    def join(self, alias: Alias, dead: set[str]) -> None:
        """Note a file of a content that has an item, or will; the dead are where it was before."""
        self._aliases.append(alias)
        self._dead += dead
        self._report.moved += alias.was_moved

    def add(self, record: ItemRecord) -> None:
        """Note an item that was encoded."""
        self._batch.add(record)

    def fail(self, failure: QuarantinedFile) -> None:
        """Note a file that cannot be read; its item goes."""
        self._report.note_problem(failure.path, failure.reason)
        self._failures.append(failure)
        self.lost.append(failure.path)

    def write_moves(self, parted: list[str]) -> None:
        """Write which files hold contents of the catalog now: all at once, as they trade places.

        Args:
            parted: paths of files whose content is new, while what they held is elsewhere now.
        """
        aliases, self._aliases = self._aliases, []
        dead, self._dead = self._dead, []
        if not aliases and not parted:
            return
        placed = [(a.file, a.copies.item_id) for a in aliases]
        outcome = self._folder.assign_files(
            [(file, item_id) for file, item_id in placed if item_id is not None], dead + parted
        )
        self._report.removed += len(outcome.removed)
        self._report.duplicates += sum(not alias.was_moved for alias in aliases)

    def write_due(self) -> None:
        """Write if it is time."""
        notes = len(self._touched) + len(self._aliases) + len(self._failures)
        if self._batch.is_due or notes >= self._most_notes:
            self.write()

    def write(self) -> None:
        """Write everything that is settled by now.

        A file joins the item that it is a copy of before that item is replaced, so that the item
        lives on under the copy's path.
        """
        touched, self._touched = self._touched, []
        if touched:
            self._folder.assign_files([(file, self.item_of(file)) for file in touched])
        self._write_aliases()
        self._write_records()
        self._write_aliases()
        dead, self._dead = self._dead, []
        if dead:  # after the aliases, so that their items live on
            self._report.removed += len(self._folder.forget_files(dead).removed)
        failures, self._failures = self._failures, []
        if failures:
            self._folder.quarantine(failures)
            paths = [file.path for file in failures if file.path in self._files]
            if paths:
                self._report.removed += len(self._folder.forget_files(paths).removed)

    def item_of(self, file: FileRecord) -> str:
        """The id of the item of a file that is as it was; writing may have given it another."""
        item_id = self._files[file.path].item_id
        if file.path not in self._register.shared:
            return item_id
        try:
            item = self._folder.snapshot().item(item_id)
            if file.path in (item.source, *item.aliases):
                return item_id
        except ItemNotFoundError:
            pass
        return self._folder.by_hash(file.content_hash) or item_id

    def _write_aliases(self) -> None:
        """Write the aliases of items that are written; the others wait, or fail with them."""
        waiting, ready = [], []
        for alias in self._aliases:
            if alias.copies.failure is not None:
                self._report.moved -= alias.was_moved
                self.fail(failed_record(alias.file, alias.copies.failure))
            elif alias.copies.is_written:
                self._report.duplicates += not alias.was_moved
                ready.append(alias)
            else:
                waiting.append(alias)
        self._aliases = waiting
        # Their items may have other ids than when the build began, but those that were given.
        items = [(a.file, a.item_id or self._folder.by_hash(a.file.content_hash)) for a in ready]
        placed = [(file, item_id) for file, item_id in items if item_id is not None]
        if placed:
            self._report.removed += len(self._folder.assign_files(placed).removed)

    def _write_records(self) -> None:
        records: list[ItemRecord] = []
        rereads: list[ItemRecord] = []
        for record in self._batch.take():
            is_reread = record.files[0].path in self.reread
            (rereads if is_reread else records).append(record)
        if records:
            self._folder.write(records)
        for record in records:
            path = record.files[0].path
            self._register.of_path(path).is_written = True
            self._report.updated += path in self.edited
            self._report.added += path not in self.edited
        current = [record for record in map(self._current, rereads) if record is not None]
        if current:
            self._folder.write(current)
            self._report.updated += len(current)

    def _current(self, record: ItemRecord) -> ItemRecord | None:
        """What was read again under the id and the source that its item has by now."""
        file = record.files[0]
        try:
            item = self._folder.snapshot().item(self.item_of(file))
        except ItemNotFoundError:
            return None
        if file.path not in (item.source, *item.aliases):
            return None  # its item was lost to another file: the next build adds it anew
        return replace(record, id=item.id, source=item.source)
