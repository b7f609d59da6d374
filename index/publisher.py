"""Publishing: from the state of the catalog to a generation of the FAISS index on disk.

The order makes every instant safe: the new generation is complete before the manifest names it,
and the old one and its tombstones go after that.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.types import Modality
from anysense.index.catalog import read_state
from anysense.index.catalog_vectors import vector_sources
from anysense.index.database import translated
from anysense.index.generation import next_number, remove_others, write_generation
from anysense.index.manifest import MANIFEST, DamagedManifest, Manifest, Tuning
from anysense.index.partition import Partition
from anysense.index.snapshot import Snapshot
from anysense.index.views import Base, Views

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.catalog_writer import CatalogWriter
    from anysense.index.store import Store

__all__ = ["TARGET_RECALL", "Publisher", "measure_nprobe"]

TARGET_RECALL = 0.95
"""The share of the true 10 nearest segments that a search is to find."""
_RECALL_K = 10
_RECALL_QUERIES = 256
_MOST_IN_MEMORY = 100_000  # newer segments that are handed over as arrays

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Publisher:
    """Publishes one collection.

    Attributes:
        folder: the collection.
        views: its snapshots.
        writer: the right to write.
        calibrate: fits what is published with every index, unless `publish` is told otherwise.
    """

    folder: Path
    views: Views
    writer: CatalogWriter
    calibrate: Callable[[Snapshot], Tuning] | None = None

    def publish(
        self,
        progress: Progress | None,
        tune: Callable[[Snapshot], Tuning] | None,
        *,
        rebuild: bool,
    ) -> int:
        """See `anysense.index.collection.Collection.publish`."""
        with self.views.publishing, translated(self.folder):
            snapshot = self.views.newest()
            number = snapshot.version[0]
            stale = bool(snapshot.unpublished or len(snapshot.tombstones) or self.views.is_damaged)
            if not (stale or rebuild or (tune is not None and number)):
                return number
            next_snapshot = self._next(snapshot, progress, rebuild=rebuild)
            tuning = self._tuning(snapshot, next_snapshot, tune)
            return self._commit(next_snapshot, tuning)

    def _next(self, snapshot: Snapshot, progress: Progress | None, *, rebuild: bool) -> Snapshot:
        """The snapshot of an index that has everything."""
        store: Store | None = None
        if snapshot.store is not None and not rebuild:
            if snapshot.unpublished > _MOST_IN_MEMORY:
                return self._built(snapshot, snapshot.store, progress)
            newer = {p: (n.ids, n.vectors) for p, n in snapshot.newer.items()}
            store = snapshot.store.updated(newer, snapshot.tombstones)
            if not store.needs_recluster:
                return _as_published(snapshot, store)
        return self._built(snapshot, store, progress)

    def _built(
        self, snapshot: Snapshot, previous: Store | None, progress: Progress | None
    ) -> Snapshot:
        """The snapshot of an index that is built from the catalog, a batch at a time."""
        from anysense.index.store import Store

        catalog = self.views.catalog
        with catalog.transaction() as connection:
            state = read_state(catalog.path, connection)
            partitions = catalog.partitions(connection)
            sources = vector_sources(catalog, connection)
            store = Store.build(sources, previous=previous, progress=progress)
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
        tune: Callable[[Snapshot], Tuning] | None,
    ) -> Tuning:
        tune = tune or self.calibrate
        fitted = Tuning(arrays=old.arrays) if tune is None else tune(new)
        sections = {**old.manifest.tuning, "target_recall": TARGET_RECALL}
        sections["nprobe"] = measure_nprobe(new, old)
        for name, section in fitted.sections.items():
            if name == "nprobe":
                section = _merged(sections["nprobe"], section)
            sections[name] = section
        return Tuning(sections, {**old.arrays, **fitted.arrays})

    def _commit(self, snapshot: Snapshot, tuning: Tuning) -> int:
        assert snapshot.store is not None
        number = next_number(self.folder, snapshot.manifest.generation)
        generation = write_generation(
            self.folder,
            number,
            snapshot.store,
            tuning.arrays,
            change=snapshot.change,
            high_water=snapshot.high_water,
        )
        manifest = snapshot.manifest.with_generation(generation, tuning.sections)
        try:
            manifest.write(self.folder)
        except BaseException:
            if not _names(self.folder, number):
                shutil.rmtree(self.folder / generation.folder, ignore_errors=True)
            raise
        base = Base(number, snapshot.change, snapshot.high_water, snapshot.store, tuning.arrays)
        self.views.adopt(manifest, base)
        self.writer.published(snapshot.change, {MANIFEST: manifest.to_text()})
        remove_others(self.folder, generation)
        return number


def _names(folder: Path, number: int) -> bool:
    """Whether the manifest names a generation."""
    with contextlib.suppress(OSError, DamagedManifest):
        generation = Manifest.read(folder).generation
        return generation is not None and generation.number == number
    return False


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
    )


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    keys = [*one, *(key for key in other if key not in one)]
    return {key: {**one.get(key, {}), **other.get(key, {})} for key in keys}


def measure_nprobe(snapshot: Snapshot, before: Snapshot | None = None) -> dict[str, Any]:
    """For each clustered partition and each modality of queries, how many lists to scan.

    The queries are segments of the same space. Where the collection has none of a modality,
    nothing can be measured, and a search with such a query scans everything.

    Args:
        snapshot: of an index that has everything.
        before: what was published last; where the lists are the same, so are the figures.

    Returns:
        ``{partition: {query modality: {"nprobe": ..., "recall": ..., "queries": ...}}}``.
    """
    assert snapshot.store is not None
    store, measured = snapshot.store, {}
    for partition, layout in store.layout.items():
        if layout.lists == 1:
            continue
        kept: Mapping[str, Any] = {}
        if before is not None and before.store is not None:
            old = before.store.layout.get(partition)
            if old is not None and (old.lists, old.trained) == (layout.lists, layout.trained):
                kept = before.manifest.tuning.get("nprobe", {}).get(partition.key, {})
        measured[partition.key] = dict(kept)
        for modality in Modality:
            queries = Partition(partition.space, modality)
            if modality.value not in kept and queries in store.partitions:
                measured[partition.key][modality.value] = _measure(store, partition, queries)
    return measured


def _measure(store: Store, partition: Partition, queries: Partition) -> dict[str, Any]:
    ids, vectors = store.sample(queries, _RECALL_QUERIES, seed=1)
    if queries.modality != partition.modality:
        vectors = vectors - vectors.mean(axis=0)  # as a search does that crosses modalities
    nprobe, recall = store.choose_nprobe(
        partition,
        vectors,
        target_recall=TARGET_RECALL,
        k=_RECALL_K,
        query_ids=ids if queries == partition else None,
    )
    return {"nprobe": int(nprobe), "recall": round(float(recall), 4), "queries": len(ids)}
