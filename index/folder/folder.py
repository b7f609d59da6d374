"""The folder of a collection: its catalog, its lock, its newest state. It knows no encoder.

See docs/format.md for what is in the folder and why.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from anysense.embed.errors import ItemNotFoundError, UsageError
from anysense.embed.forking import new_rlock, renew_after_fork
from anysense.index.catalog.browse import find_item, item_paths
from anysense.index.catalog.integrity import check_acknowledged, ensure_sound
from anysense.index.catalog.migration import migrate
from anysense.index.catalog.schema import FORMAT
from anysense.index.catalog.writer import CatalogWriter
from anysense.index.folder.lock import WriterLock
from anysense.index.folder.media import MediaFolder
from anysense.index.folder.opening import open_catalog, repair_manifest
from anysense.index.snapshots.manifest import MANIFEST
from anysense.index.snapshots.views import Views
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from anysense.embed.types import Encoder, Space
    from anysense.index.catalog.records import (
        CatalogFile,
        FileRecord,
        ItemChanges,
        ItemRecord,
        QuarantinedFile,
    )
    from anysense.index.folder.verify import VerifyReport
    from anysense.index.snapshots.manifest import Manifest, Tuning
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Progress

__all__ = ["CollectionFolder", "OpenCollection"]


class OpenCollection(Protocol):
    """A folder together with its encoders: what ranking, building and evaluation work on."""

    @property
    def folder(self) -> CollectionFolder: ...

    @property
    def spaces(self) -> list[Space]:
        """The spaces, in the order in which the encoders were given."""
        ...

    def encoders(self) -> list[Encoder]:
        """The encoders, loaded when first asked for."""
        ...

    @property
    def loaded_encoders(self) -> list[Encoder]:
        """The encoders if they are loaded already; else none."""
        ...

    def publish(self, progress: Progress | None = None) -> int:
        """Bring the FAISS index on disk up to date, and return its generation."""
        ...


class CollectionFolder:
    """One collection on disk. Safe to use from many threads.

    Many processes may read at the same time, and one at a time may write: the first change takes
    the lock, and `close` or `release` gives it back.
    """

    def __init__(self, path: Path, thresholds: Thresholds = DEFAULTS) -> None:
        """Open a folder. No lock is taken.

        Args:
            path: the folder.
            thresholds: from which sizes on its index works in another way.

        Raises:
            CollectionNotFoundError: there is no collection at the path.
            IncompatibleCollectionError: a newer version of anysense made it.
            CorruptCollectionError: it is damaged beyond what can be rebuilt.
            StorageError: it cannot be read.
        """
        manifest, self.catalog = open_catalog(path)
        self.path = path
        self.media = MediaFolder(path)
        self._lock = new_rlock()
        self._writer_lock = WriterLock(path)
        self._writer: CatalogWriter | None = None
        self._closed = False
        self._views = Views(path, self.catalog, manifest, thresholds)
        renew_after_fork(self)

    def close(self) -> None:
        """Let go of everything. What was written is safe without it."""
        with self._lock:
            if self._closed:
                return
            self._views.close()
            self.catalog.close()
            self.release()  # last, so that SQLite can remove its log
            self._closed = True

    def release(self) -> None:
        """Let other processes write. The next change takes the lock again."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._writer_lock.release()

    def renew(self) -> None:
        """Leave the right to write to the process that this one was forked from."""
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
        self._writer_lock = WriterLock(self.path)

    # What it is

    @property
    def manifest(self) -> Manifest:
        return self._views.manifest

    def snapshot(self) -> Snapshot:
        """The newest state, to be searched. Cheap as long as nothing has changed."""
        self._check_open()
        return self._views.newest()

    def info(self) -> dict[str, Any]:
        """What is in the collection, as JSON can hold it: counts, sizes, encoders, recall."""
        from anysense.index.folder.info import describe_collection

        return describe_collection(self.path, self.catalog, self.snapshot())

    def verify(self) -> VerifyReport:
        """Check every file, every row, and the FAISS index against the catalog."""
        from anysense.index.folder.verify import verify_collection

        self._check_open()
        return verify_collection(self.path, self.catalog, self.media)

    # Items

    def write(self, records: Sequence[ItemRecord], *, remove: Sequence[str] = ()) -> None:
        """Write items and remove others in one transaction; all is on the disk when it returns.

        Items of the same ids are replaced. The items can be found at once.

        Raises:
            UsageError: an item cannot be kept; nothing was written.
            CollectionLockedError: another process is writing.
            StorageError: the disk refused; nothing was written.
        """
        self._as_writer().write([self._with_catalog_paths(record) for record in records], remove)

    def remove(self, ids: Sequence[str]) -> int:
        """Remove items, and tell how many of these ids there were.

        Files that clients have stored in the collection go with them; other files stay.
        """
        writer = self._as_writer()
        stored = self.media.exists() and self._stored_files(ids)
        count = writer.remove(ids)
        for path in stored or ():
            self.media.discard(path)
        return count

    def _stored_files(self, ids: Sequence[str]) -> list[str]:
        """The paths of the files of some items, as the catalog has them."""
        paths: list[str] = []
        for item_id in ids:
            with contextlib.suppress(ItemNotFoundError):
                paths += item_paths(self.catalog, find_item(self.catalog, item_id))
        return paths

    def describe(self, metadata: Mapping[str, Mapping[str, Any]]) -> None:
        """Give items other metadata, by id; ids that are not there are left out."""
        self._as_writer().describe(metadata)

    def by_hash(self, content_hash: str) -> str | None:
        """The id of the oldest item with this content; None if there is none."""
        return self.catalog.by_hash(content_hash)

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Those of some ids that items have."""
        return self.catalog.existing(ids)

    # Files

    def files(self) -> dict[str, CatalogFile]:
        """Every file that an item came from, by path."""
        return self.catalog.files()

    def assign_files(
        self, files: Iterable[tuple[FileRecord, str]], gone: Iterable[str] = ()
    ) -> ItemChanges:
        """Note which items files hold, by id, and forget files that are gone, all at once.

        Tells what became of the items that they held before: see `forget_files`.
        """
        catalog_path = self.media.catalog_path
        placed = ((file._replace(path=catalog_path(file.path)), item_id) for file, item_id in files)
        return self._as_writer().assign_files(placed, map(catalog_path, gone))

    def forget_files(self, paths: Iterable[str]) -> ItemChanges:
        """Forget files that are gone, and tell what became of their items.

        An item whose last file is gone is removed; one whose source is gone gets another of its
        files as its source, and the id that goes with it; an id that was given stays.
        """
        return self._as_writer().forget_files(map(self.media.catalog_path, paths))

    def _with_catalog_paths(self, record: ItemRecord) -> ItemRecord:
        """An item with its paths as the catalog keeps them."""
        catalog_path = self.media.catalog_path
        files = [file._replace(path=catalog_path(file.path)) for file in record.files]
        return replace(record, source=catalog_path(record.source), files=files)

    def quarantine(self, files: Iterable[QuarantinedFile]) -> None:
        """Note files that cannot be read, and why."""
        self._as_writer().quarantine(files)

    def quarantined(self) -> list[QuarantinedFile]:
        """The files that could not be read, by path."""
        return self.catalog.quarantined()

    def clear_quarantine(self, paths: Iterable[str]) -> None:
        """Forget that files could not be read."""
        self._as_writer().clear_quarantine(paths)

    # Notes

    def notes(self, prefix: str) -> dict[str, str]:
        """What was noted under keys that begin with a prefix, which ends with ``|``."""
        return self.catalog.notes(prefix)

    def note(self, notes: Mapping[str, str | None]) -> None:
        """Keep notes by their keys, for builds to come; None forgets one."""
        self._as_writer().note(notes)

    # The index

    @property
    def needs_publish(self) -> bool:
        """Whether there are changes that the FAISS index on disk does not have."""
        snapshot = self.snapshot()
        return bool(snapshot.unpublished or len(snapshot.tombstones) or self._views.is_damaged)

    def publish(
        self,
        tune: Callable[[Snapshot], Tuning],
        progress: Progress | None = None,
        *,
        rebuild: bool = False,
        retune: bool = False,
    ) -> int:
        """Bring the FAISS index on disk up to date, and return its generation.

        Writing goes on meanwhile. Nothing is done if the index is up to date already.

        Args:
            tune: fits what is published with the index; see `anysense.index.publishing.tuning`.
            progress: called with the vectors stored so far and in all.
            rebuild: cluster every partition anew.
            retune: publish also where only what `tune` fits is new.

        Raises:
            CollectionLockedError: another process is writing.
            StorageError: the disk refused; the former generation stays.
        """
        from anysense.index.publishing.publisher import Publisher

        publisher = Publisher(self.path, self._views, self._as_writer())
        return publisher.publish(progress, tune, rebuild=rebuild, retune=retune)

    def compact(self, tune: Callable[[Snapshot], Tuning], progress: Progress | None = None) -> None:
        """Give back the space of what was removed, and cluster every partition anew."""
        self.publish(tune, progress, rebuild=True)
        self._as_writer().vacuum()
        for path in self.media.orphans(self.files()):
            self.media.discard(path)

    def _as_writer(self) -> CatalogWriter:
        """The right to write, taken when first needed."""
        with self._lock:
            self._check_open()
            if self._writer is None:
                self._writer_lock.acquire()
                try:
                    ensure_sound(self.catalog, self.path, writer=True)
                    check_acknowledged(self.catalog, self.path)
                    self._migrate(repair_manifest(self.path, self.manifest))
                    self._writer = CatalogWriter(self.path)
                except BaseException:
                    self._writer_lock.release()
                    raise
            return self._writer

    def _migrate(self, manifest: Manifest) -> None:
        """Bring a collection of an older format to that of today.

        The manifest first: should the process be killed in between, an older version of anysense
        refuses the collection with a sentence, and this one reads both.
        """
        if self.catalog.format == FORMAT:
            return
        # Rows get new checksums: a bit that has flipped would be taken for what was written.
        ensure_sound(self.catalog, self.path, writer=True, always=True)
        if manifest.format < FORMAT:
            manifest = replace(manifest, format=FORMAT)
            manifest.write(self.path)
        migrate(self.path, {MANIFEST: manifest.to_text()})

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(f"The collection {self.path} is closed; open it again.")
