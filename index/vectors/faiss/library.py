"""FAISS, set up as this room uses it."""

from __future__ import annotations

import os
from typing import Any

import faiss as _faiss

__all__ = ["BATCH", "PRODUCT", "faiss"]

faiss: Any = _faiss  # its stubs know neither search parameters by name nor arrays as bitmaps

PRODUCT = faiss.METRIC_INNER_PRODUCT

BATCH = 20
"""From so many queries on, an exact search is a matrix product."""

# FAISS's default of 128,000 leaves every batch of queries to its scalar loop.
faiss.cvar.distance_compute_blas_threshold = BATCH


def _after_fork() -> None:
    """Let FAISS use one thread: the thread that forked would wait for ever for those of OpenMP."""
    faiss.omp_set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
