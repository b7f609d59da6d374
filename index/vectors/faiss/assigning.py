"""From vectors to what a list keeps of them, and to the list that each belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.index.vectors.arrays import as_vectors, pad
from anysense.index.vectors.faiss.library import PRODUCT, faiss

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from anysense.index.types import Codes, Ids
    from anysense.index.vectors.layout import PartitionLayout

__all__ = ["assigner", "encode"]


def encode(index: Any, entry: PartitionLayout, ids: Ids, vectors: NDArray[Any]) -> Codes:
    """Vectors (n, d) of a partition as an index keeps them: (n, bytes).

    Raises:
        UsageError: a vector cannot be stored.
    """
    # numpy rounds ties to even, as everywhere else; FAISS's own encoder rounds them up.
    halves = as_vectors(vectors, ids, entry.dimension).astype(np.float16, copy=False)
    return pad(halves, index.d).view(np.uint8)


def assigner(index: Any, entry: PartitionLayout) -> Callable[[Codes], Ids]:
    """What tells the list of each of some codes (n, bytes) in a partition: (n,)."""
    if entry.lists == 1:
        return lambda codes: np.full(len(codes), entry.first_list, dtype=np.int64)
    centroids = index.quantizer.reconstruct_n(entry.first_list, entry.lists)

    def assign(codes: Codes) -> Ids:
        vectors = index.sq.decode(codes)
        nearest: Ids = faiss.knn(vectors, centroids, 1, metric=PRODUCT)[1][:, 0]
        return nearest + entry.first_list

    return assign
