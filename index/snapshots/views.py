"""Keeping the newest snapshot of a collection: noticing changes, and loading no more than them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import CorruptCollectionError
from anysense.embed.forking import new_lock, new_rlock
from anysense.index.catalog.reader import Catalog, read_state
from anysense.index.catalog.sqlite.connections import connect_to, damaged, log_of, storage_errors
from anysense.index.catalog.sqlite.gate import close_before_fork, using
from anysense.index.catalog.sqlite.identity import FileId, check_file, file_id, replaced
from anysense.index.catalog.sqlite.seals import stamp
from anysense.index.catalog.vectors import StoredVectors, vector_sources
from anysense.index.snapshots.generation import DamagedGeneration, load_generation
from anysense.index.snapshots.manifest import EFFORTS, MANIFEST, DamagedManifest, Manifest
from anysense.index.snapshots.seen import seen_by
from anysense.index.snapshots.snapshot import Snapshot
from anysense.index.vectors.delta import Delta, Newer
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from anysense.index.types import Ids, Partition
    from anysense.index.vectors.store import Store


__all__ = ["Base", "Views"]

_log = logging.getLogger("anysense")
_TRIES = 10  # how often a generation may disappear while it is opened


@dataclass(frozen=True, eq=False)
class Base:
    """An index in memory, and the state of the catalog that it is of.

    Attributes:
        generation: the number of the generation it is of; 0 if none was published.
        change, high_water: as in `anysense.index.snapshots.manifest.Generation`.
        store: the index; None if there is none yet.
        arrays: what was published beside it.
    """

    generation: int
    change: int = 0
    high_water: int = 0
    store: Store | None = None
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)


class _Stale(Exception):  # noqa: N818
    """The catalog no longer has what this base needs: a newer generation was published."""


class Views:
    """Makes snapshots. Safe to use from many threads.

    Args:
        folder: the collection.
        catalog: its catalog.
        manifest: as it was when the collection was opened.
        thresholds: from which sizes on its index works in another way.
    """

    def __init__(
        self,
        folder: Path,
        catalog: Catalog,
        manifest: Manifest,
        thresholds: Thresholds = DEFAULTS,
    ) -> None:
        self.thresholds = thresholds
        self.publishing = new_lock()
        self.is_damaged = False
        self._folder = folder
        self._catalog = seen_by(catalog, manifest)
        self._manifest = manifest
        self._manifest_stamp: dict[str, int] | None = None
        self._lock = new_rlock()
        self._watch: sqlite3.Connection | None = None
        self._log: FileId | None = None
        self._catalog_stamp: dict[str, int] | None = None
        self._seen: object = None
        self._snapshot: Snapshot | None = None
        self._base: Base | None = None
        self._delta = Delta()
        self._gone: Ids = np.empty(0, np.int64)
        self._delta_end = 0
        self._is_checked = False
        self._change = 0
        close_before_fork(self)

    def close(self) -> None:
        with using(self.path), self._lock:
            self.close_idle()
            self._snapshot, self._base = None, None

    def close_idle(self) -> None:
        """Close the connection that notices changes; the next look opens another."""
        if self._watch is not None:
            self._watch.close()
        self._watch, self._seen = None, None

    @property
    def path(self) -> Path:
        """The catalog's."""
        return self._catalog.path

    @property
    def catalog(self) -> Catalog:
        return self._catalog

    @property
    def manifest(self) -> Manifest:
        with self._lock:
            return self._manifest

    def newest(self) -> Snapshot:
        """The snapshot of the newest state; the one from before if nothing has changed.

        Raises:
            CorruptCollectionError: the catalog is damaged, or another collection took its place.
            CollectionReplacedError: the files are not those any more that were opened.
        """
        with storage_errors(self.path), using(self.path), self._lock:
            self.check_place()
            self._forget_pages()
            # A number that SQLite changes with every commit of another connection.
            if self._watch is None:
                self._watch = connect_to(self.path, self._catalog.file, writable=False)
                self._log = file_id(log_of(self.path))
            version = self._watch.execute("PRAGMA data_version").fetchone()[0]
            now = (version, self._read_stamp())
            if self._snapshot is None or now != self._seen:
                self._snapshot = self._refreshed()
                self._seen = (version, self._manifest_stamp)
            return self._snapshot

    def check_place(self) -> None:
        """See that the catalog and its log are the files that were opened.

        SQLite reads on from files that were removed, and would never see a change again.

        Raises:
            CollectionReplacedError: they are not.
        """
        with self._lock:
            check_file(self.path, self._catalog.file)
            if self._watch is not None and file_id(log_of(self.path)) != self._log:
                raise replaced(log_of(self.path))

    def check_change(self, change: int) -> None:
        """See that the catalog is not behind what was read of it: then an older one was put there.

        Raises:
            CollectionReplacedError: it is.
        """
        with self._lock:
            if change < self._change:
                raise replaced(self.path)

    def _forget_pages(self) -> None:
        """Let SQLite read the file anew if it has changed: not all that changes it is SQLite."""
        now = stamp(self.path)
        if now != self._catalog_stamp:
            self._catalog_stamp = now
            self.forget()

    def forget(self) -> None:
        """Open the catalog anew at the next look."""
        with using(self.path), self._lock:
            self._catalog.forget()
            self.close_idle()

    def adopt(self, manifest: Manifest, base: Base) -> None:
        """Go on from an index that this process has just published."""
        with using(self.path), self._lock:
            self._manifest_stamp = self._read_stamp()
            self._take(manifest)
            self._start_from(base)
            self.is_damaged = False
            self._snapshot = None

    def look_up(self) -> Manifest:
        """The manifest as it is on the disk now, without an index being loaded for it.

        Whoever is about to write goes by its encoders.
        """
        with using(self.path), self._lock:
            if self._manifest_stamp != self._read_stamp():
                self._reread_manifest()
            return self._manifest

    def take(self, manifest: Manifest) -> None:
        """Go by a manifest that this process has just written, of the same generation."""
        with using(self.path), self._lock:
            self._manifest_stamp = self._read_stamp()
            self._take(manifest)
            self._snapshot = None

    def _refreshed(self) -> Snapshot:
        for attempt in range(_TRIES):
            if self._manifest_stamp != self._read_stamp():
                self._reread_manifest()
            generation = self._manifest.generation
            number = 0 if generation is None else generation.number
            try:
                if self._base is None or self._base.generation != number:
                    self._start_from(self._load())
                snapshot = self._catch_up()
                if self._manifest_stamp == self._read_stamp() or attempt == _TRIES - 1:
                    return snapshot  # else it may be of a catalog in which others are to be seen
            except (DamagedGeneration, _Stale) as problem:
                # A writer may have published the next one just now; or this one is damaged.
                before, self._base = number, None
                self._reread_manifest()
                generation = self._manifest.generation
                if before == (generation.number if generation else 0) and attempt > 0:
                    self._start_from(self._rebuilt(before, problem))
                    return self._catch_up()
        raise damaged(self._folder, "its generations disappear while they are opened")

    def _load(self) -> Base:
        generation = self._manifest.generation
        if generation is None:
            return Base(0)
        store, arrays = load_generation(
            self._folder, generation, StoredVectors(self._catalog), self.thresholds
        )
        self.is_damaged = False
        return Base(generation.number, generation.change, generation.high_water, store, arrays)

    def _rebuilt(self, number: int, problem: Exception) -> Base:
        """An index made from the catalog, in memory, in place of one that cannot be used."""
        from anysense.index.vectors.engines import LOCAL, engine_of, recovered_store

        generation = self._manifest.generation
        layout = {} if generation is None else generation.layout
        is_local = engine_of(layout) == LOCAL
        _log.warning(
            "%s; %s: `anysense compact %s` repairs it on the disk.",
            str(problem) or "the generation is older than the catalog",
            "the index was rebuilt in memory" if is_local else "searches go without it",
            self._folder,
        )
        self.is_damaged = True
        with self._catalog.transaction() as connection:
            state = read_state(self._catalog.path, connection)
            sources = vector_sources(self._catalog, connection)
            store = recovered_store(
                layout, sources, StoredVectors(self._catalog), thresholds=self.thresholds
            )
        high_water = state.next_segment - 1
        if generation is not None and not is_local:
            high_water = generation.high_water
        return Base(number, state.change, high_water, store)

    def _start_from(self, base: Base) -> None:
        self._base, self._is_checked = base, False
        self._delta, self._delta_end = Delta(), base.high_water
        self._gone, self._change = np.empty(0, np.int64), base.change

    def _catch_up(self) -> Snapshot:
        """The snapshot of a base and of what has happened since."""
        assert self._base is not None
        base, catalog = self._base, self._catalog
        with catalog.transaction() as connection:
            state = read_state(catalog.path, connection)
            self.check_change(state.change)
            if state.purged > base.change:
                raise _Stale
            gone = catalog.tombstones(connection, self._change)
            partitions = catalog.partitions(connection)
            if not self._is_checked:
                newer = catalog.count_newer(connection, base.high_water)
        self._gone = np.sort(np.concatenate([self._gone, gone]))
        self._change = state.change
        manifest = self._manifest
        if self.is_damaged:  # what was measured is of other lists than these
            manifest = replace(manifest, tuning={**manifest.tuning, EFFORTS: {}})
        snapshot = Snapshot(
            catalog=catalog,
            manifest=manifest,
            store=base.store,
            load_newer=partial(self._newer, base, state.next_segment - 1, self._gone),
            tombstones=self._gone[self._gone <= base.high_water],
            partitions=partitions,
            change=state.change,
            high_water=state.next_segment - 1,
            arrays=base.arrays,
            thresholds=self.thresholds,
        )
        if not self._is_checked:
            self._check(snapshot, newer)
        return snapshot

    def _check(self, snapshot: Snapshot, newer: int) -> None:
        """See that the index and what is newer hold as many segments as the catalog says."""
        if snapshot.unpublished == newer:
            self._is_checked = True
            return
        self._base = None
        problem = (
            f"{newer} segments are newer than its index, and by the counts it should be "
            f"{snapshot.unpublished}"
        )
        if snapshot.store is None or self.is_damaged:
            raise damaged(self._catalog.path, problem)
        raise DamagedGeneration(f"{self._folder} has an index of another state: {problem}")

    def _newer(self, base: Base, high_water: int, gone: Ids) -> Mapping[Partition, Newer]:
        """The segments that a base does not have, up to a key and without those that are gone."""
        with using(self.path), self._lock:
            if base is self._base:
                if self._delta_end < high_water:
                    self._extend(self._delta, self._delta_end, high_water)
                    self._delta_end = high_water
                return self._delta.view(gone, high_water)
        delta = Delta()  # another generation has been published since
        self._extend(delta, base.high_water, high_water)
        return delta.view(gone, high_water)

    def _extend(self, delta: Delta, after: int, until: int) -> None:
        with self._catalog.transaction() as connection:
            expected = self._catalog.count_newer(connection, after, until)
            newer = self._catalog.newer(connection, after, until)
        if sum(len(ids) for ids, _ in newer.values()) != expected:
            raise damaged(self._catalog.path, f"{expected} segments have not as many vectors")
        for partition, (ids, vectors) in newer.items():
            delta.append(partition, ids, vectors)

    def _read_stamp(self) -> dict[str, int] | None:
        try:
            return stamp(self._folder / MANIFEST)
        except OSError:
            return None

    def _reread_manifest(self) -> None:
        seen = self._read_stamp()
        try:
            manifest = Manifest.read(self._folder)
        except (FileNotFoundError, DamagedManifest):
            manifest = self._manifest  # opening it again takes the catalog's copy
        if manifest.collection != self._manifest.collection:
            raise CorruptCollectionError(
                f"{self._folder} was replaced by another collection: open it again."
            )
        self._manifest_stamp = seen
        self._take(manifest)

    def _take(self, manifest: Manifest) -> None:
        """Go by another manifest, and see the spaces that it names."""
        before, self._manifest = self._manifest, manifest
        if _what_is_seen(before) != _what_is_seen(manifest):
            self._catalog = seen_by(self._catalog, manifest)


def _what_is_seen(manifest: Manifest) -> tuple[object, ...]:
    """What a catalog is seen by: equal for two manifests that see the same."""
    return (manifest.has_hidden, *((entry.space.id, entry.key) for entry in manifest.encoders))
