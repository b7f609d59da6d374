"""One state of a collection, to be searched: an index, what is newer, and what is gone."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.forking import new_lock
from anysense.index.catalog.keys import keys_of_items, keys_of_segments, segments_apart
from anysense.index.filters.filter import Filter, parse_filter
from anysense.index.segment_set import SegmentSet
from anysense.index.snapshots.manifest import APART, EFFORTS
from anysense.index.vectors.arrays import no_results
from anysense.index.vectors.delta import Newer, merge
from anysense.index.vectors.recall import Effort
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray, Modality
    from anysense.index.catalog.reader import Catalog
    from anysense.index.catalog.records import Item, SegmentRow
    from anysense.index.snapshots.manifest import Manifest
    from anysense.index.types import Ids, Partition
    from anysense.index.vectors.store import Store


__all__ = ["Snapshot"]

SAMPLE_SEED = 0
_KEPT_SELECTIONS = 16
_KEPT_BYTES = 1 << 26


@dataclass(frozen=True, eq=False)
class Snapshot:
    """An immutable view of a collection; may be searched from many threads.

    It keeps its index in memory, so publishing a new generation does not disturb it. Rows of items
    are read from the catalog as it is now: an item that was removed since has none.

    Attributes:
        catalog: where items and their rows are.
        manifest: what was current when it was taken.
        store: the FAISS index; None if nothing has been published yet.
        load_newer: reads the segments that the index does not have; see `newer`.
        tombstones: ids that the index has but the catalog has no more, ascending.
        partitions: how many segments each partition has, those of none left out.
        change: the number of the last change to the catalog that it includes.
        high_water: no segment in it has an id over this.
        arrays: what was published beside the index.
        thresholds: from which sizes on its index works in another way.
    """

    catalog: Catalog
    manifest: Manifest
    store: Store | None
    load_newer: Callable[[], Mapping[Partition, Newer]]
    tombstones: Ids
    partitions: Mapping[Partition, int]
    change: int
    high_water: int
    arrays: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    thresholds: Thresholds = DEFAULTS
    _selections: OrderedDict[Hashable, SegmentSet] = field(default_factory=OrderedDict, repr=False)
    _efforts: dict[tuple[Modality, Partition], Effort | None] = field(
        default_factory=dict, repr=False
    )
    _samples: dict[tuple[Partition, int], FloatArray] = field(default_factory=dict, repr=False)
    _newer: list[Mapping[Partition, Newer]] = field(default_factory=list, repr=False)
    _lock: threading.Lock = field(default_factory=new_lock, repr=False)

    @property
    def newer(self) -> Mapping[Partition, Newer]:
        """The segments that the index does not have.

        They are read when first needed: a process that only writes never needs them.

        Raises:
            CorruptCollectionError: their rows are damaged.
        """
        if not self._newer:
            self._newer.append(self.load_newer())
        return self._newer[0]

    @property
    def unpublished(self) -> int:
        """How many segments the index does not have, without reading them."""
        indexed = 0 if self.store is None else sum(self.store.partitions.values())
        return sum(self.partitions.values()) - indexed + len(self.tombstones)

    @property
    def is_overdue(self) -> bool:
        """Whether searches wait for what is unpublished, and it is as much as what is published.

        A long build publishes then. As that doubles each time, all of it costs no more than what is
        published at the end.
        """
        return self.unpublished >= max(self.thresholds.overdue, sum(self.partitions.values()) / 2)

    @property
    def is_behind_catalog(self) -> bool:
        """Whether there are changes that the index does not have."""
        return self.unpublished != 0 or len(self.tombstones) > 0

    @property
    def is_worth_publishing(self) -> bool:
        """Whether there is enough that is unpublished for the whole index to be written anew."""
        changes = self.unpublished + len(self.tombstones)
        is_large = sum(self.partitions.values()) >= self.thresholds.large
        return changes >= (self.thresholds.few if is_large else 1)

    def is_behind(self, segments: int) -> bool:
        """Whether so many segments are new or removed that the index is worth bringing up to date.

        Args:
            segments: how many; a twentieth of the collection if that is more.
        """
        changes = self.unpublished + len(self.tombstones)
        return changes >= max(segments, sum(self.partitions.values()) // 20)

    @property
    def version(self) -> tuple[int, int]:
        """Equal for two snapshots of the same state: the generation and the change."""
        generation = self.manifest.generation
        return (0 if generation is None else generation.number, self.change)

    def search(
        self,
        partition: Partition,
        queries: FloatArray,
        k: int,
        *,
        query_modality: Modality | None = None,
        allowed: SegmentSet | None = None,
    ) -> tuple[FloatArray, Ids]:
        """Find the segments of a partition whose vectors have the largest inner products.

        Args:
            partition: what to search.
            queries: (q, d) float32, or one query (d,).
            k: how many segments.
            query_modality: what the queries are, which tells how much of the index to scan for
                the collection's target recall; everything if None.
            allowed: only these segments.

        Returns:
            Scores (q, k) float32, descending, and segment ids (q, k); -inf and -1 where there are
            fewer. Of one query (d,): scores (n,) and ids (n,) with n <= k.
        """
        batch = np.atleast_2d(np.asarray(queries, np.float32))
        results = no_results(len(batch), k)
        if self.store is not None and partition in self.store.partitions:
            effort = None if query_modality is None else self.effort(query_modality, partition)
            excluded = self.tombstones if len(self.tombstones) else None
            results = self.store.search(
                partition, batch, k, effort, allowed=allowed, excluded=excluded
            )
        newer = self.newer.get(partition)
        if newer is not None:
            results = merge(results, newer.search(batch, k, allowed), k)
        if np.ndim(queries) == 1:
            (scores,), (ids,) = results
            return scores[ids >= 0], ids[ids >= 0]
        return results

    def effort(self, query_modality: Modality, partition: Partition) -> Effort | None:
        """What a search spends for the target recall, as measured; None if it was not."""
        route = (query_modality, partition)
        if route not in self._efforts:
            routes = self.manifest.tuning.get(EFFORTS, {}).get(partition.key, {})
            measured = routes.get(query_modality.value)
            # Of an index that an earlier version has published, less is known.
            self._efforts[route] = measured and Effort(
                **{name: measured[name] for name in Effort._fields if name in measured}
            )
        return self._efforts[route]

    def select(
        self,
        where: Filter | str | Mapping[str, Any] | None,
    ) -> SegmentSet | None:
        """The segments whose items a filter selects; None for all.

        Raises:
            FilterError: the filter cannot be read.
        """
        parsed = parse_filter(where) if not isinstance(where, Filter) else where
        if parsed is None:
            return None
        key = (parsed.sql, parsed.parameters)
        return self._selected(key, lambda: self.catalog.select(parsed))

    def _selected(self, key: Hashable, select: Callable[[], SegmentSet]) -> SegmentSet:
        """What was selected before under a key, if it is kept; else what is selected now."""
        with self._lock:
            if key in self._selections:
                self._selections.move_to_end(key)
                return self._selections[key]
        selected = select()
        with self._lock:
            kept = self._selections
            kept[key] = selected
            while len(kept) > _KEPT_SELECTIONS or (
                len(kept) > 1 and sum(each.nbytes for each in kept.values()) > _KEPT_BYTES
            ):
                kept.popitem(last=False)
        return selected

    def apart(self, partition: Partition, other: Partition) -> SegmentSet:
        """The segments of a partition whose items have none in another one.

        There are none where none were found when the collection got the other's encoder.
        """
        if partition.key not in self.manifest.tuning.get(APART, ()):
            return SegmentSet.of(())
        key = (partition, other)
        return self._selected(key, lambda: segments_apart(self.catalog, partition, other))

    def keys_of_segments(self, segment_ids: Sequence[int] | Ids) -> list[int | None]:
        """The key of the item of each segment, in order; None for a segment removed since."""
        return keys_of_segments(self.catalog, segment_ids)

    def keys_of_items(self, item_ids: Iterable[str]) -> frozenset[int]:
        """The keys of some items, by id; an id that no item has is passed over."""
        return keys_of_items(self.catalog, item_ids)

    def rows(self, segment_ids: Sequence[int] | Ids) -> list[SegmentRow | None]:
        """One row for each id, in order; None for -1, and for a segment removed since."""
        return self.catalog.rows(segment_ids)

    def vectors(self, partition: Partition, ids: Ids) -> FloatArray:
        """The vectors of segments of a partition, in the order of their ids (n,): (n, d) float32.

        Raises:
            UsageError: one of them is not in the partition.
        """
        newer = self.newer.get(partition)
        fresh = np.zeros(len(ids), bool)
        vectors = np.empty((len(ids), self._dimension(partition.space)), np.float32)
        if newer is not None:
            places = np.searchsorted(newer.ids, ids).clip(max=len(newer.ids) - 1)
            fresh = newer.ids[places] == ids
            vectors[fresh] = newer.vectors[places[fresh]]
        if self.store is not None and not fresh.all():
            vectors[~fresh] = self.store.vectors(partition, ids[~fresh])
        return vectors

    def _dimension(self, space: str) -> int:
        dimensions = {entry.space.id: entry.space.dimension for entry in self.manifest.encoders}
        return dimensions.get(space, 0)

    def items_by_kind(self) -> dict[str, int]:
        """How many items there are of each kind that has any."""
        with self.catalog.transaction() as connection:
            kinds = self.catalog.totals(connection).items
        return {kind.value: count for kind, count in kinds.items()}

    def item(self, item_id: str) -> Item:
        """An item, as it is now.

        Raises:
            ItemNotFoundError: there is none of that id.
        """
        return self.catalog.item(item_id)

    def item_vectors(self, item_id: str) -> dict[Partition, FloatArray]:
        """The vectors of an item, as it is now: (n, d) float32 by partition.

        Raises:
            ItemNotFoundError: there is none of that id.
        """
        return self.catalog.item_vectors(item_id)

    def sample(self, partition: Partition, n: int) -> FloatArray:
        """Up to n vectors of a partition, (m, d) float32; the same from the same state."""
        with self._lock:
            if (partition, n) not in self._samples:
                self._samples[partition, n] = self._sample(partition, n)
            return self._samples[partition, n]

    def _sample(self, partition: Partition, n: int) -> FloatArray:
        total = self.partitions.get(partition, 0)
        parts: list[FloatArray] = []
        newer = self.newer.get(partition)
        fresh = 0 if newer is None else len(newer.ids)
        take = fresh if total <= n else round(n * fresh / total)
        if newer is not None and take:
            rng = np.random.default_rng(SAMPLE_SEED)
            parts.append(newer.vectors[np.sort(rng.choice(fresh, take, replace=False))])
        store = self.store
        # What is newer may have gone before it was read: the index need not have the rest.
        if store is not None and partition in store.partitions and total > fresh and n > take:
            # A few more are drawn in case some of them are gone.
            spare = n - take + len(self.tombstones)
            ids, vectors = store.sample(partition, spare, SAMPLE_SEED)
            live = ~np.isin(ids, self.tombstones)
            parts.append(_thinned(vectors[live], n - take))
        if not parts:
            return np.empty((0, self._dimension(partition.space)), np.float32)
        return np.concatenate(parts)


def _thinned(vectors: FloatArray, n: int) -> FloatArray:
    """Up to n of the vectors, drawn evenly: a prefix would favour the oldest."""
    if len(vectors) <= n:
        return vectors
    rng = np.random.default_rng(SAMPLE_SEED)
    return vectors[np.sort(rng.choice(len(vectors), n, replace=False))]
