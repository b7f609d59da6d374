"""The one FAISS index of a collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import UsageError
from anysense.index.vectors.arrays import check_unique, no_results
from anysense.index.vectors.faiss.fastscan import wants_fast_scan
from anysense.index.vectors.faiss.files import INDEX_FILE, load_index, save_index
from anysense.index.vectors.faiss.lists import Lists
from anysense.index.vectors.faiss.search import PartitionSearch
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
    from anysense.index.vectors.store import Store


__all__ = ["FaissStore"]


class FaissStore:
    """A `Store` by FAISS. What its methods do is said there.

    What only a build needs is imported then: most processes only search.

    Attributes:
        lists: what the index holds.
        fast_scans: FAISS's index of the fast scan of each partition that has one.
        thresholds: what decides between the ways to build and to search it.
    """

    def __init__(
        self,
        lists: Lists,
        fast_scans: Mapping[Partition, Any],
        thresholds: Thresholds = DEFAULTS,
    ) -> None:
        """Use `build` or `load`."""
        self.lists = lists
        self.fast_scans = fast_scans
        self.thresholds = thresholds
        self._counts = {partition: entry.count for partition, entry in lists.layout.items()}
        self._searches: dict[Partition, PartitionSearch] = {}

    @staticmethod
    def build(
        sources: Mapping[Partition, VectorSource],
        *,
        previous: Store | None = None,
        renew: Collection[Partition] = (),
        seed: int = 0,
        progress: Progress | None = None,
        thresholds: Thresholds = DEFAULTS,
        folder: Path | None = None,
    ) -> FaissStore:
        """Build an index of `sources`; the same sources and seed give the same index.

        Memory beside the index is that of one batch and, for a clustered partition, of the
        training sample: at most 200,000 float32 vectors. With a folder the index is a file there,
        and memory is that, 256 MB of vectors on their way, and 4 bytes for each segment.

        Args:
            sources: the vectors of each partition; each is read up to three times.
            previous: an index whose lists are kept where they still fit, which saves training.
            renew: partitions whose lists are made anew all the same.
            seed: of the sample and of k-means.
            progress: called with the vectors stored so far and in all.
            thresholds: what decides between the ways to build and to search it.
            folder: where its files are to be; None keeps it in memory.

        Raises:
            UsageError: a vector is not finite, too large for fp16 or of the wrong length, or an
                id is negative or there twice.
            CorruptCollectionError: a source gives another number of vectors than it says.
        """
        from anysense.index.vectors.faiss.build import build_index

        path = None if folder is None else folder / INDEX_FILE
        original = previous if isinstance(previous, FaissStore) else None
        index, entries = build_index(
            sources,
            None if original is None else original.lists,
            renew=renew,
            seed=seed,
            exact=thresholds.exact,
            progress=progress,
            path=path,
        )
        return _packed(Lists(index, entries, path), original, thresholds)

    @staticmethod
    def load(
        folder: Path, layout: Mapping[str, Any], *, thresholds: Thresholds = DEFAULTS
    ) -> FaissStore:
        """Map an index that `save` wrote, and check that it has the shape of its layout.

        Its lists are read from the disk as they are searched, and processes share the memory. The
        file may be deleted or replaced while the store is in use, but must not be written to.
        FAISS reads many damaged files without complaint, or crashes: compare the checksum first.

        Raises:
            CorruptCollectionError: a file is missing, has another size, or does not fit.
        """
        return FaissStore(*load_index(folder, layout), thresholds)

    def save(self, folder: Path) -> dict[str, Any]:
        return save_index(folder, self.lists, self.fast_scans)

    def updated(
        self,
        add: Mapping[Partition, tuple[Ids, NDArray[Any]]] | None = None,
        remove: Iterable[int] | Ids = (),
        *,
        folder: Path | None = None,
    ) -> FaissStore:
        from anysense.index.vectors.faiss.updating import update_index

        path = None if folder is None else folder / INDEX_FILE
        index, entries = update_index(self.lists, {} if add is None else add, remove, path)
        return _packed(Lists(index, entries, path), self, self.thresholds)

    # What it holds

    @property
    def partitions(self) -> Mapping[Partition, int]:
        return self._counts

    @property
    def layout(self) -> Mapping[Partition, PartitionLayout]:
        return self.lists.layout

    @property
    def nbytes(self) -> int:
        return self.lists.nbytes

    @property
    def needs_recluster(self) -> tuple[Partition, ...]:
        exact = self.thresholds.exact
        return tuple(p for p, entry in self.layout.items() if entry.needs_recluster(exact))

    def keeps_centroids(self, partition: Partition, other: Store) -> bool:
        if not isinstance(other, FaissStore):
            return False
        return self.lists.keeps_centroids(partition, other.lists)

    def contains(self, partition: Partition, ids: Ids) -> NDArray[np.bool_]:
        return self.lists.contains(partition, ids)

    def vectors(self, partition: Partition, ids: Ids) -> FloatArray:
        return self.lists.vectors(partition, ids)

    def sample(self, partition: Partition, n: int, seed: int = 0) -> tuple[Ids, FloatArray]:
        return self.lists.sample(partition, n, seed)

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
        if partition not in self.layout:
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
        from anysense.index.vectors.faiss.effort import choose_effort

        if partition not in self.layout:
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
        search = self._searches.get(partition)
        if search is None:
            entry, fast_scan = self.layout[partition], self.fast_scans.get(partition)
            search = PartitionSearch(self.lists, entry, fast_scan, self.thresholds)
            self._searches[partition] = search
        return search


def _packed(lists: Lists, previous: FaissStore | None, thresholds: Thresholds) -> FaissStore:
    """The store of new lists, with a fast scan for each partition that wants one.

    Raises:
        UsageError: an id is negative or there twice.
    """
    from anysense.index.vectors.faiss.packing import pack

    check_unique(lists.all_ids())
    fast_scans = {}
    for entry in lists.layout.values():
        if wants_fast_scan(entry, thresholds):
            original = None if previous is None else previous.fast_scans.get(entry.partition)
            before = None if previous is None else previous.lists
            fast_scans[entry.partition] = pack(lists, entry, before, original)
    return FaissStore(lists, fast_scans, thresholds)
