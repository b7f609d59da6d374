"""The segments that are newer than the FAISS index: few, in memory, and searched exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.segment_set import SegmentSet
    from anysense.index.types import Ids, Partition


__all__ = ["Delta", "Newer", "best", "merge"]


@dataclass(frozen=True)
class Newer:
    """The newer segments of one partition: ids (n,), ascending, and vectors (n, d) float32."""

    ids: Ids
    vectors: FloatArray

    def without(self, gone: Ids) -> Newer:
        """Those that are not among `gone`."""
        keep = ~np.isin(self.ids, gone, assume_unique=True)
        return self if keep.all() else Newer(self.ids[keep], self.vectors[keep])

    def search(
        self, queries: FloatArray, k: int, allowed: SegmentSet | None
    ) -> tuple[FloatArray, Ids]:
        """The k best: scores (q, k), descending, and ids; -inf and -1 where there are fewer."""
        ids, vectors = self.ids, self.vectors
        if allowed is not None:
            keep = allowed.contains(ids)
            ids, vectors = ids[keep], vectors[keep]
        scores = queries @ vectors.T
        return best(scores, np.broadcast_to(ids, scores.shape), k)


class Delta:
    """Grows by appending. What was taken from it before keeps its own length.

    The arrays have room to spare, so adding one segment to many does not copy them all.
    """

    def __init__(self) -> None:
        self._ids: dict[Partition, Ids] = {}
        self._vectors: dict[Partition, FloatArray] = {}
        self._counts: dict[Partition, int] = {}

    def append(self, partition: Partition, ids: Ids, vectors: FloatArray) -> None:
        """Add segments: ids (n,), all greater than those before, and vectors (n, d)."""
        old = self._counts.get(partition, 0)
        new = old + len(ids)
        if old == 0:
            self._ids[partition], self._vectors[partition] = ids, vectors
        else:
            if new > len(self._ids[partition]):
                self._ids[partition] = _grown(self._ids[partition][:old], 2 * new)
                self._vectors[partition] = _grown(self._vectors[partition][:old], 2 * new)
            self._ids[partition][old:new] = ids
            self._vectors[partition][old:new] = vectors
        self._counts[partition] = new

    def view(self, gone: Ids, until: int) -> Mapping[Partition, Newer]:
        """What is in it up to the id `until`, without the segments `gone`."""
        views = {}
        for partition, total in self._counts.items():
            count = int(np.searchsorted(self._ids[partition][:total], until, side="right"))
            newer = Newer(self._ids[partition][:count], self._vectors[partition][:count])
            newer = newer.without(gone)
            if len(newer.ids):
                views[partition] = newer
        return views


def _grown(array: NDArray[Any], length: int) -> NDArray[Any]:
    larger = np.empty((length, *array.shape[1:]), array.dtype)
    larger[: len(array)] = array
    return larger


def best(scores: FloatArray, ids: Ids, k: int) -> tuple[FloatArray, Ids]:
    """The k highest of each row, descending, equal ones by id; padded with -inf and -1.

    Args:
        scores: (q, n).
        ids: (q, n); -1 where there is nothing.
        k: how many.
    """
    if scores.shape[1] > 4 * k:
        part = np.argpartition(-scores, k - 1, axis=1)
        edge = np.take_along_axis(scores, part[:, k - 1 : k], axis=1)
        # Equal scores at the edge are decided by id, so all of them stay in.
        width = int((scores >= edge).sum(axis=1).max())
        part = np.argpartition(-scores, width - 1, axis=1)[:, :width]
        scores, ids = np.take_along_axis(scores, part, 1), np.take_along_axis(ids, part, 1)
    order = np.lexsort((ids, -scores), axis=1)[:, :k]
    top = np.full((len(scores), k), -np.inf, np.float32)
    top_ids = np.full((len(scores), k), -1, np.int64)
    top[:, : order.shape[1]] = np.take_along_axis(scores, order, axis=1)
    top_ids[:, : order.shape[1]] = np.take_along_axis(ids, order, axis=1)
    return top, top_ids


def merge(
    one: tuple[FloatArray, Ids], other: tuple[FloatArray, Ids], k: int
) -> tuple[FloatArray, Ids]:
    """The k best of two results of the same queries."""
    scores = np.concatenate([one[0], other[0]], axis=1)
    return best(scores, np.concatenate([one[1], other[1]], axis=1), k)
