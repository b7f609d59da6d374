"""Encode new items and write them to a collection, a batch at a time.

What is written is safe: a process that is killed loses the batch that it had not written yet.
"""

from __future__ import annotations

import time
from contextlib import closing
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    AnysenseError,
    MediaError,
    UsageError,
)
from anysense.index.building.content import _name, prepare
from anysense.index.building.encoding import Batch, Pending, encode_pending
from anysense.index.building.report import AddReport, Failure
from anysense.index.catalog.records import (
    ItemRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from anysense.index.folder.folder import OpenCollection
    from anysense.index.types import NewItem

__all__ = ["ingest"]


def ingest(
    collection: OpenCollection,
    items: Iterable[NewItem],
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> AddReport:
    """Encode items and write them; one that cannot be used is reported, and the others go on.

    An item without an id gets one made from its path or its content. A file without an id whose
    content is in the collection already becomes another path of the item that has it, and adds its
    metadata to that item's.

    Args:
        collection: where to write.
        items: what to add.
        batch_size: inputs that a model takes at once; chosen by the device if None.
        workers: threads that decode; as many as processors if None.
        progress: called with the number of items done so far.

    Raises:
        StorageError: the disk refused; what was written before is kept.
        CollectionLockedError: another process is writing.
    """
    return _Ingest(collection, progress).run(items, batch_size, workers)


class _Ingest:
    def __init__(self, collection: OpenCollection, progress: Callable[[int], None] | None) -> None:
        self._collection = collection
        self._progress = progress
        self._report = AddReport()
        self._batch = Batch()
        # By content hash: files that are not written yet, and the places of their copies.
        self._on_the_way: dict[str, tuple[Pending, list[int]]] = {}

    def run(
        self, items: Iterable[NewItem], batch_size: int | None, workers: int | None
    ) -> AddReport:
        started = time.monotonic()
        stream = encode_pending(self._collection, self._prepare(items), batch_size, workers)
        with closing(stream):
            try:
                for pending, outcome in stream:
                    self._take(pending, outcome)
                    if self._batch.is_due:
                        self._write()
            finally:
                self._write()
        self._report.failed.sort(key=lambda failure: failure.index)
        self._report.seconds = time.monotonic() - started
        return self._report

    def _prepare(self, items: Iterable[NewItem]) -> Iterator[Pending]:
        for index, item in enumerate(items):
            self._report.ids.append(None)
            try:
                pending = prepare(index, item)
            except (MediaError, UsageError) as error:
                self._fail(index, item.source or _name(item), error)
            else:
                if not self._is_copy(pending):
                    yield pending

    def _is_copy(self, pending: Pending) -> bool:
        """Whether a file without an id of its own has the content of an item; then it joins it."""
        digest = pending.content_hash
        if not pending.files or pending.item.id is not None or digest is None:
            return False
        if digest in self._on_the_way:
            first, copies = self._on_the_way[digest]
            first.files += pending.files
            copies.append(pending.index)
            return True
        known = self._collection.folder.by_hash(digest)
        if known is None or known == pending.id:
            self._on_the_way[digest] = (pending, [])
            return False
        self._collection.folder.assign_files([(file, known) for file in pending.files])
        if pending.item.metadata:
            metadata = self._collection.folder.snapshot().item(known).metadata
            self._collection.folder.describe({known: {**metadata, **pending.item.metadata}})
        self._report.ids[pending.index] = known
        self._report.duplicates += 1
        return True

    def _take(self, pending: Pending, outcome: ItemRecord | AnysenseError) -> None:
        if isinstance(outcome, ItemRecord):
            self._report.ids[pending.index] = pending.id
            self._batch.records.append(outcome)
            return
        self._fail(pending.index, pending.source, outcome)
        if pending.item.id is None:
            for index in self._on_the_way.pop(pending.content_hash or "", (pending, []))[1]:
                self._fail(index, pending.source, outcome)

    def _write(self) -> None:
        ids = {record.id for record in self._batch.records}
        updated = len(self._collection.folder.existing(list(ids)))
        self._batch.write(self._collection)
        self._report.updated += updated
        self._report.added += len(ids) - updated
        for digest, (pending, copies) in list(self._on_the_way.items()):
            if pending.id in ids:
                del self._on_the_way[digest]
                self._report.duplicates += len(copies)
                for index in copies:
                    self._report.ids[index] = pending.id
        if self._progress is not None:
            self._progress(len(self._report.ids))

    def _fail(self, index: int, source: str, error: AnysenseError) -> None:
        reason = error.reason if isinstance(error, MediaError) else str(error)
        self._report.failed.append(Failure(index, source, reason))
