"""Queries that cross modalities, less of what everything has in common.

A few directions hold most of what a modality's vectors differ by: people or none, indoors or
outdoors. A query that crosses finds what shares those with it before what is the same. So its
components along the directions in which vectors vary are made shorter, the more they vary: it is
multiplied by the inverse of (1 + C / s), where C is the covariance of both modalities and s a
multiple of its typical variance. That is Fisher's linear discriminant with a shrunken covariance:
of all vectors to search with, the one that sets what answers the query farthest apart from chance
(compare Hariharan, Malik and Ramanan, "Discriminative Decorrelation for Clustering and
Classification", ECCV 2012). A linear change of the query alone is one that FAISS can search with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray

__all__ = ["decorrelate", "fit_directions"]

DIRECTIONS = 64  # that vary most: with all of them the ranking is the same
STRENGTH = 2.0  # a variance of so many times the typical one is halved, if much is known
PRIOR = 1000  # so many vectors are half of what must be known
LEAST = 4  # with fewer vectors of a modality its covariance is not known at all


def fit_directions(queries: FloatArray, items: FloatArray) -> FloatArray | None:
    """The directions that count less in queries that cross, (k, d): `decorrelate` takes them.

    The length of each, from 0 to 1, is the root of how much of it is taken away. They are rounded
    to half precision, as they are published.

    Args:
        queries: (n, d), vectors of the modality that asks.
        items: (m, d), vectors of what the route leads to.

    Returns:
        None if there are too few vectors to tell.
    """
    import numpy as np

    if min(len(queries), len(items)) < LEAST:
        return None
    rows = np.concatenate(
        [(each - each.mean(axis=0)) / np.sqrt(2 * len(each)) for each in (queries, items)]
    ).astype(np.float64)
    # The covariance, or the products of the vectors: their variances are the same.
    wide = rows.shape[1] > len(rows)
    square = rows @ rows.T if wide else rows.T @ rows
    total = float(np.trace(square))
    if total <= 0:
        return None
    known = len(rows) / (len(rows) + PRIOR)
    scale = STRENGTH / known * float((square**2).sum()) / total
    variances, vectors = np.linalg.eigh(square)
    variances, vectors = variances[::-1][:DIRECTIONS], vectors[:, ::-1][:, :DIRECTIONS]
    kept = variances > 1e-9 * total
    variances, vectors = variances[kept], vectors[:, kept]
    if wide:
        vectors = rows.T @ vectors / np.sqrt(variances)
    found: FloatArray = (vectors * np.sqrt(variances / (variances + scale))).T
    return found.astype(np.float16).astype(np.float32)


def decorrelate(vectors: FloatArray, directions: FloatArray | None) -> FloatArray:
    """Vectors, (d,) or (n, d), with what they have along the directions made shorter."""
    import numpy as np

    if directions is None:
        return vectors
    # By BLAS it would be shared by all processors, whose threads then wait for more in a loop.
    along = np.einsum("...d,kd->...k", vectors, directions)
    less: FloatArray = vectors - np.einsum("...k,kd->...d", along, directions)
    return less
