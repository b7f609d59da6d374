"""From vectors to places in two dimensions; the same for the same input.

A sample is laid out by t-SNE (van der Maaten and Hinton, 2008) over its nearest neighbours; what is
beyond the sample lies among those of it that it is most like. docs/decisions.md says why so, and
what it was measured against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.mapping.likeness import Likeness

__all__ = ["METHOD", "lay_out", "place"]

METHOD = "t-sne"
PERPLEXITY = 30.0  # about how many neighbours count
STEPS = 250  # of the descent, the fewest that scikit-learn takes
NARROW = 1e-4  # deviation of the places that it begins with: so near that nothing is in the way
NEIGHBOURS = 3  # of the sample, among which another item lies
SEED = 0
_BLOCK = 512  # rows of likenesses at once: 8 MB to 4,000 others


def lay_out(
    vectors: FloatArray,
    codes: NDArray[np.uint8],
    likeness: Likeness,
    start: FloatArray | None = None,
) -> FloatArray:
    """Lay out vectors so that those that are alike lie near each other.

    Args:
        vectors: centred, (n, d), at least four.
        codes: of their modalities, (n,).
        likeness: of their space.
        start: where they lay before, (n, 2), which tells what is left and right, up and down.

    Returns:
        Places (n, 2) float32, the longer side of all of them from 0 to 1, the other about 0.5.
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(PERPLEXITY, (len(vectors) - 1) / 3)
    neighbours = min(len(vectors) - 1, int(3 * perplexity + 1))
    # Threads of OpenMP would add in another order each time, and wait for each other in a loop.
    with threadpool_limits(1, user_api="openmp"):
        descent = TSNE(
            perplexity=perplexity,
            early_exaggeration=1.0,
            max_iter=STEPS,
            metric="precomputed",
            init=_narrowed(_principal(vectors)) if start is None else _widened(start),
            random_state=SEED,
            n_jobs=1,
        )
        places = descent.fit_transform(_graph(vectors, codes, likeness, neighbours))
    return _in_unit_square(places)


def place(
    vectors: FloatArray,
    codes: NDArray[np.uint8],
    sample: FloatArray,
    sample_codes: NDArray[np.uint8],
    places: FloatArray,
    likeness: Likeness,
) -> FloatArray:
    """Place vectors among those of a sample that they are most like.

    Args:
        vectors: centred, (n, d).
        codes: of their modalities, (n,).
        sample: centred, (m, d).
        sample_codes: of its modalities, (m,).
        places: of the sample, (m, 2).
        likeness: of their space.

    Returns:
        Places (n, 2) float32.
    """
    result = np.empty((len(vectors), 2), np.float32)
    count = min(NEIGHBOURS, len(sample))
    for begin in range(0, len(vectors), _BLOCK):
        rows = slice(begin, begin + _BLOCK)
        alike = likeness.between(vectors[rows], codes[rows], sample, sample_codes)
        nearest = _largest(alike, count)
        values = np.take_along_axis(alike, nearest, axis=1)
        weights = np.exp(values - values.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        result[rows] = (weights[:, :, None] * places[nearest]).sum(axis=1)
    return result


def _graph(
    vectors: FloatArray, codes: NDArray[np.uint8], likeness: Likeness, neighbours: int
) -> Any:
    """The nearest neighbours of each vector, and each as its own, as scikit-learn takes them."""
    from scipy.sparse import csr_matrix

    size = len(vectors)
    columns = np.empty((size, neighbours + 1), np.int32)
    values = np.empty((size, neighbours + 1), np.float32)
    for begin in range(0, size, _BLOCK):
        rows = np.arange(begin, min(begin + _BLOCK, size))
        alike = likeness.between(vectors[rows], codes[rows], vectors, codes)
        alike[np.arange(len(rows)), rows] = np.inf
        columns[rows] = _largest(alike, neighbours + 1)
        values[rows] = np.take_along_axis(alike, columns[rows], axis=1)
    own = np.isinf(values)
    most = values[~own].max()
    # t-SNE squares distances, and only their differences count.
    distances = np.where(own, 0.0, np.sqrt(np.maximum(most - values, 0.0) + 1e-3))
    order = np.argsort(distances, axis=1, kind="stable")
    columns, distances = (np.take_along_axis(each, order, axis=1) for each in (columns, distances))
    ends = np.arange(size + 1) * (neighbours + 1)
    return csr_matrix((distances.ravel(), columns.ravel(), ends), shape=(size, size))


def _largest(values: FloatArray, count: int) -> NDArray[np.intp]:
    """The places of the largest values of each row, (n, count)."""
    if count >= values.shape[1]:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.argpartition(-values, count - 1, axis=1)[:, :count]


def _principal(vectors: FloatArray) -> FloatArray:
    """The two directions in which vectors differ most: (n, 2)."""
    from sklearn.utils.extmath import randomized_svd

    left, sizes, _ = randomized_svd(vectors - vectors.mean(axis=0), 2, random_state=SEED)
    result: FloatArray = left * sizes
    return result


def _narrowed(places: FloatArray) -> FloatArray:
    centred = places - places.mean(axis=0)
    deviation = float(centred.std(axis=0).max())
    result: FloatArray = (centred * (NARROW / max(deviation, 1e-12))).astype(np.float32)
    return result


def _widened(places: FloatArray) -> FloatArray:
    """Places in the unit square at about the distances that t-SNE gives so many."""
    result: FloatArray = ((places - 0.5) * np.sqrt(len(places))).astype(np.float32)
    return result


def _in_unit_square(places: FloatArray) -> FloatArray:
    low, high = places.min(axis=0), places.max(axis=0)
    extent = max(float((high - low).max()), 1e-12)
    result: FloatArray = (0.5 + (places - (low + high) / 2) / extent).astype(np.float32)
    return result
