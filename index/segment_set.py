"""A set of segments, small where it is large: what a filter selects and a search may find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from anysense.index.types import Ids

__all__ = ["SegmentSet"]

_DENSE = 64
"""A bit for each id takes no more than 8 bytes for each of a set that has one id in so many."""

_PENDING = 1 << 17
"""Ids that are gathered before they become bits."""

_ONES = np.array([number.bit_count() for number in range(256)], np.uint8)


class SegmentSet:
    """Ids of segments: an ascending array or, of many, a bit for each id up to the last.

    It takes 8 bytes an id, or an eighth of a byte for each id that there is, whichever is less: a
    set of five of ten million segments takes 1.25 MB. It is not to be changed.

    Attributes:
        bits: packed, the lowest id first; None where the ids are kept themselves.
        nbytes: what it takes in memory.
    """

    __slots__ = ("__weakref__", "_count", "_ids", "bits")

    def __init__(self, ids: Ids | None, bits: NDArray[np.uint8] | None) -> None:
        """Use `of` or `gather`."""
        assert (ids is None) != (bits is None)
        self._ids = ids
        self.bits = bits
        self._count = len(ids) if bits is None else int(_ONES[bits].sum(dtype=np.int64))  # type: ignore[arg-type]

    @staticmethod
    def of(ids: Iterable[int] | Ids) -> SegmentSet:
        """The set of some ids, in any order; those that are negative are of no segment."""
        array = ids if isinstance(ids, np.ndarray) else np.fromiter(ids, np.int64)
        array = array.astype(np.int64, copy=False)
        if len(array) and array.min() < 0:
            array = array[array >= 0]
        if not len(array) or int(array.max()) >= _DENSE * len(array):
            return SegmentSet(np.unique(array), None)
        table = np.zeros(int(array.max()) + 1, bool)
        table[array] = True
        return _of_table(table)

    @staticmethod
    def gather(parts: Iterable[Ids]) -> SegmentSet:
        """The set of the ids of all parts, in memory of a byte for each id that there is."""
        table, pending, count = np.zeros(0, bool), [np.empty(0, np.int64)], 0
        for part in parts:
            pending.append(part)
            count += len(part)
            if count >= _PENDING:
                ids = np.concatenate(pending)
                if int(ids.max()) < _DENSE * max(count, len(table)):
                    table = _with(table, ids)
                    pending, count = [], 0
        rest = np.concatenate([np.empty(0, np.int64), *pending])
        return _of_table(_with(table, rest)) if len(table) else SegmentSet.of(rest)

    @property
    def ids(self) -> Ids:
        """The ids, ascending: made anew where they are kept as bits."""
        if self.bits is None:
            assert self._ids is not None
            return self._ids
        return np.flatnonzero(np.unpackbits(self.bits, bitorder="little")).astype(np.int64)

    @property
    def nbytes(self) -> int:
        kept = self._ids if self.bits is None else self.bits
        assert kept is not None
        return int(kept.nbytes)

    def __len__(self) -> int:
        return self._count

    def __contains__(self, segment: int) -> bool:
        return bool(self.contains(np.array([segment], np.int64))[0])

    def contains(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of some ids (n,) are in it: (n,) bool."""
        if self.bits is None:
            assert self._ids is not None
            if not len(self._ids):
                return np.zeros(len(ids), bool)
            places = self._ids.searchsorted(ids).clip(max=len(self._ids) - 1)
            is_there: NDArray[np.bool_] = self._ids[places] == ids
            return is_there
        known = (ids >= 0) & (ids < 8 * len(self.bits))
        ids = ids * known
        among: NDArray[np.bool_] = (self.bits[ids >> 3] >> (ids & 7).astype(np.uint8)) & 1 > 0
        return known & among

    def without(self, ids: Ids) -> SegmentSet:
        """What is in it and not among some ids."""
        ids = ids[self.contains(ids)]
        if not len(ids):
            return self
        if self.bits is None:
            assert self._ids is not None
            return SegmentSet(np.setdiff1d(self._ids, ids, assume_unique=False), None)
        bits = self.bits.copy()
        np.bitwise_and.at(bits, ids >> 3, ~(1 << (ids & 7)).astype(np.uint8))
        return SegmentSet(None, bits)

    def __and__(self, other: SegmentSet) -> SegmentSet:
        """What is in both."""
        if self.bits is not None and other.bits is not None:
            size = min(len(self.bits), len(other.bits))
            return SegmentSet(None, self.bits[:size] & other.bits[:size])
        one, two = (self, other) if self.bits is None else (other, self)
        return SegmentSet(one.ids[two.contains(one.ids)], None)


def _with(table: NDArray[np.bool_], ids: Ids) -> NDArray[np.bool_]:
    """The table with some ids in it; a longer one if it has no room for them."""
    last = int(ids.max(initial=-1))
    if last >= len(table):
        longer = np.zeros(max(last + 1, len(table) * 5 // 4), bool)
        longer[: len(table)] = table
        table = longer
    table[ids] = True
    return table


def _of_table(table: NDArray[np.bool_]) -> SegmentSet:
    return SegmentSet(None, np.packbits(table, bitorder="little"))
