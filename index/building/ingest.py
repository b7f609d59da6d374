"""Encode new items and write them to a collection, a batch at a time.

What is written is safe: a process that is killed loses the batch that it had not written yet.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError, MediaError, UsageError
from anysense.embed.media.document.charset import check_encoding
from anysense.embed.waiting import check_waiter
from anysense.index.building.compact.known import known_files
from anysense.index.building.encoding import Batch, encode_pending, reading_marks
from anysense.index.building.metadata import BesideMetadata
from anysense.index.building.pending import item_name, make_pending
from anysense.index.building.report import AddReport, Failure
from anysense.index.building.sources.json_sidecars import json_sidecar
from anysense.index.catalog.browse import file_item, find_item, has_content
from anysense.index.catalog.records import ItemRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any

    from anysense.index.building.pending import PendingItem
    from anysense.index.folder.opened import OpenCollection
    from anysense.index.types import NewItem

__all__ = ["encode_one", "ingest"]


def encode_one(
    collection: OpenCollection, item: NewItem, *, content_hash: str | None = None
) -> ItemRecord:
    """Encode one item, and write nothing.

    Other items of the same content are not looked for, nor are texts beside its file.

    Args:
        collection: whose encoders take it.
        item: what is to be added.
        content_hash: of its content, where that is known, so that it is not read for it.

    Raises:
        MediaError: it cannot be read, or no encoder of the collection takes it.
        UsageError: its id or its metadata is not usable.
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    pending = make_pending(0, item, content_hash, with_sidecars=False)
    [(_, outcome)] = encode_pending(collection, [pending])
    if isinstance(outcome, MediaError):
        name = item_name(item) if isinstance(item.content, str) else pending.source
        raise type(outcome)(name, outcome.reason)
    if isinstance(outcome, AnysenseError):
        raise outcome
    check_waiter()
    return outcome


def ingest(
    collection: OpenCollection,
    items: Iterable[NewItem],
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    sidecars: bool = True,
    encoding: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> AddReport:
    """Encode items and write them; one that cannot be used is reported, and the others go on.

    An item without an id gets one made from its path or its content. If its content is in the
    collection already it is not encoded, and adds its metadata to those of the item that has it; a
    file becomes a path of that item. What is no file only joins the item of the id made for it.

    Args:
        collection: where to write.
        items: what to add.
        batch_size: inputs that a model takes at once; chosen by the device if None.
        workers: threads that decode; as many as processors if None.
        sidecars: whether words about a picture or a sound, beside its file or inside it, are
            segments of it.
        encoding: what the texts in files are in that are not Unicode; found out where it is None.
        progress: called with the number of items done so far.

    Raises:
        UsageError: `encoding` is no encoding.
        StorageError: the disk refused; what was written before is kept.
        CollectionLockedError: another process is writing.
    """
    check_encoding(encoding)
    return _Ingest(collection, sidecars, encoding, progress).run(items, batch_size, workers)


@dataclass(frozen=True)
class _Original:
    """An item without an id that is not written yet, and the copies of it that were met since."""

    pending: PendingItem
    copies: list[PendingItem] = field(default_factory=list)


class _Ingest:
    def __init__(
        self,
        collection: OpenCollection,
        sidecars: bool,
        encoding: str | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        self._collection = collection
        self._sidecars = sidecars
        self._encoding = encoding
        self._progress = progress
        self._report = AddReport()
        self._batch = Batch()
        self._originals: dict[str, _Original] = {}  # see `_copies_key`

    def run(
        self, items: Iterable[NewItem], batch_size: int | None, workers: int | None
    ) -> AddReport:
        started = time.monotonic()
        stream = encode_pending(
            self._collection,
            self._prepare(items),
            batch_size,
            workers,
            captions=self._sidecars,
            encoding=self._encoding,
        )
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

    def _prepare(self, items: Iterable[NewItem]) -> Iterator[PendingItem]:
        is_first = True
        for index, item in enumerate(items):
            self._report.ids.append(None)
            try:
                pending = make_pending(index, item, with_sidecars=self._sidecars)
            except (MediaError, UsageError) as error:
                self._fail(index, item.source or item_name(item), error)
            else:
                if not self._is_copy(pending):
                    if is_first:  # from now on the encoders stay the same until it is written
                        with self._collection.folder.writing():
                            is_first = False
                    yield pending

    def _is_copy(self, pending: PendingItem) -> bool:
        """Whether what was given without an id has the content of an item; then it joins it."""
        if pending.item.id is not None:
            return False
        key = _copies_key(pending)
        original = self._originals.get(key)
        if original is not None:
            original.copies.append(pending)
            return True
        item_id = self._item_with_content_of(pending)
        if item_id is None:
            self._originals[key] = _Original(pending)
            return False
        self._join(pending, item_id)
        return True

    def _item_with_content_of(self, pending: PendingItem) -> str | None:
        """The id of the item that a copy is to join; None if there is none.

        Of several that of the file's own path comes first, which would go if it lost its file.
        """
        folder, content_hash = self._collection.folder, pending.content_hash
        if not pending.files:
            is_there = has_content(folder.catalog, pending.id, content_hash)
            return pending.id if is_there else None
        path = folder.media.catalog_path(pending.files[0].path)
        return file_item(folder.catalog, path, content_hash) or folder.by_hash(content_hash)

    def _join(self, pending: PendingItem, item_id: str) -> None:
        """Give an item that is written the metadata of a copy, and its path if it is a file."""
        folder = self._collection.folder
        if pending.files:
            folder.assign_files([(file, item_id) for file in pending.files])
        former = find_item(folder.catalog, item_id).metadata
        after = _joined(former, pending.item.metadata)
        if after != former:
            folder.describe({item_id: after})
        self._report.ids[pending.index] = item_id
        self._report.duplicates += 1

    def _take(self, pending: PendingItem, outcome: ItemRecord | AnysenseError) -> None:
        if isinstance(outcome, ItemRecord):
            self._report.ids[pending.index] = pending.id
            self._batch.add(outcome)
            return
        self._fail(pending.index, pending.source, outcome)
        key = _copies_key(pending)
        original = self._originals.get(key)
        if original is not None and original.pending is pending:
            del self._originals[key]
            for copy in original.copies:
                self._fail(copy.index, pending.source, outcome)

    def _write(self) -> None:
        records = [self._with_copies(record) for record in self._batch.take()]
        ids = {record.id for record in records}
        updated = len(self._collection.folder.existing(list(ids)))
        if records:
            self._collection.folder.write(records)
            files = [file for record in records for file in record.files]
            if any(json_sidecar(file.sidecars) for file in files):
                with known_files(self._collection.folder) as known:
                    told = known.at(file.path for file in files).values()
                BesideMetadata(self._collection.folder).settle(told)
        self._report.updated += updated
        self._report.added += len(ids) - updated
        if self._progress is not None:
            self._progress(len(self._report.ids))

    def _with_copies(self, record: ItemRecord) -> ItemRecord:
        """The record of an item with what turned out to be copies of it meanwhile."""
        if record.content_hash is None:
            return record
        key = _copies_key(record)
        original = self._originals.get(key)
        if original is None or original.pending.id != record.id:
            return record
        del self._originals[key]
        files, metadata = list(record.files), record.metadata
        for copy in original.copies:
            files += copy.files
            metadata = _joined(metadata, copy.item.metadata)
            self._report.ids[copy.index] = record.id
        self._report.duplicates += len(original.copies)
        return replace(record, files=files, metadata=metadata)

    def _fail(self, index: int, source: str, error: AnysenseError) -> None:
        reason = error.reason if isinstance(error, MediaError) else str(error)
        self._report.failed.append(Failure(index, source, reason))


def _copies_key(item: PendingItem | ItemRecord) -> str:
    """What copies of an item share: the content of files, of anything else the id made from it."""
    return item.content_hash if item.files and item.content_hash is not None else item.id


def _joined(former: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an item and of a copy of it, which is not read and knows of no lost part."""
    return {**former, **said, **reading_marks(former)}
