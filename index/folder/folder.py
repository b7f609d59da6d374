"""The folder of a collection: its catalog, its lock, its newest state. It knows no encoder.

See docs/format.md for what is in the folder and why.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import (
    CollectionReplacedError,
    IncompatibleCollectionError,
    UsageError,
)
from anysense.embed.forking import new_rlock
from anysense.index.catalog.browse import (
    existing_ids,
    has_file,
    item_of_content,
    paths_of_items,
    quarantined_files,
)
from anysense.index.catalog.integrity import check_acknowledged, ensure_sound
from anysense.index.catalog.writer import CatalogWriter
from anysense.index.folder.lock import are_turns_asked
from anysense.index.folder.media import MediaFolder
from anysense.index.folder.opening import bring_up_to_date, open_catalog, repair_manifest
from anysense.index.folder.progress import told_of_publishing
from anysense.index.folder.right import RightToWrite, open_writer
from anysense.index.snapshots.seen import seen_spaces
from anysense.index.snapshots.views import Views
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from anysense.index.catalog.reader import Catalog
    from anysense.index.catalog.records import (
        CatalogFile,
        FileRecord,
        ItemChanges,
        ItemRecord,
        QuarantinedFile,
    )
    from anysense.index.folder.verify import VerifyReport
    from anysense.index.publishing.publisher import Publisher
    from anysense.index.snapshots.manifest import Manifest, Tuning
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Progress

__all__ = ["CollectionFolder"]

TURN_SECONDS = 3.0
"""A process that takes turns has the lock no longer, unless it publishes."""


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
        manifest, catalog = open_catalog(path)
        self.path = path
        self.media = MediaFolder(path)
        self._lock = new_rlock()
        self._right = RightToWrite(path, self._open_writer, self._patience)
        self._closed = False
        self._views = Views(path, catalog, manifest, thresholds)

    def close(self) -> None:
        """Let go of everything. What was written is safe without it."""
        with self._lock:
            if self._closed:
                return
            self._views.close()
            self.catalog.close()
            self._right.release()  # last, so that SQLite can remove its log
            self._closed = True

    def release(self) -> None:
        """Let other processes write, once nothing is being written.

        The next change takes the lock again.
        """
        self._right.release()

    def release_idle(self, seconds: float) -> bool:
        """Let other processes write if nothing was written for so long; whether they may now."""
        return self._right.release_idle(seconds)

    @contextlib.contextmanager
    def writing(self) -> Iterator[CatalogWriter]:
        """Keep the right to write for as long as the block lasts; many threads may at once.

        Raises:
            CollectionLockedError: another process is writing; told at once.
            CollectionReplacedError: the files are not those any more that were opened.
            StorageError: the folder cannot be written.
        """
        with self._lock:
            self._check_open()
            right = self._right
        with right.taken() as writer:
            yield writer

    # Its place

    def check_place(self) -> None:
        """See that the files at the path are those that are open.

        Raises:
            CollectionReplacedError: they are not: the folder was moved, removed, or put back.
        """
        self._views.check_place()
        self._right.check_place()
        self.media.check_place(self.path)

    def reopen(self) -> None:
        """Go on with the files that are at the path now, if they are not those that are open.

        What is being written meanwhile is refused with CollectionReplacedError.

        Raises:
            IncompatibleCollectionError: it is another collection, with other encoders.
            CollectionError: there is none, or it cannot be opened; nothing has changed.
        """
        with self._lock:
            self._check_open()
            with contextlib.suppress(CollectionReplacedError):
                self.check_place()
                return
            self._right.release()  # what is in a log that was removed is still saved by that
            manifest, catalog = open_catalog(self.path)
            if manifest.encoders != self.manifest.encoders:
                catalog.close()
                raise IncompatibleCollectionError(
                    f"{self.path} was replaced by a collection with other encoders: close this one "
                    "and open it anew."
                )
            self._views.close()
            self.catalog.close()
            self.media = MediaFolder(self.path)
            self._right.retire()
            self._right = RightToWrite(self.path, self._open_writer, self._patience)
            self._views = Views(self.path, catalog, manifest, self._views.thresholds)

    # What it is

    @property
    def manifest(self) -> Manifest:
        return self._views.manifest

    @property
    def catalog(self) -> Catalog:
        """The catalog, as searches see it."""
        return self._views.catalog

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
        with self._lock:
            has_right = self._right.is_taken
        return verify_collection(self.path, self.catalog, self.media, has_right=has_right)

    # Items

    def write(self, records: Sequence[ItemRecord], *, remove: Sequence[str] = ()) -> None:
        """Write items and remove others in one transaction; all is on the disk when it returns.

        Items of the same ids are replaced. The items can be found at once.

        Raises:
            UsageError: an item cannot be kept; nothing was written.
            CollectionLockedError: another process is writing.
            StorageError: the disk refused; nothing was written.
        """
        with self.writing() as writer:
            former_files = self._stored_files([*(record.id for record in records), *remove])
            writer.write([self._with_catalog_paths(record) for record in records], remove)
            self.media.discard_unnamed(former_files, self.names_file)

    def remove(self, ids: Sequence[str]) -> int:
        """Remove items, and tell how many of these ids there were.

        Files that clients have stored in the collection go with them; other files stay.
        """
        with self.writing() as writer:
            stored = self._stored_files(ids)
            count = writer.remove(ids)
            self.media.discard_unnamed(stored, self.names_file)
            return count

    def _stored_files(self, ids: Sequence[str]) -> list[str]:
        """Where the files of some items are, if clients have stored any files here."""
        return paths_of_items(self.catalog, ids) if self.media.exists() else []

    def describe(self, metadata: Mapping[str, Mapping[str, Any]]) -> None:
        """Give items other metadata, by id; ids that are not there are left out."""
        with self.writing() as writer:
            writer.describe(metadata)

    def by_hash(self, content_hash: str) -> str | None:
        """The id of the oldest item with this content; None if there is none."""
        return item_of_content(self.catalog, content_hash)

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Those of some ids that items have."""
        return existing_ids(self.catalog, ids)

    # Files

    def files(self) -> dict[str, CatalogFile]:
        """Every file that an item came from, by path."""
        return self.catalog.files()

    def names_file(self, path: str) -> bool:
        """Whether an item has a file of this path, as the catalog keeps it.

        Raises:
            CollectionReplacedError: the catalog that is open is not that of the folder any more.
        """
        self.check_place()
        return has_file(self.catalog, path)

    def assign_files(
        self, files: Iterable[tuple[FileRecord, str]], gone: Iterable[str] = ()
    ) -> ItemChanges:
        """Note which items files hold, by id, and forget files that are gone, all at once.

        Tells what became of the items that they held before: see `forget_files`.
        """
        catalog_path = self.media.catalog_path
        placed = ((file._replace(path=catalog_path(file.path)), item_id) for file, item_id in files)
        with self.writing() as writer:
            return writer.assign_files(placed, map(catalog_path, gone))

    def forget_files(self, paths: Iterable[str]) -> ItemChanges:
        """Forget files that are gone, and tell what became of their items.

        An item whose last file is gone is removed; one whose source is gone gets another of its
        files as its source, and the id that goes with it; an id that was given stays.
        """
        with self.writing() as writer:
            return writer.forget_files(map(self.media.catalog_path, paths))

    def _with_catalog_paths(self, record: ItemRecord) -> ItemRecord:
        """An item with its paths as the catalog keeps them."""
        catalog_path = self.media.catalog_path
        files = [file._replace(path=catalog_path(file.path)) for file in record.files]
        return replace(record, source=catalog_path(record.source), files=files)

    def quarantine(self, files: Iterable[QuarantinedFile]) -> None:
        """Note files that cannot be read, and why."""
        with self.writing() as writer:
            writer.quarantine(files)

    def quarantined(self) -> list[QuarantinedFile]:
        """The files that could not be read, by path."""
        return quarantined_files(self.catalog)

    def clear_quarantine(self, paths: Iterable[str]) -> None:
        """Forget that files could not be read."""
        with self.writing() as writer:
            writer.clear_quarantine(paths)

    # Notes

    def notes(self, prefix: str) -> dict[str, str]:
        """What was noted under keys that begin with a prefix, which ends with ``|``."""
        return self.catalog.notes(prefix)

    def note(self, notes: Mapping[str, str | None]) -> None:
        """Keep notes by their keys, for builds to come; None forgets one."""
        with self.writing() as writer:
            writer.note(notes)

    # The index

    @property
    def needs_publish(self) -> bool:
        """Whether there are changes that the index does not have."""
        return self._views.is_damaged or self.snapshot().is_behind_catalog

    @property
    def is_worth_publishing(self) -> bool:
        """Whether a build that ends should publish: few changes of a large collection can wait."""
        return self._views.is_damaged or self.snapshot().is_worth_publishing

    def publish(
        self,
        tune: Callable[[Snapshot], Tuning],
        progress: Progress | None = None,
        *,
        rebuild: bool = False,
        retune: bool = False,
        engine: str | None = None,
    ) -> int:
        """Bring the index up to date, and return its generation, while writing goes on.

        Args:
            tune: fits what is published with the index; see `anysense.index.publishing.tuning`.
            progress: called with the vectors stored so far and in all.
            rebuild: cluster every partition anew.
            retune: publish also where only what `tune` fits is new.
            engine: see `anysense.index.publishing.publisher.Publisher`.

        Raises:
            CollectionLockedError, EngineUnavailableError, StorageError: all stays as it was.
        """
        with self.publisher() as publisher, told_of_publishing(self.path, progress) as tell:
            return publisher.publish(tell, tune, rebuild=rebuild, retune=retune, engine=engine)

    @contextlib.contextmanager
    def publisher(self) -> Iterator[Publisher]:
        """The right to write as `writing` gives it, together with what makes states current."""
        from anysense.index.publishing.publisher import Publisher

        with self.writing() as writer:
            yield Publisher(self.path, self._views, writer)

    def compact(self, tune: Callable[[Snapshot], Tuning], progress: Progress | None = None) -> None:
        """Give back the space of what was removed, and make clusters and words anew."""
        from anysense.index.publishing.switching import sweep

        self.publish(tune, progress, rebuild=True)
        with self.publisher() as publisher, self.writing() as writer:
            sweep(publisher)
            writer.make_words()
            writer.vacuum()
            self._discard_orphans()

    def tidy_media(self) -> int:
        """Remove what uploads left behind that broke off, and tell how many files those were.

        Raises:
            CollectionLockedError: another process is writing, and may be taking an upload.
            StorageError: the folder cannot be read or written.
        """
        if not self.media.exists():
            return 0
        with self.writing():
            return self._discard_orphans()

    def _discard_orphans(self) -> int:
        """Remove files of no item, with the lock held: so only this process takes uploads."""
        orphans = self.media.orphans(self.files, least_age_seconds=0)
        self.media.discard_unnamed(orphans, self.names_file)
        return len(orphans)

    def _patience(self) -> float:
        """For how many seconds to wait for the lock: whoever takes turns gives it back soon."""
        return TURN_SECONDS if are_turns_asked(self.path) else 0.0

    def _open_writer(self, check_lock: Callable[[], None]) -> CatalogWriter:
        """Get ready to write, now that the lock is taken."""
        self.check_place()
        self._views.check_change(self.catalog.state().change)
        ensure_sound(self.catalog, self.path, writer=True)
        check_acknowledged(self.catalog, self.path)
        manifest = repair_manifest(self.path, self.manifest)
        self._views.look_up()
        bring_up_to_date(self.path, self.catalog, manifest)
        own = self.path, self.catalog.file, check_lock, seen_spaces(self.catalog, manifest)
        return open_writer(lambda: CatalogWriter(*own), self._views.forget)

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(f"The collection {self.path} is closed; open it again.")
