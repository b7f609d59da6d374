"""The index of a collection in Milvus."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import AnysenseError, UsageError
from anysense.index.vectors.arrays import as_ids, no_results
from anysense.index.vectors.milvus import dialect
from anysense.index.vectors.milvus.client import Milvus
from anysense.index.vectors.milvus.filling import Filling
from anysense.index.vectors.milvus.layout import MilvusLayout, read_layout, write_layout
from anysense.index.vectors.milvus.remote import Remote
from anysense.index.vectors.milvus.search import PartitionSearch
from anysense.index.vectors.recall import MEASURED_K, TARGET_RECALL, Effort
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.segment_set import SegmentSet
    from anysense.index.types import Ids, Partition, Progress, VectorSource
    from anysense.index.vectors.layout import PartitionLayout
    from anysense.index.vectors.milvus.address import Address
    from anysense.index.vectors.store import Store, VectorReader

__all__ = ["MilvusStore", "sweep"]

_log = logging.getLogger("anysense")


class MilvusStore:
    """A `Store` by Milvus. What its methods do is said there.

    Milvus gives candidates; vectors and scores are the catalog's, as of now. So a segment that was
    removed since is found no more, and its vector is all zeros for whoever has its id still. No
    server is asked before something is searched for.

    Attributes:
        place: where it is, and what it holds.
        reader: the catalog's vectors.
    """

    def __init__(
        self,
        place: MilvusLayout,
        reader: VectorReader,
        thresholds: Thresholds = DEFAULTS,
        *,
        remote: Remote | None = None,
    ) -> None:
        """Use `build` or `load`."""
        self.place = place
        self.reader = reader
        self._thresholds = thresholds
        self._remote = remote or Remote(Milvus(place.address))
        self._gone: list[Ids] = []

    @staticmethod
    def build(
        sources: Mapping[Partition, VectorSource],
        reader: VectorReader,
        address: Address,
        owner: str,
        *,
        label: str = "",
        previous: Store | None = None,
        renew: Collection[Partition] = (),
        progress: Progress | None = None,
        thresholds: Thresholds = DEFAULTS,
    ) -> MilvusStore:
        """Bring an index in Milvus to the state of `sources`, and return it.

        Nothing that an earlier index finds is changed: to collections of `previous` what is newer
        is added, over its high-water mark; for all else new collections are made.

        Args:
            sources: the vectors of each partition, ascending by id.
            reader: the same, by id.
            address: of the server.
            owner: what the names of its collections begin with; no other folder's do.
            label: what they go on with.
            previous: an index of an earlier state; its collections are used again if they are its
                owner's, at the same address.
            renew: partitions that go to new collections all the same.
            progress: called with the vectors stored so far and in all.
            thresholds: what decides between the ways to search it.

        Raises:
            UsageError: a vector is not finite, too large for fp16 or of the wrong length, or an
                id is negative or there twice.
            EngineUnavailableError: the server does not answer, or is too old.
        """
        remote = Remote(Milvus(address))
        base = MilvusLayout(address, owner, -1, {})
        if isinstance(previous, MilvusStore):
            before = previous.place
            if (before.address, before.owner) == (address, owner):
                base = before
        fill = Filling(remote, base, renew, f"{owner}{label}_{secrets.token_hex(4)}")
        places = fill.run(sources, progress)
        layout = MilvusLayout(address, owner, fill.high_water, places)
        return MilvusStore(layout, reader, thresholds, remote=remote)

    @staticmethod
    def load(
        content: Mapping[str, Any], reader: VectorReader, *, thresholds: Thresholds = DEFAULTS
    ) -> MilvusStore:
        """The index that a manifest names.

        Raises:
            CorruptCollectionError: it cannot be read.
        """
        return MilvusStore(read_layout(content), reader, thresholds)

    def recounted(self) -> MilvusStore:
        """The same index, for whoever does not know any more what was removed since."""
        high_water = self.place.high_water
        places = {
            partition: replace(place, count=self.reader.count(partition, high_water))
            for partition, place in self.place.places.items()
        }
        layout = replace(self.place, places=places)
        return MilvusStore(layout, self.reader, self._thresholds)

    def save(self, folder: Path) -> dict[str, Any]:
        return write_layout(self.place, dialect.INDEX)

    def updated(
        self,
        add: Mapping[Partition, tuple[Ids, NDArray[Any]]] | None = None,
        remove: Iterable[int] | Ids = (),
        *,
        folder: Path | None = None,
    ) -> MilvusStore:
        del folder  # it has no files
        add = {} if add is None else add
        fill = Filling(self._remote, self.place, (), f"{self.place.owner}_{secrets.token_hex(4)}")
        gone = np.unique(as_ids(remove))
        places = dict(self.place.places)
        for partition, place in places.items():
            removed = len(self._remote.present(place, gone)) if len(gone) else 0
            places[partition] = replace(place, count=place.count - removed)
        places = fill.add(places, add)
        layout = replace(self.place, high_water=fill.high_water, places=places)
        store = MilvusStore(layout, self.reader, self._thresholds, remote=self._remote)
        store._gone = [*self._gone, gone]
        return store

    # What it holds

    @property
    def partitions(self) -> Mapping[Partition, int]:
        return {partition: place.count for partition, place in self.place.places.items()}

    @property
    def layout(self) -> Mapping[Partition, PartitionLayout]:
        return self.place.as_lists(self._thresholds.elsewhere)

    @property
    def nbytes(self) -> int:
        """About what it takes of the server's memory."""
        links = 2 * 4 * int(dialect.INDEX["M"])
        return sum(
            place.count * (place.dimension * dialect.itemsize(place.vectors) + 8 + links)
            for place in self.place.places.values()
        )

    @property
    def needs_recluster(self) -> tuple[Partition, ...]:
        return ()  # a graph grows with what is added

    def keeps_centroids(self, partition: Partition, other: Store) -> bool:
        if not isinstance(other, MilvusStore):
            return False
        mine, its = self.place.places.get(partition), other.place.places.get(partition)
        return mine is not None and its is not None and mine.collection == its.collection

    def contains(self, partition: Partition, ids: Ids) -> NDArray[np.bool_]:
        place = self.place.places.get(partition)
        if place is None:
            return np.zeros(len(ids), bool)
        ids = as_ids(ids)
        there: NDArray[np.bool_] = np.isin(ids, self._remote.present(place, np.unique(ids)))
        return there & (ids <= self.place.high_water)

    def vectors(self, partition: Partition, ids: Ids) -> FloatArray:
        ids = as_ids(ids)
        place = self.place.places.get(partition)
        if place is None:
            if len(ids):
                raise _absent(ids[0], partition)
            return np.empty((0, 0), np.float32)
        known, stored = self.reader.read(partition, np.unique(ids))
        order = np.argsort(known)
        places = np.searchsorted(known[order], ids).clip(max=max(0, len(known) - 1))
        found = known[order][places] == ids if len(known) else np.zeros(len(ids), bool)
        found &= ids <= self.place.high_water
        missing = ids[~found]
        if len(missing) and (
            missing.min() < 0
            or missing.max() > self.place.high_water
            or self.reader.exist(missing).any()
        ):
            raise _absent(missing[0], partition)
        vectors = np.zeros((len(ids), place.dimension), np.float32)
        vectors[found] = stored[order][places[found]]
        return vectors

    def sample(self, partition: Partition, n: int, seed: int = 0) -> tuple[Ids, FloatArray]:
        if partition not in self.place.places:
            return np.empty(0, np.int64), np.empty((0, 0), np.float32)
        ids = self.reader.ids(partition, self.place.high_water)
        if n < len(ids):
            ids = ids[np.sort(np.random.default_rng(seed).choice(len(ids), n, replace=False))]
        return ids, self.vectors(partition, ids)

    # Searching it

    def search(
        self,
        partition: Partition,
        queries: FloatArray,
        k: int,
        effort: Effort | None = None,
        *,
        allowed: SegmentSet | None = None,
        excluded: Ids | None = None,
    ) -> tuple[FloatArray, Ids]:
        if k < 1:
            raise UsageError(f"k must be at least 1, not {k}.")
        if partition not in self.place.places:
            return no_results(len(np.atleast_2d(queries)), k)
        search = self.search_of(partition)
        return search.nearest(queries, k, effort, allowed=allowed, excluded=excluded)

    def choose_effort(
        self,
        partition: Partition,
        queries: FloatArray,
        *,
        target_recall: float = TARGET_RECALL,
        k: int = MEASURED_K,
        query_ids: Ids | None = None,
    ) -> Effort:
        from anysense.index.vectors.milvus.effort import choose_effort

        place = self.place.places.get(partition)
        if place is None or place.count <= self._thresholds.elsewhere:
            return Effort(1, 1.0)
        return choose_effort(
            self.search_of(partition),
            queries,
            target_recall=target_recall,
            k=k,
            query_ids=query_ids,
        )

    def search_of(self, partition: Partition) -> PartitionSearch:
        """What searches a partition, which is here."""
        place = self.place.places[partition]
        return PartitionSearch(
            self._remote,
            self.place,
            place,
            self.reader,
            self._thresholds,
        )

    def ping(self) -> None:
        """See that the server answers.

        Raises:
            EngineUnavailableError: it does not.
        """
        self._remote.ping()

    def is_lost(self) -> bool:
        """Whether a collection of it is not on the server any more.

        Raises:
            EngineUnavailableError: the server does not answer.
        """
        return not all(map(self._remote.exists, sorted(self.place.collections)))

    def clear(self) -> None:
        """Delete what was removed, now that the index without it is current.

        No search depends on it: what the catalog has no more is not found.
        """
        try:
            for gone in self._gone:
                for collection in sorted(self.place.collections):
                    self._remote.delete(collection, gone)
        except AnysenseError as error:
            _log.warning("%s What was removed stays in Milvus, and is not found.", error)
        self._gone = []


def sweep(address: Address, owner: str, keep: Collection[str]) -> bool:
    """Drop the collections of an owner that no manifest names, and tell whether that was done.

    Args:
        address: of the server.
        owner: what their names begin with.
        keep: those that are named.
    """
    remote = Remote(Milvus(address))
    try:
        remote.drop(name for name in remote.names(owner) if name not in keep)
    except AnysenseError as error:
        _log.warning("%s What is not needed any more is dropped at the next publishing.", error)
        return False
    return True


def _absent(segment: int, partition: Partition) -> UsageError:
    return UsageError(f"Segment {segment} is not in the partition {partition}.")
