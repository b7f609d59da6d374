"""Checks and shapes of the arrays that go into an index and come out of it, without FAISS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import CorruptCollectionError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids, Partition, VectorSource


__all__ = [
    "as_ids",
    "as_queries",
    "as_vectors",
    "check_unique",
    "no_results",
    "pad",
    "sort_results",
    "training_sample",
]

_LARGEST_HALF = 65_504.0

_TRAINING_PER_LIST = 64
_TRAINING_LIMIT = 200_000


def as_ids(ids: Iterable[int] | Ids) -> Ids:
    """Segment ids as a contiguous int64 array (n,)."""
    if not isinstance(ids, np.ndarray):
        ids = list(ids)
    return np.ascontiguousarray(ids, dtype=np.int64).reshape(-1)


def as_vectors(vectors: Any, ids: Ids, dimension: int) -> NDArray[Any]:
    """Vectors to be stored, (n, dimension) float32 or float16.

    Raises:
        UsageError: another shape, or a number that is not finite or too large for fp16.
    """
    vectors = np.asarray(vectors)
    kind = np.float16 if vectors.dtype == np.float16 else np.float32
    vectors = vectors.astype(kind, copy=False)
    if vectors.shape != (len(ids), dimension):
        raise UsageError(
            f"Vectors of shape {vectors.shape} were given where ({len(ids)}, {dimension}) is due."
        )
    # A NaN makes both comparisons false.
    if vectors.size and not (vectors.max() <= _LARGEST_HALF and vectors.min() >= -_LARGEST_HALF):
        fine = np.isfinite(vectors) & (np.abs(vectors) <= _LARGEST_HALF)
        bad = ids[~fine.all(axis=1)][0]
        raise UsageError(f"The vector of segment {bad} is not finite, or is too large for fp16.")
    result: NDArray[Any] = vectors
    return result


def as_queries(queries: Any, partition: Partition, dimension: int) -> FloatArray:
    """Query vectors as a contiguous float32 array (q, dimension).

    Raises:
        UsageError: they have another length, or are not finite.
    """
    result: FloatArray = np.ascontiguousarray(np.atleast_2d(queries), dtype=np.float32)
    if result.ndim != 2 or result.shape[1] != dimension:
        raise UsageError(
            f"A query vector of {result.shape[-1]} numbers was given; {partition} needs "
            f"{dimension}."
        )
    if not np.isfinite(result).all():
        raise UsageError("The query vector holds numbers that are not finite.")
    return result


def pad(rows: NDArray[Any], width: int) -> NDArray[Any]:
    """Rows lengthened with zeros to `width`, C-contiguous; no copy where none is needed."""
    if rows.shape[1] == width:
        return np.ascontiguousarray(rows)
    result = np.zeros((len(rows), width), dtype=rows.dtype)
    result[:, : rows.shape[1]] = rows
    return result


def check_unique(ids: Ids) -> None:
    """Refuse ids that are negative or there twice, which FAISS would return twice.

    Raises:
        UsageError: there is one.
    """
    ids = np.sort(ids)
    twice = ids[1:][ids[1:] == ids[:-1]]
    if len(twice):
        raise UsageError(f"Segment {twice[0]} is given twice.")
    if len(ids) and ids[0] < 0:
        raise UsageError(f"Segment {ids[0]} has a negative id.")


def no_results(queries: int, k: int) -> tuple[FloatArray, Ids]:
    """What a search gives that finds nothing: scores (queries, k) of -inf, and ids of -1."""
    scores = np.full((queries, k), -np.inf, dtype=np.float32)
    return scores, np.full((queries, k), -1, dtype=np.int64)


def sort_results(scores: FloatArray, ids: Ids) -> tuple[FloatArray, Ids]:
    """Mask what FAISS calls -1 and -3.4e38, and order by score, equal scores by id."""
    scores = np.where(ids < 0, np.float32(-np.inf), scores)
    if len(ids) == 1:  # a tenth of the time
        order = np.lexsort((ids[0], -scores[0]))
        return scores[:, order], ids[:, order]
    order = np.lexsort((ids, -scores), axis=1)
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(ids, order, axis=1)


def training_sample(source: VectorSource, lists: int, seed: int) -> FloatArray:
    """A random sample of a source to train so many lists on, as stored: (n, dimension) float32.

    It depends on the seed and on the order of the vectors, not on the size of the batches.

    Raises:
        UsageError: a vector cannot be stored.
        CorruptCollectionError: the source gives fewer vectors than it announced.
    """
    size = min(source.count, lists * _TRAINING_PER_LIST, _TRAINING_LIMIT)
    chosen = np.sort(np.random.default_rng(seed).choice(source.count, size, replace=False))
    sample = np.empty((size, source.dimension), dtype=np.float32)
    start = filled = 0
    for ids, batch in source.batches():
        vectors = as_vectors(batch, ids, source.dimension)
        stop = int(np.searchsorted(chosen, start + len(vectors)))
        sample[filled:stop] = vectors[chosen[filled:stop] - start].astype(np.float16)
        filled, start = stop, start + len(vectors)
    if filled < size:
        raise CorruptCollectionError(
            f"The catalog gave {start} vectors where it announced {source.count}; check it with "
            "`anysense verify`."
        )
    return sample
