"""What is said of items: by rows of tables, by a metadata file, and by JSON files beside files."""

from __future__ import annotations

import itertools
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import MediaError, UsageError
from anysense.index.building.compact.known import known_files
from anysense.index.building.encoding import Said, reading_marks
from anysense.index.building.sources.entries import FileEntry, LazyEntry
from anysense.index.building.sources.json_sidecars import json_sidecar, read_json_sidecar
from anysense.index.building.sources.table import id_text, row_metadata
from anysense.index.building.sources.written_paths import path_readings
from anysense.index.building.tables.reading import read_rows
from anysense.index.building.tables.row import ID_COLUMNS, ROW_SUFFIXES
from anysense.index.catalog.records import Sidecar, make_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from anysense.index.building.compact.packed import Entries
    from anysense.index.building.plan import Plan
    from anysense.index.building.sources.entries import Entry
    from anysense.index.catalog.records import CatalogFile
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["BesideMetadata", "Descriptions", "MetadataFile", "describe_unchanged"]


class MetadataFile:
    """Metadata by path and by id. The first row of a path or id counts.

    A relative path starts at the file's own folder or at a source of the build, whichever holds
    such a file.
    """

    def __init__(self, path: Path, roots: Sequence[str]) -> None:
        """Read a JSONL, CSV or Parquet file.

        Raises:
            UsageError: it is none of these, cannot be read, or has a row without `path` and `id`.
        """
        if path.suffix.lower() not in ROW_SUFFIXES:
            kinds = ", ".join(sorted(ROW_SUFFIXES))
            raise UsageError(f"{path} is not a metadata file: give one of {kinds}.")
        self._rows: list[dict[str, Any]] = []
        self._by_id: dict[str, int] = {}
        self._by_path: dict[str, int] = {}
        self._used: set[int] = set()
        bases = list(dict.fromkeys([os.path.realpath(path.parent), *roots]))
        for row in read_rows(path, ID_COLUMNS):
            if row.problem is not None:
                raise UsageError(f"{path}, row {row.line}: {row.problem}.")
            name = row.values.get("path", row.values.get("file_name"))
            try:
                key = id_text(row.values.get("id"))
            except ValueError as error:
                raise UsageError(f"{path}, row {row.line}: {error}.") from None
            if key is None and not isinstance(name, str):
                raise UsageError(f"{path}, row {row.line}: the row has neither a path nor an id.")
            number = len(self._rows)
            self._rows.append(row_metadata(row))
            if key is not None:
                self._by_id.setdefault(key, number)
            if isinstance(name, str):
                for base, reading in itertools.product(bases, path_readings(name)):
                    absolute = os.path.normpath(os.path.join(base, reading))  # noqa: PTH118
                    self._by_path.setdefault(absolute, number)

    @property
    def unmatched(self) -> int:
        """How many rows have described nothing so far."""
        return len(self._rows) - len(self._used)

    def get(self, path: str, item_id: str | None) -> dict[str, Any] | None:
        """What the file says of an item; None if nothing."""
        number = self._by_path.get(path)
        if number is None and item_id is not None:
            number = self._by_id.get(item_id)
        if number is None:
            return None
        self._used.add(number)
        return self._rows[number]


class Descriptions:
    """The metadata that a build gives items: what their table says, and the metadata file over it.

    Args:
        file: the metadata file, if there is one.
    """

    def __init__(self, file: MetadataFile | None = None) -> None:
        self._file = file

    @property
    def has_file(self) -> bool:
        return self._file is not None

    def file_row(self, path: str, item_id: str | None) -> dict[str, Any] | None:
        """What the metadata file says of a file; None if nothing.

        Args:
            path: the file's.
            item_id: that of its item; if it has none yet, the one that it will be given.
        """
        if self._file is None:
            return None
        return self._file.get(path, item_id if item_id is not None else make_id(path))

    def of(self, entry: Entry, item_id: str | None) -> dict[str, Any] | None:
        """What is said of an item; None if nothing is.

        Args:
            entry: the file or the row that it is made from.
            item_id: the item's id, where it has one already.

        Raises:
            MediaError: what is said of it where it lies cannot be read.
        """
        described = self._file.get(entry.path, item_id) if self._file is not None else None
        if entry.item is None:
            return described
        item = entry.described_item() if isinstance(entry, LazyEntry) else entry.item
        return {**item.metadata, **(described or {})}

    @property
    def unmatched(self) -> int:
        """How many rows of the metadata file have described nothing so far."""
        return self._file.unmatched if self._file is not None else 0


def describe_unchanged(
    folder: CollectionFolder,
    entries: Entries,
    plan: Plan,
    compared: Sequence[Entry],
    descriptions: Descriptions,
) -> int:
    """Replace the metadata of items whose file has not changed, but what is said of it has.

    Of an item with several files that counts which is said of the first of them.

    Args:
        folder: the collection.
        entries: all that the scan has found.
        plan: what of the scan is unchanged.
        compared: what is so by its content, after a look at that.
        descriptions: what is said of items.

    Returns:
        How many items have other metadata now.
    """
    other = [entry for entry in compared if not plan.is_described(entry)]
    if descriptions.has_file:
        looked_at: Iterable[Entry] = itertools.chain(plan.unchanged, compared)
    elif plan.unchanged.has_rows or any(entry.item is not None for entry in other):
        unlazy = (entry for entry in plan.unchanged if not isinstance(entry, LazyEntry))
        looked_at = itertools.chain(unlazy, other)
    else:  # plain files, of which nothing is said
        return 0
    described: dict[str, dict[str, Any]] = {}
    said, beside = Said(folder, at_once=True), BesideMetadata(folder)
    with known_files(folder) as known:
        item_ids = {file.item_id for _, file in known.beside(looked_at) if file is not None}
        told = [
            (entry, file)
            for entry, file in known.beside(entries)
            if file is not None and file.item_id in item_ids
        ]
    for entry, file in told:
        metadata = None
        with suppress(MediaError):  # it has changed since: the next build describes it
            metadata = descriptions.of(entry, file.item_id)
        if metadata is not None:
            own = said.by(file.record.content_hash)
            if isinstance(entry, FileEntry):
                own |= beside.of(entry.path, entry.sidecars)
            described.setdefault(file.item_id, {**own, **metadata})
    snapshot = folder.snapshot()
    before = {item_id: snapshot.item(item_id).metadata for item_id in described}
    after = {i: {**reading_marks(before[i]), **m} for i, m in described.items()}
    changed = {i: m for i, m in after.items() if before[i] != m}
    if changed:
        folder.describe(changed)
    return len(changed)


# What JSON files beside files say

BESIDE = "beside|"
"""Begins the keys of notes of what JSON files beside files have said; the file's path follows."""


class _BesideNote(NamedTuple):
    """The JSON file beside a file as it was seen, and what it, and it before, has said."""

    sidecar: Sidecar | None
    rows: list[dict[str, Any]]

    @staticmethod
    def read(text: str) -> _BesideNote:
        sidecar, rows = json.loads(text)
        return _BesideNote(sidecar and Sidecar(*sidecar), rows)


class BesideMetadata:
    """The metadata that JSON files beside files give their items, under what all others say.

    What a file beside says no more is taken back, by what is noted of it. The notes are written
    before the items are described and once more after, so that a build which is killed in between
    takes back no less.

    Args:
        folder: the collection.
    """

    def __init__(self, folder: CollectionFolder) -> None:
        self._folder = folder
        self._notes = {
            key.removeprefix(BESIDE): _BesideNote.read(text)
            for key, text in folder.notes(BESIDE).items()
        }

    def of(self, path: str, sidecars: Sequence[Sidecar]) -> dict[str, Any]:
        """What the JSON file beside a file says; empty where there is none."""
        sidecar, note = json_sidecar(sidecars), self._notes.get(path)
        if sidecar is None:
            return {}
        if note is not None and note.sidecar == sidecar:
            return note.rows[0]
        return read_json_sidecar(Path(path).with_name(sidecar.name))

    def without(self, metadata: Mapping[str, Any], path: str) -> dict[str, Any]:
        """Metadata without what was given by what lay beside a file, as far as it is the same."""
        note = self._notes.get(path)
        rows = note.rows if note is not None else []
        return {
            key: value
            for key, value in metadata.items()
            if not any(key in row and row[key] == value for row in rows)
        }

    def told(self, entries: Entries) -> list[CatalogFile]:
        """The files of some entries beside which metadata lies, or lay once."""
        if not self._notes and not entries.packed.with_sidecars:
            return []
        beside = (
            entry
            for entry in entries
            if isinstance(entry, FileEntry) and (entry.sidecars or entry.path in self._notes)
        )
        with known_files(self._folder) as known:
            return [file for _, file in known.beside(beside) if file is not None]

    def settle(self, files: Iterable[CatalogFile]) -> int:
        """Describe the items of files by what lies beside them; how many have other metadata now.

        Of an item with several files that counts which lies beside the first.
        """
        told = [
            (file, item_id)
            for file, item_id in files
            if file.path in self._notes or json_sidecar(file.sidecars)
        ]
        if not told:
            return 0
        rows = {file.path: self.of(file.path, file.sidecars) for file, _ in told}
        final: dict[str, _BesideNote | None] = {}
        changed: dict[str, dict[str, Any]] = {}
        said, seen = Said(self._folder, at_once=True), set[str]()
        snapshot = self._folder.snapshot()
        for file, item_id in told:
            row = rows[file.path]
            final[file.path] = _BesideNote(json_sidecar(file.sidecars), [row]) if row else None
            if item_id in seen:
                continue
            seen.add(item_id)
            before = snapshot.item(item_id).metadata
            rest = said.without(self.without(before, file.path), file.content_hash)
            after = {**said.by(file.content_hash), **row, **rest}
            if after != before:
                changed[item_id] = after
        self._write(
            {
                path: _BesideNote(None, [*note.rows, *self._notes[path].rows])
                for path, note in final.items()
                if note is not None and path in self._notes and note != self._notes[path]
            }
        )
        if changed:
            self._folder.describe(changed)
        self._write(final)
        return len(changed)

    def forget(self) -> None:
        """Forget what was said of files that the collection does not have any more."""
        if not self._notes:
            return
        with known_files(self._folder) as known:
            paths = known.at(self._notes)
        self._write({path: None for path in self._notes if path not in paths})

    def _write(self, notes: Mapping[str, _BesideNote | None]) -> None:
        changed = {path: note for path, note in notes.items() if self._notes.get(path) != note}
        if changed:
            self._folder.note(
                {
                    BESIDE + path: None if note is None else json.dumps(note, separators=(",", ":"))
                    for path, note in changed.items()
                }
            )
        for path, note in changed.items():
            if note is None:
                self._notes.pop(path, None)
            else:
                self._notes[path] = note
