"""An import, from rows with vectors to a published collection.

Rows are committed a batch at a time. What is in the collection as a row says is not written again,
so an import that was stopped goes on when it is begun anew, and a second one changes nothing.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.errors import UsageError
from anysense.index.catalog.browse import content_hashes, file_owners
from anysense.index.catalog.records import FileRecord, QuarantinedFile
from anysense.index.folder.progress import ProgressNote
from anysense.index.importing.checks import check_rows
from anysense.index.importing.encoded_again import check_encoder
from anysense.index.importing.records import file_under, make_records
from anysense.index.importing.report import ImportReport

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from anysense.embed.types import Encoder, Space
    from anysense.index.folder.opened import OpenCollection
    from anysense.index.importing.batches import VectorBatch, VectorRows
    from anysense.index.importing.records import Quarantined
    from anysense.index.importing.report import ImportProgress

__all__ = ["import_rows", "space_of"]

MOST_NAMED = 1000
"""So many rows that cannot be used are named in a report; the collection notes all of them."""


def space_of(collection: OpenCollection, encoder: str | None) -> Space:
    """The space of a collection that vectors are to be in.

    Args:
        collection: where they go.
        encoder: the name of one of its encoders; its only one if None.

    Raises:
        UsageError: it has no such encoder, or several and none is named.
    """
    from anysense.embed.encoders.names import absolute_name

    spaces = {entry.name: entry.space for entry in collection.folder.manifest.encoders}
    if encoder is None and len(spaces) == 1:
        return next(iter(spaces.values()))
    name = absolute_name(encoder) if encoder is not None else None
    if name not in spaces:
        which = "Say which encoder made the vectors" if name is None else f"It has no {encoder}"
        raise UsageError(f"{which}: {collection.folder.path} has {', '.join(spaces)}.")
    return spaces[name]


def import_rows(
    collection: OpenCollection,
    rows: VectorRows,
    space: Space,
    *,
    root: str | Path | None = None,
    progress: ImportProgress | None = None,
) -> ImportReport:
    """Bring rows with vectors into a collection, and publish it.

    Args:
        collection: where they go.
        rows: what is imported.
        space: the space of their vectors, one of the collection's.
        root: a folder below which the files that rows name are looked for. A few of these are
            encoded again, to see that the vectors are of this space, and items keep theirs, so
            that they are shown and a later build of the folder knows them.
        progress: called often.

    Raises:
        UsageError: rows have mistakes (see `VectorRows.is_strict`), or are of another encoder;
            nothing was written. Or a row cannot be kept; what came before it is written.
        EncoderError: the encoder cannot be used.
        StorageError: the disk refused; what was written before is kept.
        CollectionLockedError: another process is writing to the collection.
    """
    started = time.monotonic()
    real_root = None if root is None else os.path.realpath(root)
    with ProgressNote(collection.folder.path) as note:

        def tell(phase: str, done: int) -> None:
            if phase == "import":
                note.tell("build", done, rows.count)
            if progress is not None:
                progress(phase, done, rows.count)

        report = _Import(collection, rows, space, real_root, tell).run()
        note.hide()  # publishing has a note of its own
        if collection.folder.is_worth_publishing:
            tell("publish", rows.count)
            collection.publish()
    report.seconds = time.monotonic() - started
    return report


class _Import:
    """One import, up to where it is published."""

    def __init__(
        self,
        collection: OpenCollection,
        rows: VectorRows,
        space: Space,
        root: str | None,
        tell: Callable[[str, int], None],
    ) -> None:
        self._collection = collection
        self._rows = rows
        self._space = space
        self._root = root
        self._tell = tell
        self._report = ImportReport()
        self._files: set[str] = set()  # what was read, and which of its rows could not be used
        self._quarantined: set[str] = set()

    def run(self) -> ImportReport:
        rows, report = self._rows, self._report
        self._tell("check", 0)
        repeats = check_rows(rows, self._space, lambda done: self._tell("check", done))
        report.repeated = len(repeats)
        report.checked = check_encoder(rows, self._encoder(), self._root)
        place = 0
        for batch in rows.batches():
            count = len(batch.ids)
            begin, end = np.searchsorted(repeats, [place, place + count])
            self._write(batch, frozenset((repeats[begin:end] - place).tolist()))
            place += count
            self._tell("import", place)
        self._forget_quarantined()
        return report

    def _encoder(self) -> Encoder:
        encoders = self._collection.encoders()
        return next(encoder for encoder in encoders if encoder.space.id == self._space.id)

    def _write(self, batch: VectorBatch, skip: frozenset[int]) -> None:
        """Write what is new or has changed, in one transaction."""
        folder, report = self._collection.folder, self._report
        batch, files = self._with_files(batch, skip)
        records, quarantined = make_records(batch, self._space.id, skip, files)
        self._quarantine(batch, quarantined)
        before = content_hashes(folder.catalog, [record.id for record in records])
        changed = [r for r in records if r.id not in before or before[r.id] != r.content_hash]
        if changed:
            folder.write(changed)
        updated = sum(record.id in before for record in changed)
        report.updated += updated
        report.added += len(changed) - updated
        report.unchanged += len(records) - len(changed)

    def _with_files(
        self, batch: VectorBatch, skip: frozenset[int]
    ) -> tuple[VectorBatch, dict[int, FileRecord]]:
        """A batch whose rows are called after their files, and those that are nobody else's yet.

        Several rows may be of one file, as parts of a picture are: the first has it, since a file
        is of one item.
        """
        if self._root is None or not batch.paths:
            return batch, {}
        found = {
            at: path
            for at, name in enumerate(batch.paths)
            if name and at not in skip and (path := file_under(self._root, name)) is not None
        }
        sources = list(batch.sources)
        for at, path in found.items():
            sources[at] = str(path)
        catalog_path = self._collection.folder.media.catalog_path
        paths = [catalog_path(str(path)) for path in found.values()]
        owners = file_owners(self._collection.folder.catalog, paths)
        files = {}
        for (at, path), kept in zip(found.items(), paths, strict=True):
            if owners.setdefault(kept, batch.ids[at]) == batch.ids[at]:
                status = path.stat()
                files[at] = FileRecord(str(path), status.st_size, status.st_mtime_ns, "")
        return replace(batch, sources=sources), files

    def _quarantine(self, batch: VectorBatch, quarantined: Sequence[Quarantined]) -> None:
        file = os.path.realpath(batch.file)
        self._files.add(file)
        rows = [
            QuarantinedFile(f"{file}:{batch.start + q.at}", 0, 0, q.reason) for q in quarantined
        ]
        if rows:
            self._collection.folder.quarantine(rows)
        self._report.quarantined += len(rows)
        room = MOST_NAMED - len(self._report.quarantined_rows)
        self._report.quarantined_rows += [(row.path, row.reason) for row in rows[: max(0, room)]]
        self._quarantined |= {row.path for row in rows}

    def _forget_quarantined(self) -> None:
        """Forget rows of the same files that can be used by now."""
        former = [file.path for file in self._collection.folder.quarantined()]
        past = [p for p in former if p.rpartition(":")[0] in self._files - {""}]
        past = [path for path in past if path not in self._quarantined]
        if past:
            self._collection.folder.clear_quarantine(past)
