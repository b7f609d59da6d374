"""Which ids of rows came before, of any number of rows, in 8 bytes each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["SeenIds"]


class SeenIds:
    """The hashes of ids so far.

    They are in sorted arrays of which each is at most half as long as the one before it, so that a
    new one is looked up in few.
    """

    def __init__(self) -> None:
        self._arrays: list[NDArray[np.int64]] = []

    def add(self, ids: Sequence[str | None]) -> set[int]:
        """Note ids; returns the places of those that came before, here or in earlier calls.

        Two of different ids count as one where their hashes are alike, as one pair among a billion
        is with a chance of 3 %.
        """
        places = np.flatnonzero(np.fromiter((i is not None for i in ids), bool, len(ids)))
        hashes = np.fromiter((hash(ids[at]) for at in places), np.int64, len(places))
        _, first = np.unique(hashes, return_index=True)
        is_new = np.zeros(len(hashes), bool)
        is_new[first] = True
        for array in self._arrays:
            at = np.minimum(np.searchsorted(array, hashes), len(array) - 1)
            is_new &= array[at] != hashes
        self._keep(np.sort(hashes[is_new]))
        return set(places[~is_new].tolist())

    def _keep(self, hashes: NDArray[np.int64]) -> None:
        if not len(hashes):
            return
        self._arrays.append(hashes)
        while len(self._arrays) > 1 and len(self._arrays[-1]) * 2 > len(self._arrays[-2]):
            last = self._arrays.pop()
            self._arrays[-1] = np.union1d(self._arrays[-1], last)
