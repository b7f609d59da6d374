"""A collection: a folder of items that can be added to, searched and repaired.

See docs/format.md for what is in the folder and why.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.index.catalog.integrity import check_acknowledged, ensure_sound
from anysense.index.catalog.writer import CatalogWriter
from anysense.index.folder.lock import WriterLock
from anysense.index.folder.opening import (
    check_revision,
    has_collection,
    load_encoders,
    make_collection,
    open_catalog,
    repair_manifest,
)
from anysense.index.publishing.publisher import Publisher
from anysense.index.snapshots.views import Views

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from anysense.embed.types import Encoder, Modality, Space
    from anysense.index.building.ingest import AddReport
    from anysense.index.building.sources.found import NewItem
    from anysense.index.catalog.reader import Catalog
    from anysense.index.catalog.records import (
        FileRecord,
        Forgotten,
        ItemRecord,
        KnownFile,
        QuarantinedFile,
    )
    from anysense.index.folder.verify import VerifyReport
    from anysense.index.ranking.hit import Hits
    from anysense.index.ranking.query import Query
    from anysense.index.snapshots.manifest import Manifest, Tuning
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["Collection"]


class Collection:
    """Items of all modalities in one folder, with the vectors that find them.

    Opening loads no model. Many processes and threads may read at the same time, and one process
    at a time may write: the first change takes the lock, and `close` or `release` gives it back.

    >>> with Collection.create("photos.anysense") as collection:
    ...     collection.add(["beach.jpg", "waves.ogg"])
    ...     collection.search("the sea")
    """

    def __init__(self, path: Path, manifest: Manifest, catalog: Catalog, device: str) -> None:
        """Use `create` or `open`."""
        self._path = path
        self._catalog = catalog
        self._device = device
        self._lock = threading.RLock()
        self._writer_lock = WriterLock(path)
        self._writer: CatalogWriter | None = None
        self._encoders: list[Encoder] | None = None
        self._closed = False
        self._views = Views(path, catalog, manifest)

    # Opening and closing

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        encoders: Sequence[str] = ("starter",),
        *,
        device: str = "auto",
    ) -> Collection:
        """Make an empty collection.

        Args:
            path: a folder that is not there yet, or is empty.
            encoders: names of encoders, those to be preferred first; their models are loaded.
            device: ``auto``, ``cpu`` or ``cuda``.

        Raises:
            CollectionExistsError: there is something at the path already.
            UsageError: no encoder is named, or one twice.
            EncoderError: an encoder cannot be used.
            StorageError: the disk refused.
        """
        folder = Path(path)
        names = [encoders] if isinstance(encoders, str) else list(encoders)
        loaded = make_collection(folder, names, device)
        collection = cls.open(folder, device=device)
        collection._encoders = loaded
        return collection

    @classmethod
    def open(cls, path: str | os.PathLike[str], *, device: str = "auto") -> Collection:
        """Open a collection. No model is loaded, and no lock is taken.

        Raises:
            CollectionNotFoundError: there is no collection at the path.
            IncompatibleCollectionError: a newer version of anysense made it.
            CorruptCollectionError: it is damaged beyond what can be rebuilt.
            StorageError: it cannot be read.
        """
        folder = Path(path)
        manifest, catalog = open_catalog(folder)
        return cls(folder, manifest, catalog, device)

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Whether there is a collection at a path, whatever its state."""
        return has_collection(Path(path))

    def close(self) -> None:
        """Let go of everything. What was written is safe without it."""
        with self._lock:
            if self._closed:
                return
            self._views.close()
            self._catalog.close()
            self.release()  # last, so that SQLite can remove its log
            self._closed = True

    def release(self) -> None:
        """Let other processes write. The next change takes the lock again."""
        with self._lock:
            if self._writer is not None:
                self._writer.close()
                self._writer = None
            self._writer_lock.release()

    def __enter__(self) -> Collection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Collection({str(self._path)!r})"

    # What it is

    @property
    def path(self) -> Path:
        return self._path

    @property
    def manifest(self) -> Manifest:
        return self._views.manifest

    @property
    def encoder_names(self) -> list[str]:
        return [entry.name for entry in self.manifest.encoders]

    @property
    def spaces(self) -> list[Space]:
        """The spaces, in the order in which the encoders were given."""
        return [entry.space for entry in self.manifest.encoders]

    def encoders(self) -> list[Encoder]:
        """The encoders, loaded when first asked for.

        Raises:
            IncompatibleCollectionError: an encoder here makes other vectors than those inside.
            EncoderError: one cannot be used.
        """
        with self._lock:
            if self._encoders is None:
                loaded = load_encoders(self.encoder_names, self._device)
                for entry, encoder in zip(self.manifest.encoders, loaded, strict=True):
                    check_revision(self._path, entry, encoder.space)
                self._encoders = loaded
            return self._encoders

    @property
    def loaded_encoders(self) -> list[Encoder]:
        """The encoders if they are loaded already; else none."""
        with self._lock:
            return list(self._encoders or ())

    def snapshot(self) -> Snapshot:
        """The newest state, to be searched. Cheap as long as nothing has changed."""
        self._check_open()
        return self._views.newest()

    def info(self) -> dict[str, Any]:
        """What is in the collection, as JSON can hold it: counts, sizes, encoders, recall."""
        from anysense.index.folder.verify import describe_collection

        return describe_collection(self._path, self._catalog, self.snapshot())

    # Changing it

    def write(self, records: Sequence[ItemRecord], *, remove: Sequence[str] = ()) -> None:
        """Write items and remove others in one transaction; all is on the disk when it returns.

        Items of the same ids are replaced. The items can be found at once.

        Raises:
            UsageError: an item cannot be kept; nothing was written.
            CollectionLockedError: another process is writing.
            StorageError: the disk refused; nothing was written.
        """
        self._as_writer().write(records, remove)

    def remove(self, ids: Sequence[str]) -> int:
        """Remove items, and tell how many of these ids there were."""
        return self._as_writer().remove([ids] if isinstance(ids, str) else ids)

    def describe(self, metadata: Mapping[str, Mapping[str, Any]]) -> None:
        """Give items other metadata, by id; ids that are not there are left out."""
        self._as_writer().describe(metadata)

    def add(self, items: Iterable[NewItem | Path | str], **options: Any) -> AddReport:
        """Encode items and write them: files by path, or `NewItem` for anything else.

        A text that is not a `NewItem` is the path of a file. Options are those of
        `anysense.index.building.ingest.ingest`. One item that cannot be read does not stop the
        others.

        Raises:
            CollectionLockedError: another process is writing.
            StorageError: the disk refused; what was written before is kept.
        """
        from anysense.index.building.ingest import ingest
        from anysense.index.building.sources.found import NewItem

        entries = [items] if isinstance(items, str | Path | NewItem) else items
        new = (e if isinstance(e, NewItem) else NewItem(Path(e)) for e in entries)
        return ingest(self, new, **options)

    def search(
        self,
        query: Query,
        k: int = 10,
        *,
        modalities: Sequence[Modality | str] | None = None,
        where: str | Mapping[str, Any] | None = None,
        **options: Any,
    ) -> Hits:
        """The k items that match a query best; see `anysense.index.ranking.retriever.Retriever`."""
        from anysense.index.ranking.retriever import Retriever

        with self._lock:
            if not hasattr(self, "_retriever"):
                self._retriever = Retriever(self)
        return self._retriever.retrieve(query, k=k, modalities=modalities, where=where, **options)

    @property
    def needs_publish(self) -> bool:
        """Whether there are changes that the FAISS index on disk does not have."""
        snapshot = self.snapshot()
        return bool(snapshot.unpublished or len(snapshot.tombstones) or self._views.is_damaged)

    def publish(
        self,
        progress: Callable[[int, int], None] | None = None,
        *,
        tune: Callable[[Snapshot], Tuning] | None = None,
        rebuild: bool = False,
    ) -> int:
        """Bring the FAISS index on disk up to date, and return its generation.

        Writing goes on meanwhile. Nothing is done if the index is up to date already.

        Args:
            progress: called with the vectors stored so far and in all.
            tune: measures or fits what is published with the index.
            rebuild: cluster every partition anew.

        Raises:
            CollectionLockedError: another process is writing.
            StorageError: the disk refused; the former generation stays.
        """
        return self._publisher().publish(progress, tune, rebuild=rebuild)

    def compact(self, progress: Callable[[int, int], None] | None = None) -> None:
        """Give back the space of what was removed, and cluster every partition anew."""
        self._publisher().publish(progress, None, rebuild=True)
        self._as_writer().vacuum()

    def _publisher(self) -> Publisher:
        def calibrate(snapshot: Snapshot) -> Tuning:
            from anysense.index.calibration.routes import fit_tuning

            return fit_tuning(snapshot, self.loaded_encoders)

        return Publisher(self._path, self._views, self._as_writer(), calibrate)

    def verify(self) -> VerifyReport:
        """Check every file, every row, and the FAISS index against the catalog."""
        from anysense.index.folder.verify import verify_collection

        self._check_open()
        return verify_collection(self._path, self._catalog)

    # Files, for builds

    def files(self) -> dict[str, KnownFile]:
        """Every file that an item came from, by path."""
        return self._catalog.files()

    def by_hash(self, content_hash: str) -> str | None:
        """The id of the oldest item with this content; None if there is none."""
        return self._catalog.by_hash(content_hash)

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Those of some ids that items have."""
        return self._catalog.existing(ids)

    def alias(self, path: str, record: FileRecord, item_id: str) -> Forgotten:
        """Note that a file holds the same as an item, instead of whatever it held before."""
        return self.place_files([(record._replace(path=path), item_id)])

    def place_files(self, files: Iterable[tuple[FileRecord, str]]) -> Forgotten:
        """Note which items files hold, by id; tells what became of those they held before."""
        return self._as_writer().place_files(files)

    def forget_files(self, paths: Iterable[str]) -> Forgotten:
        """Forget files that are gone, and tell what became of their items.

        An item whose last file is gone is removed; one whose source is gone gets another of its
        files as its source, and the id that goes with it.
        """
        return self._as_writer().forget_files(paths)

    def quarantine(self, files: Iterable[QuarantinedFile]) -> None:
        """Note files that cannot be read, and why."""
        self._as_writer().quarantine(files)

    def quarantined(self) -> list[QuarantinedFile]:
        """The files that could not be read, by path."""
        return self._catalog.quarantined()

    def clear_quarantine(self, paths: Iterable[str]) -> None:
        """Forget that files could not be read."""
        self._as_writer().clear_quarantine(paths)

    def _as_writer(self) -> CatalogWriter:
        """The right to write, taken when first needed."""
        with self._lock:
            self._check_open()
            if self._writer is None:
                self._writer_lock.acquire()
                try:
                    ensure_sound(self._catalog, self._path, writer=True)
                    check_acknowledged(self._catalog, self._path)
                    repair_manifest(self._path, self.manifest)
                    self._writer = CatalogWriter(self._path)
                except BaseException:
                    self._writer_lock.release()
                    raise
            return self._writer

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError(f"The collection {self._path} is closed; open it again.")
