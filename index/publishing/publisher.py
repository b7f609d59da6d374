"""Publishing: from the state of the catalog to a generation of the FAISS index on disk.

The order makes every instant safe: the new generation is complete before the manifest names it,
and the old one and its tombstones go after that.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from anysense.index.background.bank import moved_arrays
from anysense.index.bridging.published import kept_bridges
from anysense.index.catalog.keys import segments_apart
from anysense.index.catalog.reader import read_state
from anysense.index.catalog.sqlite.connections import storage_errors
from anysense.index.catalog.vectors import StoredVectors, vector_sources
from anysense.index.mapping.published import draw_maps
from anysense.index.publishing.canaries import measure_routes, partitions_to_recluster
from anysense.index.snapshots.generation import (
    Draft,
    draft_generation,
    link_index,
    remove_others,
    write_generation,
)
from anysense.index.snapshots.manifest import (
    APART,
    EFFORTS,
    MANIFEST,
    TARGET,
    DamagedManifest,
    Manifest,
    Tuning,
)
from anysense.index.snapshots.seen import seen_by, seen_spaces
from anysense.index.snapshots.snapshot import Snapshot
from anysense.index.snapshots.views import Base, Views
from anysense.index.vectors.engines import (
    LOCAL,
    Building,
    clear_engines,
    engine_of,
    is_lost,
    owner_of,
)
from anysense.index.vectors.recall import TARGET_RECALL

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from anysense.index.catalog.writer import CatalogWriter
    from anysense.index.types import Partition, Progress
    from anysense.index.vectors.store import Store

__all__ = ["Publisher"]

ENGINE_NOTES = "engine|"
"""What the keys of notes begin with that name engines where something may have to be dropped."""

_MOST_IN_MEMORY = 100_000  # newer segments that are handed over as arrays


@dataclass(frozen=True)
class Publisher:
    """Publishes one collection.

    Attributes:
        folder: the collection.
        views: its snapshots.
        writer: the right to write.
        engine: where the index is to be; where it is if None.
    """

    folder: Path
    views: Views
    writer: CatalogWriter
    engine: str | None = None

    def publish(
        self,
        progress: Progress | None,
        tune: Callable[[Snapshot], Tuning],
        *,
        rebuild: bool,
        retune: bool,
        engine: str | None = None,
    ) -> int:
        """Publish the newest state of the catalog; returns the generation that is current then.

        Args:
            progress: called with the vectors stored so far and in all.
            tune: measures or fits what is published with the index.
            rebuild: cluster every partition anew.
            retune: publish again also where only what `tune` gives is new.
            engine: where the index is to be, see `anysense.index.vectors.engines`; where it is if
                None.
        """
        with self.views.publishing, storage_errors(self.folder):
            snapshot = self.views.newest()
            number = snapshot.version[0]
            stale = bool(snapshot.unpublished or len(snapshot.tombstones) or self.views.is_damaged)
            moves = engine is not None and engine != _engine_of(snapshot)
            stale |= engine is not None and not moves and self._is_lost(snapshot)
            if not (stale or rebuild or moves or (retune and number)):
                return number
            moving = replace(self, engine=engine) if moves else self
            with draft_generation(self.folder, snapshot.manifest.generation) as draft:
                following = moving._next(snapshot, draft, progress, rebuild=rebuild or moves)
                tuning = self._tuning(snapshot, following, tune)
                return self._commit(following, draft, tuning, draws_anew=rebuild)

    def switch(
        self,
        changed: Callable[[Manifest], Manifest],
        tune: Callable[[Snapshot], Tuning],
        progress: Progress | None = None,
    ) -> int:
        """Publish the newest state of the catalog for other encoders; searches go by them then.

        Args:
            changed: from the manifest that is current to that with the other encoders.
            tune: as above.
            progress: as above.

        Returns:
            The number of the generation that is current then.
        """
        with self.views.publishing, storage_errors(self.folder):
            before = self.views.newest()
            base = _for_encoders(before, changed(before.manifest))
            base = replace(base, manifest=_with_apart(base, before.partitions))
            known = {entry.space for entry in before.manifest.encoders}
            others = [e.space.id for e in base.manifest.encoders if e.space not in known]
            layout = {} if before.store is None else before.store.layout
            renew = [partition for partition in layout if partition.space in others]
            with draft_generation(self.folder, before.manifest.generation) as draft:
                following = self._built(base, before.store, draft.path, progress, renew)
                return self._commit(following, draft, self._tuning(base, following, tune))

    def rename(self, changed: Callable[[Manifest], Manifest]) -> None:
        """Make another manifest current, with the same generation and the same encoders."""
        with self.views.publishing, storage_errors(self.folder):
            manifest = changed(self.views.newest().manifest)
            manifest.write(self.folder)
            self.views.take(manifest)
            self.writer.use(seen_spaces(self.views.catalog, manifest))
            self.writer.note({MANIFEST: manifest.to_text()})

    def _next(
        self, snapshot: Snapshot, draft: Draft, progress: Progress | None, *, rebuild: bool
    ) -> Snapshot:
        """The snapshot of an index that has everything."""
        folder = draft.path
        if snapshot.store is None or rebuild:
            return self._built(snapshot, None, folder, progress)
        outgrown = partitions_to_recluster(snapshot)
        many = snapshot.unpublished > _MOST_IN_MEMORY or self._is_lost(snapshot)
        if outgrown or many or self._has_outgrown_lists(snapshot):
            return self._built(snapshot, snapshot.store, folder, progress, outgrown)
        if self._has_same_lists(snapshot, draft):
            return _as_published(snapshot, snapshot.store)
        newer = {p: (n.ids, n.vectors) for p, n in snapshot.newer.items()}
        store = snapshot.store.updated(newer, snapshot.tombstones, folder=folder)
        return _as_published(snapshot, store)

    def _has_outgrown_lists(self, snapshot: Snapshot) -> bool:
        """Whether a partition of the catalog has another size than its lists are good for."""
        assert snapshot.store is not None
        layout, exact = snapshot.store.layout, self.views.thresholds.exact
        known = {p: replace(e, count=snapshot.partitions.get(p, 0)) for p, e in layout.items()}
        new = [count for p, count in snapshot.partitions.items() if p not in layout]
        is_due = any(entry.needs_recluster(exact) for entry in known.values())
        return is_due or max(new, default=0) > exact

    def _has_same_lists(self, snapshot: Snapshot, draft: Draft) -> bool:
        """Have the lists as they are in a draft, if nothing has changed; whether they are there."""
        generation = snapshot.manifest.generation
        if snapshot.unpublished or len(snapshot.tombstones) or self.views.is_damaged:
            return False
        return generation is not None and link_index(self.folder, generation, draft)

    def _built(
        self,
        snapshot: Snapshot,
        previous: Store | None,
        folder: Path,
        progress: Progress | None,
        renew: Collection[Partition] = (),
    ) -> Snapshot:
        """The snapshot of an index that is built from the catalog, on the disk or elsewhere."""
        building = self._building(snapshot, folder)
        if building.engine != LOCAL:
            self.writer.note({f"{ENGINE_NOTES}{building.engine}": ""})
        catalog = snapshot.catalog
        with catalog.transaction() as connection:
            state = read_state(catalog.path, connection)
            partitions = catalog.partitions(connection)
            sources = vector_sources(catalog, connection)
            store = building.build(
                sources,
                StoredVectors(catalog),
                previous=previous,
                renew=renew,
                progress=progress,
            )
        snapshot = replace(
            snapshot,
            partitions=partitions,
            change=state.change,
            high_water=state.next_segment - 1,
        )
        return _as_published(snapshot, store)

    def _tuning(
        self,
        old: Snapshot,
        new: Snapshot,
        tune: Callable[[Snapshot], Tuning],
    ) -> Tuning:
        fitted = tune(new)
        tuning = Tuning(
            {**old.manifest.tuning, **fitted.sections, TARGET: TARGET_RECALL},
            {**old.arrays, **fitted.arrays},
        )
        measured = {EFFORTS: measure_routes(new, tuning, old)}
        return replace(tuning, sections={**tuning.sections, **measured})

    def _commit(
        self, snapshot: Snapshot, draft: Draft, tuning: Tuning, *, draws_anew: bool = False
    ) -> int:
        assert snapshot.store is not None
        maps = draw_maps(self.folder, snapshot, tuning, anew=draws_anew)
        number = draft.number
        generation = write_generation(
            self.folder,
            draft,
            snapshot.store,
            tuning.arrays,
            maps.arrays,
            change=snapshot.change,
            high_water=snapshot.high_water,
        )
        manifest = snapshot.manifest.with_generation(
            generation, {**tuning.sections, **maps.sections}
        )
        try:
            manifest.write(self.folder)
        except BaseException:
            if not _names(self.folder, number):
                shutil.rmtree(self.folder / generation.folder, ignore_errors=True)
            raise
        base = Base(number, snapshot.change, snapshot.high_water, snapshot.store, tuning.arrays)
        self.views.adopt(manifest, base)
        self.writer.use(seen_spaces(self.views.catalog, manifest))
        self.writer.published(snapshot.change, {MANIFEST: manifest.to_text()})
        remove_others(self.folder, generation)
        self._clear_engines(manifest, snapshot.store)
        return number

    def _building(self, snapshot: Snapshot, folder: Path) -> Building:
        return Building(
            self.engine or _engine_of(snapshot),
            folder,
            owner_of(snapshot.manifest.collection, self.folder),
            self.views.thresholds,
        )

    def _is_lost(self, snapshot: Snapshot) -> bool:
        """Whether the index is elsewhere and cannot be added to."""
        return is_lost(snapshot.store, owner_of(snapshot.manifest.collection, self.folder))

    def _clear_engines(self, manifest: Manifest, store: Store) -> None:
        """Remove from engines elsewhere what no generation needs any more.

        What cannot be removed, or is left by a kill, is removed after the next publishing.
        """
        notes = self.views.catalog.notes(ENGINE_NOTES)
        engines = [key.removeprefix(ENGINE_NOTES) for key in notes]
        if engines:
            owner = owner_of(manifest.collection, self.folder)
            left = clear_engines(engines, owner, store)
            done: dict[str, str | None] = {f"{ENGINE_NOTES}{engine}": None for engine in left}
            self.writer.note(done)


def _engine_of(snapshot: Snapshot) -> str:
    """Where the index of a snapshot is."""
    generation = snapshot.manifest.generation
    return LOCAL if generation is None else engine_of(generation.layout)


def _names(folder: Path, number: int) -> bool:
    """Whether the manifest names a generation."""
    with contextlib.suppress(OSError, DamagedManifest):
        generation = Manifest.read(folder).generation
        return generation is not None and generation.number == number
    return False


def _for_encoders(snapshot: Snapshot, manifest: Manifest) -> Snapshot:
    """A snapshot for the encoders of another manifest, with what was fitted for those that stay."""
    bridges = kept_bridges(manifest, snapshot.arrays)
    before, after = (
        [entry.space for entry in each.encoders] for each in (snapshot.manifest, manifest)
    )
    return replace(
        snapshot,
        catalog=seen_by(snapshot.catalog, manifest),
        manifest=replace(manifest, tuning={**manifest.tuning, **bridges.sections}),
        arrays={**moved_arrays(snapshot.arrays, before, after), **bridges.arrays},
    )


def _with_apart(snapshot: Snapshot, before: Iterable[Partition]) -> Manifest:
    """The manifest of a snapshot, which says where items are that its first encoders have not.

    Args:
        snapshot: the catalog and the encoders, preferred first.
        before: the partitions that there were with the encoders before.
    """
    with snapshot.catalog.transaction() as connection:
        present = snapshot.catalog.partitions(connection)
    order = [entry.space.id for entry in snapshot.manifest.encoders]
    lone = [
        partition.key
        for partition in before
        if partition in present
        for other in present
        if other.modality == partition.modality
        and order.index(other.space) < order.index(partition.space)
        and len(segments_apart(snapshot.catalog, partition, other))
    ]
    tuning = {**snapshot.manifest.tuning, APART: list(dict.fromkeys(lone))}
    return replace(snapshot.manifest, tuning=tuning)


def _as_published(snapshot: Snapshot, store: Store) -> Snapshot:
    return Snapshot(
        catalog=snapshot.catalog,
        manifest=snapshot.manifest,
        store=store,
        load_newer=dict,
        tombstones=np.empty(0, np.int64),
        partitions=snapshot.partitions,
        change=snapshot.change,
        high_water=snapshot.high_water,
        arrays=snapshot.arrays,
        thresholds=snapshot.thresholds,
    )
