"""Where in the index each segment of a partition is, and which of them a filter selects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.errors import CorruptCollectionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anysense.index.types import Ids


__all__ = ["IdMap", "Selection", "bitmap"]

_DENSE = 64
"""A table over all ids is made only if it has at most so many places per segment."""


@dataclass(frozen=True)
class Selection:
    """The segments of a partition that a search may return.

    Attributes:
        counts: (lists,), how many of them are in each list.
        ids: those selected, or, if `inverted`, those left out; ascending, unique.
        inverted: whether `ids` are the ones left out.
    """

    counts: Ids
    ids: Ids
    inverted: bool

    @property
    def total(self) -> int:
        return int(self.counts.sum())


def bitmap(ids: Ids) -> NDArray[np.uint8] | None:
    """One bit per id, the lowest first; None if the ids, not negative, are too sparse for it."""
    size = int(ids[-1]) + 1
    if size > _DENSE * len(ids) and size > 1 << 20:
        return None
    bits = np.zeros(size, dtype=bool)
    bits[ids] = True
    return np.packbits(bits, bitorder="little")


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
        offsets = np.arange(len(ids), dtype=np.int64) - np.repeat(starts, self.sizes)
        self.lists = lists[order]
        self.offsets = offsets.astype(np.int32)[order]
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
        if len(ids) * 8 < len(self.ids):
            places = self.find(ids)
            places = np.unique(places[places >= 0])
        else:
            places = np.flatnonzero(self._mask(ids))
        return places

    def _mask(self, ids: Ids) -> NDArray[np.bool_]:
        last = int(self.ids[-1]) if len(self.ids) else -1
        if last >= _DENSE * max(1, len(self.ids)):
            return np.isin(self.ids, ids)
        table = np.zeros(last + 1, dtype=bool)
        table[ids[(ids >= 0) & (ids <= last)]] = True
        mask: NDArray[np.bool_] = table[self.ids]
        return mask

    def select(self, allowed: Ids | None, excluded: Ids | None) -> Selection | None:
        """What a search may return; None if that is everything."""
        gone = None if excluded is None else self.present(excluded)
        if allowed is None:
            if gone is None or not len(gone):
                return None
            return Selection(self.sizes - self._counts(gone), self.ids[gone], inverted=True)
        places = self.present(allowed)
        if gone is not None and len(gone):
            places = places[~np.isin(places, gone, assume_unique=True)]
        if len(places) == len(self.ids):
            return None
        return Selection(self._counts(places), self.ids[places], inverted=False)

    def _counts(self, places: Ids) -> Ids:
        counts: Ids = np.bincount(self.lists[places], minlength=len(self.sizes)).astype(np.int64)
        return counts
