"""A few vectors of a query that stand for all of its vectors.

A film has a vector for each second of each scene, a document one for each passage. Their mean is
near to everything and like nothing; all of them cost a search each, and say the same again. So a
few of them are chosen that cover the rest: those that lie farthest apart first (Gonzalez,
"Clustering to minimize the maximum intercluster distance", 1985), until every vector is all but the
same as one of them; and where that takes more than there may be, the middle ones of as many groups
(Lloyd's k-means on the sphere). They are vectors of the query as they are, not means of some: a
copy of a scene is met exactly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.pipeline.merging import SAME

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray

__all__ = ["MOST_VECTORS", "covering"]

MOST_VECTORS = 8
"""So many vectors a query has at most for one modality of it."""
_ROUNDS = 10
_MOST_COMPARED = 2048
"""Of more vectors so many are looked at, evenly spaced."""


def covering(vectors: FloatArray, most: int = MOST_VECTORS, same: float = SAME) -> list[int]:
    """The places of some of the vectors that stand for all, ascending.

    Args:
        vectors: (n, d) of length 1, n at least 1.
        most: how many at most.
        same: the cosine from which on one vector stands for another.
    """
    import numpy as np

    spaced = np.unique(np.linspace(0, len(vectors) - 1, _MOST_COMPARED).astype(int))
    vectors = vectors[spaced]
    chosen = [_middle(vectors)]
    nearest = vectors @ vectors[chosen[0]]
    while len(chosen) < most and float(nearest.min()) < same:
        chosen.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[chosen[-1]])
    if float(nearest.min()) < same:
        chosen = _middles(vectors, chosen)
    return sorted(int(spaced[place]) for place in set(chosen))


def _middle(vectors: FloatArray) -> int:
    """The place of the vector that is nearest to the mean of all."""
    return int((vectors @ vectors.mean(axis=0)).argmax())


def _middles(vectors: FloatArray, chosen: list[int]) -> list[int]:
    """The middle vector of each of as many groups, which begin as those around the chosen ones."""
    import numpy as np

    centres = vectors[chosen]
    before = np.full(len(vectors), -1)
    for _ in range(_ROUNDS):
        groups = (vectors @ centres.T).argmax(axis=1)
        if (groups == before).all():
            break
        before = groups
        means = [
            vectors[groups == place].mean(axis=0) if (groups == place).any() else centre
            for place, centre in enumerate(centres)
        ]
        centres = np.stack([mean / max(float(np.linalg.norm(mean)), 1e-6) for mean in means])
    return [int((vectors @ centre).argmax()) for centre in centres]
