"""A collection: items of all modalities in one folder, that are added to, searched and repaired."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from anysense.embed.encoders.names import absolute_name
from anysense.embed.forking import new_rlock
from anysense.index.folder.folder import CollectionFolder
from anysense.index.folder.opening import (
    as_built,
    has_collection,
    is_of_revision,
    load_encoders,
    make_collection,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from types import TracebackType

    from anysense.embed.types import Encoder, Space
    from anysense.index.bridging.fit import BridgeReport, CaptionProgress
    from anysense.index.building.merging.report import MergeReport
    from anysense.index.building.report import AddReport
    from anysense.index.catalog.records import CatalogFile, ItemRecord
    from anysense.index.folder.verify import VerifyReport
    from anysense.index.hits.hits import Hits
    from anysense.index.importing.report import ImportReport
    from anysense.index.mapping.collection_map import CollectionMap
    from anysense.index.ranking.query import Query
    from anysense.index.ranking.retriever import CollectionRetriever
    from anysense.index.reencoding.report import ReencodeReport
    from anysense.index.snapshots.manifest import Tuning
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import NewItem, Progress

    LoadEncoders: TypeAlias = Callable[[Sequence[str]], list[Encoder]]

__all__ = ["Collection"]


class Collection:
    """Items of all modalities in one folder, with the vectors that find them.

    Opening loads no model. Many processes and threads may read at the same time, and one process
    at a time may write: the first change takes the lock, and `close` or `release` gives it back.

    >>> with Collection.create("photos.anysense") as collection:
    ...     collection.add(["beach.jpg", "waves.ogg"])
    ...     collection.search("the sea")
    """

    def __init__(self, folder: CollectionFolder, load: LoadEncoders) -> None:
        """Use `create` or `open`."""
        self._folder = folder
        self._load = load
        self._lock = new_rlock()
        self._known: dict[str, Encoder] = {}
        self._retriever: CollectionRetriever | None = None

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
        names = _as_names(encoders)
        loaded = make_collection(folder, names, device)
        collection = cls.open(folder, device=device)
        collection._known = dict(zip(names, loaded, strict=True))
        return collection

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        *,
        device: str = "auto",
        load: LoadEncoders | None = None,
    ) -> Collection:
        """Open a collection. No model is loaded, and no lock is taken.

        Args:
            path: its folder.
            device: ``auto``, ``cpu`` or ``cuda``.
            load: gives the encoders of some names, as collections that share models need it; by
                default they are loaded for this collection alone, on `device`.

        Raises:
            CollectionNotFoundError: there is no collection at the path.
            IncompatibleCollectionError: a newer version of anysense made it.
            CorruptCollectionError: it is damaged beyond what can be rebuilt.
            StorageError: it cannot be read.
        """
        return cls(CollectionFolder(Path(path)), load or partial(load_encoders, device=device))

    @staticmethod
    def exists(path: str | os.PathLike[str]) -> bool:
        """Whether there is a collection at a path, whatever its state."""
        return has_collection(Path(path))

    def close(self) -> None:
        """Let go of everything. What was written is safe without it."""
        self._folder.close()

    def release(self) -> None:
        """Let other processes write. The next change takes the lock again."""
        self._folder.release()

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
        return f"Collection({str(self.path)!r})"

    # What it is

    @property
    def path(self) -> Path:
        return self._folder.path

    @property
    def folder(self) -> CollectionFolder:
        """What is on the disk: catalog, files, states. For those who look closer."""
        return self._folder

    @property
    def encoder_names(self) -> list[str]:
        return [entry.name for entry in self._folder.manifest.encoders]

    @property
    def spaces(self) -> list[Space]:
        """The spaces, in the order in which the encoders were given."""
        return [entry.space for entry in self._folder.manifest.encoders]

    def encoders(self) -> list[Encoder]:
        """The encoders, loaded when first asked for.

        Raises:
            IncompatibleCollectionError: an encoder here makes other vectors than those inside.
            EncoderError: one cannot be used.
        """
        with self._lock:
            entries = self._folder.manifest.encoders
            known = {encoder.space.id: encoder for encoder in self.loaded_encoders}
            missing = [entry for entry in entries if entry.space.id not in known]
            loaded = self._load([entry.name for entry in missing]) if missing else []
            for entry, encoder in zip(missing, loaded, strict=True):
                known[entry.space.id] = as_built(self.path, entry, encoder)
            self._known = {entry.name: known[entry.space.id] for entry in entries}
            return list(self._known.values())

    @property
    def loaded_encoders(self) -> list[Encoder]:
        """The encoders if they are loaded already; else none."""
        with self._lock:
            known = (
                (entry, self._known.get(entry.name)) for entry in self._folder.manifest.encoders
            )
            return [e for entry, e in known if e is not None and is_of_revision(entry, e.space)]

    def info(self) -> dict[str, Any]:
        """What is in the collection, as JSON can hold it: counts, sizes, encoders, recall."""
        return self._folder.info()

    def snapshot(self) -> Snapshot:
        """The newest state: its items and segments by id. Cheap as long as nothing has changed."""
        return self._folder.snapshot()

    def files(self) -> dict[str, CatalogFile]:
        """Every file that an item came from, by path, with the item's id."""
        return self._folder.files()

    def verify(self) -> VerifyReport:
        """Check every file, every row, and the FAISS index against the catalog."""
        return self._folder.verify()

    # Changing it

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
        from anysense.index.types import NewItem

        entries = [items] if isinstance(items, str | Path | NewItem) else items
        return ingest(self, map(_new_item, entries), **options)

    def write(self, records: Sequence[ItemRecord], *, remove: Sequence[str] = ()) -> None:
        """Write items whose vectors are made already, and remove others, in one transaction.

        All is on the disk when it returns. Items of the same ids are replaced.

        Raises:
            UsageError: an item cannot be kept; nothing was written.
            CollectionLockedError: another process is writing.
            StorageError: the disk refused; nothing was written.
        """
        self._folder.write(records, remove=remove)

    def import_vectors(self, vectors: Any, **options: Any) -> ImportReport:
        """Add items whose vectors were made elsewhere, and publish the index.

        `vectors` are an array (n, dimension), paths of .npy or Parquet files, or that of a folder
        of clip-retrieval; options are those of `anysense.index.importing.given.import_vectors`.
        """
        from anysense.index.importing.given import import_vectors

        return import_vectors(self, vectors, **options)

    def merge(self, inputs: Sequence[str | Path], **options: Any) -> MergeReport:
        """Write the items of parts and of other collections, and publish once.

        `inputs` are paths of parts, of folders of parts, and of collections; what becomes of them,
        and the options, are told in `anysense.index.building.merging.merge.merge_into`.
        """
        from anysense.index.building.merging.merge import merge_into

        return merge_into(self, inputs, **options)

    def remove(self, ids: Sequence[str]) -> int:
        """Remove items, and tell how many of these ids there were."""
        return self._folder.remove([ids] if isinstance(ids, str) else ids)

    def describe(self, metadata: Mapping[str, Mapping[str, Any]]) -> None:
        """Give items other metadata, by id; ids that are not there are left out."""
        self._folder.describe(metadata)

    # Searching it

    def search(self, query: Query, k: int = 10, **options: Any) -> Hits:
        """The k items that match a query best; as `anysense.Retriever.retrieve` does."""
        from anysense.index.ranking.retriever import CollectionRetriever
        from anysense.index.showing.reader import CollectionReader

        with self._lock:
            if self._retriever is None:
                self._retriever = CollectionRetriever(self, reader=CollectionReader(self._folder))
        return self._retriever.retrieve(query, k=k, **options)

    def map(self, space: str | None = None, limit: int = 20_000) -> CollectionMap:
        """Where its items lie in two dimensions, of which those near each other are alike.

        It is drawn when the collection is published, from a sample of at most 20,000 items: what
        was added since is not in it, and what was removed since is left out.

        Args:
            space: the id of one of its spaces; the first that has a map if None.
            limit: how many items at most; fewer are a sample of all, too.

        Raises:
            NoMapError: there is none: too few items were published, or its file is damaged.
        """
        from anysense.index.mapping.collection_map import read_map

        return read_map(self.path, self.snapshot, space, limit)

    # Its index

    @property
    def needs_publish(self) -> bool:
        """Whether there are changes that the FAISS index on disk does not have."""
        return self._folder.needs_publish

    def publish(self, progress: Progress | None = None, *, to: str | None = None) -> int:
        """Bring the index up to date, and return its generation, while writing goes on.

        Args:
            progress: called with the vectors stored so far and in all.
            to: what is to search it: ``local``, which is FAISS on this machine, or a Milvus server
                by its address, ``milvus://HOST:PORT``; as it is now if None.

        Raises:
            CollectionLockedError, EngineUnavailableError, StorageError: all stays as it was.
            UsageError: `to` is neither.
        """
        from anysense.index.vectors.engines import parse_engine

        engine = None if to is None else parse_engine(to)
        return self._folder.publish(self._tune, progress, engine=engine)

    def compact(self, progress: Progress | None = None) -> None:
        """Give back the space of what was removed, and make clusters and words anew."""
        self._folder.compact(self._tune, progress)

    def fit_bridges(
        self, captions: Sequence[str], progress: CaptionProgress | None = None
    ) -> BridgeReport:
        """Fit every bridge that the collection needs, and publish them with it.

        Args:
            captions: the anchors; see `anysense.index.bridging.captions.read_anchors`.
            progress: called with a space's id, the captions encoded so far, and the number of all.

        Raises:
            UsageError: no two of its spaces are in need of a bridge, or it is empty.
            CollectionLockedError: another process is writing.
            EncoderError: a model cannot be used.
        """
        from dataclasses import replace

        from anysense.index.bridging.fit import fit_bridges
        from anysense.index.publishing.tuning import with_bridges

        snapshot = self._folder.snapshot()
        bridges, report = fit_bridges(snapshot, self.encoders, captions, progress)
        tune = partial(with_bridges, encoders=self.encoders(), bridges=bridges)
        return replace(report, generation=self._folder.publish(tune, retune=True))

    def reencode(
        self, encoders: Sequence[str] = (), *, drop: Sequence[str] = (), **options: Any
    ) -> ReencodeReport:
        """Give it other encoders, while it is searched and added to with those that it has.

        Items are encoded from their files, from the rows of their tables, or, texts, from what the
        catalog has of them. No search sees any of it before all of it is there; then the new
        encoders stand before the others. Where it was stopped the next call goes on; without
        `encoders`, with those it began with. Other processes may write in between.

        Args:
            encoders: names of encoders, those to be preferred first. One that the collection has by
                this name, in another revision, is replaced.
            drop: names of those that go, now that these are there, with their vectors.
            **options: `restart=True` begins anew with other encoders than those under way;
                `abandon=True` leaves the collection as it was; `allow_removal=True` removes items
                that only dropped encoders have vectors of; `batch_size` and `workers` are those of
                `anysense.index.building.build.build`; `progress` is called with ``encode``,
                ``wait`` (for another process that writes), ``publish`` or ``sweep``, and with how
                many items are dealt with and how many there are.

        Raises:
            UsageError: there is nothing to do, or something else is under way.
            RemovalError: items would be found no more, and that is not allowed; all is as before.
            EncoderError: a model cannot be used.
            StorageError: the disk refused; what was written before is kept.
        """
        from anysense.index.reencoding.reencode import reencode

        present = {absolute_name(name): name for name in self.encoder_names}
        gone = [present.get(name, name) for name in _as_names(drop)]
        names = _as_names(encoders)
        return reencode(self._folder, self._load, names, drop=gone, **options)

    def _tune(self, snapshot: Snapshot) -> Tuning:
        from anysense.index.publishing.tuning import fit_tuning

        return fit_tuning(snapshot, self.loaded_encoders)


def _as_names(names: Sequence[str]) -> list[str]:
    """Names of encoders as a collection keeps them, which may be opened from anywhere."""
    return [absolute_name(name) for name in ([names] if isinstance(names, str) else names)]


def _new_item(entry: NewItem | Path | str) -> NewItem:
    """What is to be added, of what was given; what cannot be added is told with its report."""
    from anysense.index.types import NewItem

    if isinstance(entry, NewItem):
        return entry
    return NewItem(Path(entry) if isinstance(entry, str) else entry)
