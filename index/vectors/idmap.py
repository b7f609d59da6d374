"""Where in the index each segment of a partition is, and which of them a filter selects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.errors import CorruptCollectionError
from anysense.index.segment_set import SegmentSet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anysense.index.types import Ids


__all__ = ["IdMap", "Selection"]

_BLOCK = 1 << 20
"""Segments that are looked up at a time."""


@dataclass(frozen=True)
class Selection:
    """The segments of a partition that a search may return.

    Attributes:
        counts: (lists,), how many of them are in each list.
        among: it has those selected, and perhaps such as are in other partitions; or, if
            `inverted`, those left out.
        inverted: whether `among` are the ones left out.
        total: how many may be returned.
    """

    counts: Ids
    among: SegmentSet
    inverted: bool
    total: int

    def selects(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of some segments of the partition (n,) may be returned: (n,) bool."""
        selected: NDArray[np.bool_] = self.among.contains(ids) != self.inverted
        return selected


class IdMap:
    """The place of each segment: 16 bytes per segment beside the 1 KB of a 512-d fp16 vector.

    Attributes:
        ids: (n,) int64, ascending.
        lists: (n,) int32, the list of each, counted from the partition's first.
        offsets: (n,) int32, the place in that list.
        sizes: (lists,), the segments in each list.
    """

    def __init__(self, ids_of_lists: Sequence[Ids]) -> None:
        """Take the ids in each list of the partition, in the order of the lists.

        Raises:
            CorruptCollectionError: an id is there twice, or is negative.
        """
        self.sizes = np.array([len(ids) for ids in ids_of_lists], dtype=np.int64)
        ids = np.concatenate(ids_of_lists)
        order = np.argsort(ids, kind="stable")
        self.ids: Ids = ids[order]
        starts = np.cumsum(self.sizes) - self.sizes
        lists = np.repeat(np.arange(len(self.sizes), dtype=np.int32), self.sizes)
        offsets = np.arange(len(ids), dtype=np.int32)
        offsets -= np.repeat(starts.astype(np.int32), self.sizes)
        self.lists = lists[order]
        self.offsets = offsets[order]
        if len(ids) and (self.ids[0] < 0 or (self.ids[1:] == self.ids[:-1]).any()):
            raise CorruptCollectionError(
                "The search index holds a segment twice or under a negative id; rebuild it from "
                "the catalog with `anysense compact`."
            )

    def find(self, ids: Ids) -> Ids:
        """The place of each id in `self.ids`, or -1."""
        if not len(self.ids):
            return np.full(len(ids), -1, dtype=np.int64)
        places = np.searchsorted(self.ids, ids)
        places[places == len(self.ids)] = 0
        present: Ids = np.where(self.ids[places] == ids, places, -1)
        return present

    def present(self, ids: Ids) -> Ids:
        """The places in `self.ids` of those that are here: ascending, unique."""
        places = self.find(ids)
        present: Ids = np.unique(places[places >= 0])
        return present

    def select(self, allowed: SegmentSet | None, excluded: Ids | None) -> Selection | None:
        """What a search may return; None if that is everything."""
        gone = None if excluded is None else self.present(excluded)
        if allowed is None:
            if gone is None or not len(gone):
                return None
            counts = self.sizes - self._counts(gone)
            left_out = SegmentSet.of(self.ids[gone])
            return Selection(counts, left_out, inverted=True, total=int(counts.sum()))
        if gone is not None and len(gone):
            allowed = allowed.without(self.ids[gone])
        counts = self._counts_of(allowed)
        total = int(counts.sum())
        return None if total == len(self.ids) else Selection(counts, allowed, False, total)

    def _counts_of(self, chosen: SegmentSet) -> Ids:
        """How many of a set are in each list, in bounded memory."""
        if chosen.bits is None:
            return self._counts(self.present(chosen.ids))
        counts = np.zeros(len(self.sizes), np.int64)
        for start in range(0, len(self.ids), _BLOCK):
            places = np.flatnonzero(chosen.contains(self.ids[start : start + _BLOCK]))
            counts += self._counts(places + start)
        return counts

    def _counts(self, places: Ids) -> Ids:
        counts: Ids = np.bincount(self.lists[places], minlength=len(self.sizes)).astype(np.int64)
        return counts
