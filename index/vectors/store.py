"""What a collection needs of an index of vectors, whatever makes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from anysense.index.vectors.recall import MEASURED_K, TARGET_RECALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.segment_set import SegmentSet
    from anysense.index.types import Ids, Partition
    from anysense.index.vectors.layout import PartitionLayout
    from anysense.index.vectors.recall import Effort

__all__ = ["Store", "VectorReader"]


class VectorReader(Protocol):
    """The vectors of segments as they are kept where they are the truth: float16, as of now.

    A store whose engine is elsewhere takes scores from them, so that they do not depend on it.
    """

    def ids(self, partition: Partition, until: int) -> Ids:
        """The segments of a partition with an id of at most `until`, ascending."""
        ...

    def count(self, partition: Partition, until: int) -> int:
        """How many segments `ids` would give."""
        ...

    def exist(self, ids: Ids) -> NDArray[np.bool_]:
        """Which segments there are, in whatever partition: (n,) bool."""
        ...

    def read(self, partition: Partition, ids: Ids) -> tuple[Ids, NDArray[np.float16]]:
        """Those of some segments that are in a partition: ids (m,) and vectors (m, d)."""
        ...

    def batches(
        self, partition: Partition, until: int, allowed: Ids | None = None
    ) -> Iterator[tuple[Ids, NDArray[np.float16]]]:
        """Segments of a partition with an id of at most `until`, as above, some at a time.

        Args:
            partition: whose.
            until: the highest id.
            allowed: only these, each once; all if None.
        """
        ...


class Store(Protocol):
    """An immutable index over the segments of all partitions; searches may run at the same time.

    Scores are inner products of float32 queries with vectors rounded to float16, summed in
    float32: for vectors of length 1 within 5e-4 of the product of the originals, as a rule within
    5e-5. Between a single query and a batch, they may differ in the last digit of a float32.
    """

    @property
    def partitions(self) -> Mapping[Partition, int]:
        """The number of segments of each partition."""
        ...

    @property
    def layout(self) -> Mapping[Partition, PartitionLayout]:
        """The dimension and the lists of each partition."""
        ...

    @property
    def nbytes(self) -> int:
        """The bytes of codes, ids and centroids, in memory and on disk."""
        ...

    @property
    def needs_recluster(self) -> tuple[Partition, ...]:
        """The partitions that a build would give other lists."""
        ...

    def keeps_centroids(self, partition: Partition, other: Store) -> bool:
        """Whether a partition is clustered in another store as it is here."""
        ...

    def contains(self, partition: Partition, ids: Ids) -> NDArray[np.bool_]:
        """Which segments are in the partition: (n,) bool."""
        ...

    def vectors(self, partition: Partition, ids: Ids) -> FloatArray:
        """The stored vectors of segments: (n, d) float32.

        Raises:
            UsageError: one of them is not in the partition.
        """
        ...

    def sample(self, partition: Partition, n: int, seed: int = 0) -> tuple[Ids, FloatArray]:
        """A random sample without replacement: ids (m,), ascending, and vectors (m, d); m <= n.

        The same segments and seed give the same sample, whatever the lists.
        """
        ...

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
        """Find the segments of a partition with the largest inner products.

        Args:
            partition: to search; one that is not here holds nothing.
            queries: (q, d) float32, in the partition's space.
            k: how many to find.
            effort: what to spend, from `choose_effort`; None is exact, or as near to it as an
                engine elsewhere goes. Where candidates cost more than scanning the vectors, and
                with `allowed`, the vectors are scanned.
            allowed: the only segments to find; those of other partitions do no harm. How a
                filter changes the lists that are scanned is said at `recall.plan_probes`.
            excluded: segment ids not to find, in addition.

        Returns:
            Scores (q, k) float32, descending, and segment ids (q, k); where there are fewer than
            k segments the id is -1 and the score -inf. Equal scores come in the order of ids.

        Raises:
            UsageError: k is under 1, or the queries are not finite or have another length.
            EngineUnavailableError: the index is elsewhere and does not answer.
        """
        ...

    def choose_effort(
        self,
        partition: Partition,
        queries: FloatArray,
        *,
        target_recall: float = TARGET_RECALL,
        k: int = MEASURED_K,
        query_ids: Ids | None = None,
    ) -> Effort:
        """The least effort that finds `target_recall` of the true k best, and what it finds.

        The queries must be of the kind that the route will see: a hundred or more, better five
        hundred. The bound of a 95 % confidence interval has to reach the target.

        Args:
            partition: to search.
            queries: (q, d) held-out queries of the route's query modality.
            target_recall: mean share of the true k nearest neighbours, in (0, 1].
            k: how many neighbours.
            query_ids: (q,) the segment that each query is itself, which is not counted.

        Returns:
            The effort, with its measured recall; one list where search is exact anyway; every
            list where there are no queries.
        """
        ...

    def updated(
        self,
        add: Mapping[Partition, tuple[Ids, NDArray[Any]]] | None = None,
        remove: Iterable[int] | Ids = (),
        *,
        folder: Path | None = None,
    ) -> Store:
        """A new index with segments added and removed, its lists as they were trained.

        An id that is added and already here is replaced. A partition that is new gets one list.
        `needs_recluster` tells when a build should make new lists.

        Args:
            add: ids (n,) and vectors (n, d) for each partition.
            remove: segment ids; those that are not here do no harm.
            folder: where the files of the new index are to be; None keeps it in memory.

        Raises:
            UsageError: a vector is not finite, too large for fp16 or of the wrong length, or an
                id is negative or there twice.
            StorageError: the disk refused.
        """
        ...

    def save(self, folder: Path) -> dict[str, Any]:
        """Write the index into `folder`, or what of it is not there yet; returns its layout.

        The layout is what loading needs besides the files, as JSON can hold it.

        Its files are on the disk when this returns; checksums are the manifest's to keep.

        Raises:
            StorageError: the disk refused.
        """
        ...
