"""Making a `Store`: anew from the vectors of the catalog, or from the store before it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import CorruptCollectionError
from anysense.index.vectors.arrays import as_ids, check_unique, pad, training_sample
from anysense.index.vectors.faiss.store import Store, Writer, train_centroids
from anysense.index.vectors.layout import PartitionLayout, lists_for, padded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids, Partition, VectorSource


__all__ = ["build_store", "update_store"]


def build_store(
    sources: Mapping[Partition, VectorSource],
    previous: Store | None,
    renew: Collection[Partition],
    seed: int,
    progress: Callable[[int, int], None] | None,
) -> Store:
    """What `Store.build` does."""
    entries: list[PartitionLayout] = []
    centroids: list[FloatArray] = []
    width = padded(max((source.dimension for source in sources.values()), default=1))
    first = 0
    for partition in sorted(sources):
        source = sources[partition]
        kept = None if partition in renew else previous
        means, trained = _centroids(partition, source, kept, seed)
        entry = PartitionLayout(
            partition, source.dimension, first, len(means), source.count, trained
        )
        entries.append(entry)
        centroids.append(pad(means, width))
        first = entry.stop_list
    writer = Writer(width, centroids)
    total, done = sum(entry.count for entry in entries), 0
    for entry in entries:
        stored = 0
        for ids, vectors in sources[entry.partition].batches():
            writer.append(entry, as_ids(ids), vectors)
            stored += len(ids)
            if progress is not None:
                progress(done + stored, total)
        if stored != entry.count:
            raise CorruptCollectionError(
                f"The catalog gave {stored} vectors of {entry.partition} where it announced "
                f"{entry.count}; check it with `anysense verify`."
            )
        done += stored
    store = Store(writer.index, entries)
    check_unique(store.all_ids())
    return store.packed(previous)


def _centroids(
    partition: Partition, source: VectorSource, previous: Store | None, seed: int
) -> tuple[FloatArray, int]:
    """Centroids for a partition, and how many segments it had when they were trained."""
    lists = lists_for(source.count)
    if lists == 1:
        return np.zeros((1, source.dimension), dtype=np.float32), source.count
    entry = None if previous is None else previous.layout.get(partition)
    if previous is not None and entry is not None and entry.lists > 1:
        fits = not replace(entry, count=source.count).needs_recluster
        if fits and entry.dimension == source.dimension:
            return previous.centroids(partition)[:, : entry.dimension], entry.trained
    return train_centroids(training_sample(source, lists, seed), lists, seed), source.count


def update_store(
    old: Store, add: Mapping[Partition, tuple[Ids, NDArray[Any]]], remove: Iterable[int] | Ids
) -> Store:
    """What `Store.updated` does."""
    gone = np.concatenate([as_ids(remove), *(as_ids(ids) for ids, _ in add.values())])
    entries = dict(old.layout)
    first = sum(entry.lists for entry in entries.values())
    for partition in sorted(set(add) - set(entries)):
        dimension = int(np.shape(add[partition][1])[-1])
        entries[partition] = PartitionLayout(partition, dimension, first, 1, 0, 0)
        first += 1
    width = padded(max((entry.dimension for entry in entries.values()), default=1))
    writer = Writer(width, [pad(old.centroids(p), width) for p in old.layout], first)
    for partition, entry in entries.items():
        count = _copy(old, writer, entry, gone) if partition in old.layout else 0
        if partition in add:
            ids, vectors = as_ids(add[partition][0]), add[partition][1]
            writer.append(entry, ids, vectors)
            count += len(ids)
        entries[partition] = replace(entry, count=count)
    store = Store(writer.index, list(entries.values()))
    check_unique(store.all_ids())
    return store.packed(old)


def _copy(old: Store, writer: Writer, entry: PartitionLayout, gone: Ids) -> int:
    """Copy the lists of a partition, without the segments `gone`; returns how many stay."""
    places = old.id_map(entry.partition)
    lost = places.present(gone)
    lists, offsets = places.lists[lost], places.offsets[lost]
    touched = set(lists.tolist())
    for number in range(entry.lists):
        ids, codes = old.read_list(entry.first_list + number)
        if number in touched:
            keep = np.ones(len(ids), dtype=bool)
            keep[offsets[lists == number]] = False
            ids, codes = ids[keep], codes[keep]
        writer.append_codes(entry.first_list + number, ids, codes)
    return entry.count - len(lost)
