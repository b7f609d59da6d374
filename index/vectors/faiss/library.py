"""FAISS, set up as this room uses it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

import faiss as _faiss

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["BATCH", "PRODUCT", "faiss", "one_thread"]

faiss: Any = _faiss  # its stubs know neither search parameters by name nor arrays as bitmaps

PRODUCT = faiss.METRIC_INNER_PRODUCT

BATCH = 20
"""From so many queries on, an exact search is a matrix product."""

# FAISS's default of 128,000 leaves every batch of queries to its scalar loop.
faiss.cvar.distance_compute_blas_threshold = BATCH


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Have FAISS compute in the calling thread alone.

    What takes a fraction of a millisecond takes several where threads of OpenMP wait for each other
    and another program has one of the processors.
    """
    before = faiss.omp_get_max_threads()
    if before == 1:
        yield
        return
    faiss.omp_set_num_threads(1)  # of this thread: each has a number of its own
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def _after_fork() -> None:
    """Let FAISS use one thread: the thread that forked would wait for ever for those of OpenMP."""
    faiss.omp_set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
