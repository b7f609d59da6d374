"""Reading what is at many places of a partition's lists in one step of numpy."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anysense.index.types import Codes, Ids
    from anysense.index.vectors.layout import PartitionLayout

__all__ = ["Gatherer"]


class Gatherer:
    """The memory in which FAISS has the lists of a partition, as two arrays that overlap.

    Each has an element at every byte from the first list to the last, whatever is between them,
    so only those that a list has may be taken: a slice of bytes for each row, joined, took twice
    as long, and numpy takes a microsecond for each row that is indexed by itself.
    """

    def __init__(self, stored: Any, sizes: Ids, entry: PartitionLayout, width: int) -> None:
        """Look up where the lists are.

        Args:
            stored: FAISS's lists, which have to outlive this.
            sizes: of the partition's lists.
            entry: the partition.
            width: the bytes of a code.
        """
        numbers = [entry.first_list + int(place) for place in np.flatnonzero(sizes)]
        filled = sizes[sizes > 0]
        codes = np.array([int(stored.get_codes(number)) for number in numbers], np.int64)
        ids = np.array([int(stored.get_ids(number)) for number in numbers], np.int64)
        first = int(min(codes.min(), ids.min()))
        end = int(max((codes + filled * width).max(), (ids + filled * 8).max()))
        memory: Any = (ctypes.c_char * (end - first)).from_address(first)
        row = np.dtype((np.void, width))
        self._width = width
        self._codes: NDArray[Any] = np.ndarray(
            (end - first - width + 1,), row, memory, strides=(1,)
        )
        self._ids: Ids = np.ndarray((end - first - 7,), np.int64, memory, strides=(1,))
        self._code_starts, self._id_starts = np.zeros((2, len(sizes)), np.int64)
        self._code_starts[sizes > 0] = codes - first
        self._id_starts[sizes > 0] = ids - first

    def codes(self, lists: NDArray[Any], offsets: NDArray[Any]) -> Codes:
        """The codes (n, bytes) at some places, which have to be there."""
        rows = self._codes[self._code_starts[lists] + offsets.astype(np.int64) * self._width]
        codes: Codes = rows.view(np.uint8).reshape(-1, self._width)
        return codes

    def ids(self, lists: NDArray[Any], offsets: NDArray[Any]) -> Ids:
        """The segments at some places, which have to be there: (n,)."""
        ids: Ids = self._ids[self._id_starts[lists] + offsets.astype(np.int64) * 8]
        return ids
