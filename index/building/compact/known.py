"""What a collection knows of files, looked up while it is read, and not kept."""

from __future__ import annotations

import contextlib
import os
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from anysense.index.catalog.browse import files_at
from anysense.index.catalog.sqlite.connections import small_cache

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator

    from anysense.index.building.compact.packed import Entries
    from anysense.index.building.sources.entries import Entry
    from anysense.index.catalog.records import CatalogFile
    from anysense.index.folder.folder import CollectionFolder

__all__ = ["KnownFiles", "known_files"]

BATCH = 250
"""So many files are looked up at once."""


class KnownFiles:
    """The files of a collection in one state of its catalog.

    Args:
        folder: the collection.
        connection: in whose transaction the state is.
    """

    def __init__(self, folder: CollectionFolder, connection: sqlite3.Connection) -> None:
        self._catalog = folder.catalog
        self._media = folder.media
        self._own = os.path.join(folder.media.path, "")  # noqa: PTH118 - with its separator
        self._connection = connection

    def __len__(self) -> int:
        return self._catalog.totals(self._connection).files

    def __iter__(self) -> Iterator[CatalogFile]:
        return self._catalog.each_file(self._connection)

    def at(self, paths: Iterable[str]) -> dict[str, CatalogFile]:
        """Those of some paths."""
        paths, known = iter(paths), {}
        while keys := [self._key(path) for path in islice(paths, BATCH)]:
            for file in files_at(self._catalog, self._connection, keys):
                known[file.record.path] = file
        return known

    def beside(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, CatalogFile | None]]:
        """Each entry with the file of its path, if there is one."""
        entries = iter(entries)
        while batch := list(islice(entries, BATCH)):
            files = self.at(entry.path for entry in batch)
            for entry in batch:
                yield entry, files.get(entry.path)

    def absent_from(self, entries: Entries, present: int) -> Iterator[CatalogFile]:
        """Those whose paths no entry has.

        Args:
            entries: each of another path.
            present: how many of them have a file here.
        """
        count = len(self) - present
        if not count:
            return
        hashes = np.sort(entries.hashes())
        files = iter(self)
        while batch := list(islice(files, BATCH)):
            of_batch = np.fromiter((hash(file.record.path) for file in batch), np.int64)
            for place in np.flatnonzero(~np.isin(of_batch, hashes)).tolist():
                count -= 1
                yield batch[place]
        if count:  # the path of an entry has the same hash
            paths, known = set(entries.paths()), set(hashes.tolist())
            for file in self:
                if file.record.path not in paths and hash(file.record.path) in known:
                    yield file

    def _key(self, path: str) -> str:
        """The path by which the catalog knows a file."""
        return self._media.catalog_path(path) if path.startswith(self._own) else path


@contextlib.contextmanager
def known_files(folder: CollectionFolder) -> Iterator[KnownFiles]:
    """What a collection knows of files now."""
    with folder.catalog.transaction() as connection, small_cache(connection):
        yield KnownFiles(folder, connection)
