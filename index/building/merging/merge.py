"""Merge parts and collections into one collection.

All inputs are looked at before anything is written: encoders that do not fit refuse the whole, a
part that is damaged is left out as a whole. Then items are written a batch at a time, and what the
collection has already, to the bit, is not: so a merge that was killed goes on where it was, and one
that was done finds nothing to do.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.errors import (
    CorruptMediaError,
    EncoderError,
    IncompatibleCollectionError,
    UsageError,
)
from anysense.index.building.merging.claims import Claims
from anysense.index.building.merging.inputs import find_inputs
from anysense.index.building.merging.report import MergeReport
from anysense.index.building.merging.stored import find_records, item_claim, path_claim
from anysense.index.building.sources.entries import Problem
from anysense.index.catalog.browse import has_file
from anysense.index.catalog.records import ItemRecord
from anysense.index.folder.opening import make_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.building.merging.inputs import Input
    from anysense.index.building.parts.rows import PartItem
    from anysense.index.catalog.records import QuarantinedFile
    from anysense.index.folder.opened import OpenCollection
    from anysense.index.snapshots.manifest import EncoderEntry
    from anysense.index.types import Progress

__all__ = ["make_for", "merge_into"]


def merge_into(
    collection: OpenCollection,
    inputs: Sequence[str | Path],
    *,
    progress: Progress | None = None,
) -> MergeReport:
    """Write the items of parts and of other collections to a collection, and publish once.

    An item of the same id is replaced; of several inputs that have it, or a file of it, the last
    counts. What is there already, to the bit, is left alone, so merging again does nothing. A part
    that is damaged is left out as a whole, and told in the report.

    Args:
        collection: where to write.
        inputs: paths of parts, of folders of parts, and of collections.
        progress: called with the items that are dealt with, and their number.

    Raises:
        UsageError: there is nothing at a path.
        IncompatibleCollectionError: an input has vectors of other encoders, or of another revision
            of one; nothing was written.
        CollectionLockedError: another process is writing.
        StorageError: the disk refused; what was written before is kept.
    """
    paths = [inputs] if isinstance(inputs, (str, Path)) else inputs
    return _Merge(collection, progress).run(find_inputs(paths))


def make_for(path: Path, inputs: Sequence[str | Path]) -> None:
    """Make an empty collection for what is to be merged; no model is loaded.

    Args:
        path: a folder that is not there yet, or is empty.
        inputs: what is to be merged: the encoders are those of the first that can be read.

    Raises:
        UsageError: there is nothing at a path.
        CorruptMediaError: no input can be read.
        CollectionExistsError: there is something at the path already.
        StorageError: the disk refused.
    """
    damage: CorruptMediaError | None = None
    for source in find_inputs(inputs):
        try:
            encoders = source.encoders()
        except CorruptMediaError as error:
            damage = damage or error
            continue
        return make_folder(path, [replace(entry, key=None) for entry in encoders])
    assert damage is not None  # as there is an input
    raise damage


class _Merge:
    def __init__(self, collection: OpenCollection, progress: Progress | None) -> None:
        self._collection = collection
        self._folder = collection.folder
        self._progress = progress
        self._report = MergeReport()
        self._claims = Claims()
        self._quarantined = {file.path: file for file in self._folder.quarantined()}
        self._done = self._total = 0

    def run(self, inputs: Sequence[Input]) -> MergeReport:
        started = time.monotonic()
        self._check_encoders(inputs)
        with self._folder.writing():  # before all is read: another process may be writing
            sound = self._check(inputs)
            self._tell(0)
            for number, source in sound:
                for batch in source.batches():
                    self._write(number, batch)
                self._report.inputs += 1
            if self._folder.is_worth_publishing:
                self._publish()
        self._report.seconds = time.monotonic() - started
        return self._report

    def _check_encoders(self, inputs: Sequence[Input]) -> None:
        """Refuse vectors that do not compare with those of the collection."""
        own = {_key(entry): entry for entry in self._folder.manifest.encoders}
        for source in inputs:
            if source.path.resolve() == self._folder.path.resolve():
                raise UsageError(f"{source.path} cannot be merged into itself.")
            try:
                encoders = source.encoders()
            except CorruptMediaError:
                continue  # it is told of when it is checked
            if {_key(entry) for entry in encoders} != own.keys():
                raise IncompatibleCollectionError(
                    f"{source.path} was encoded with {_names(encoders)}, and {self._folder.path} "
                    f"with {_names(self._folder.manifest.encoders)}: their vectors do not compare, "
                    "so nothing was merged; merge it into another collection, or encode its files "
                    "with the encoders of this one."
                )

    def _check(self, inputs: Sequence[Input]) -> list[tuple[int, Input]]:
        """Read all inputs once; returns those that are sound, with their numbers."""
        sound = []
        for number, source in enumerate(inputs):
            if self._is_sound(number, source):
                sound.append((number, source))
        self._claims.settle()
        return sound

    def _is_sound(self, number: int, source: Input) -> bool:
        try:
            self._claims.note(number, source.claims())
            self._total += source.count()
        except CorruptMediaError as error:
            self._report.damaged.append(Problem(str(source.path), error.reason))
            return False
        return True

    def _write(self, number: int, batch: Sequence[PartItem]) -> None:
        """Write what is new of a batch; on the disk when it returns."""
        records = [item for item in batch if isinstance(item, ItemRecord)]
        current = [self._own(number, record) for record in records]
        wanted = [record for record in current if record is not None]
        former = find_records(self._folder.catalog, [record.id for record in wanted])
        new = [r for r in wanted if r.id not in former or not _is_same(former[r.id], r)]
        if new:
            self._folder.write(new)
        updated = sum(record.id in former for record in new)
        self._report.updated += updated
        self._report.added += len(new) - updated
        self._report.unchanged += len(wanted) - len(new)
        self._report.superseded += len(records) - len(wanted)
        self._quarantine([item for item in batch if not isinstance(item, ItemRecord)])
        self._tell(len(batch))

    def _own(self, number: int, record: ItemRecord) -> ItemRecord | None:
        """An item with those of its files that no later input has; None if it has the item."""
        if self._claims.is_superseded(number, item_claim(record.id)):
            return None
        files = [
            file
            for file in record.files
            if not self._claims.is_superseded(number, path_claim(file.path))
        ]
        if len(files) == len(record.files):
            return record
        if record.source not in {file.path for file in files}:
            return None
        return replace(record, files=files)

    def _quarantine(self, failures: Sequence[QuarantinedFile]) -> None:
        """Note files that could not be read, but for those that items have been made of."""
        catalog_path = self._folder.media.catalog_path
        failing = [f for f in failures if not has_file(self._folder.catalog, catalog_path(f.path))]
        self._report.quarantined += [Problem(file.path, file.reason) for file in failing]
        new = [file for file in failing if self._quarantined.get(file.path) != file]
        if new:
            self._folder.quarantine(new)
            self._quarantined.update((file.path, file) for file in new)

    def _publish(self) -> None:
        if self._folder.manifest.generation is None:
            try:
                self._collection.encoders()  # that say what chance gives
            except (EncoderError, IncompatibleCollectionError):
                self._report.is_calibrated = False
        self._collection.publish()

    def _tell(self, more: int) -> None:
        self._done += more
        if self._progress is not None:
            self._progress(self._done, max(self._total, self._done))


def _key(entry: EncoderEntry) -> tuple[str, str, int]:
    return entry.space.id, entry.space.revision, entry.space.dimension


def _names(entries: Sequence[EncoderEntry]) -> str:
    return ", ".join(f"{entry.space.id} of revision {entry.space.revision}" for entry in entries)


def _is_same(former: ItemRecord, new: ItemRecord) -> bool:
    """Whether a collection has an item as it is, to the bit; it may know more files of it."""
    return (
        former.source == new.source
        and former.kind == new.kind
        and former.metadata == new.metadata
        and former.content_hash == new.content_hash
        and set(new.files) <= set(former.files)
        and (not new.said or former.said == new.said)
        and len(former.segments) == len(new.segments)
        and all(
            (a.space, a.modality, a.place, a.text, a.origin, a.heading)
            == (b.space, b.modality, b.place, b.text, b.origin, b.heading)
            and np.array_equal(a.vector.view(np.uint16), b.vector.view(np.uint16))
            for a, b in zip(former.segments, new.segments, strict=True)
        )
    )
