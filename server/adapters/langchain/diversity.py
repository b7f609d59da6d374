"""Hits that match a query and are unlike each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.vectorstores.utils import maximal_marginal_relevance

from anysense.embed.errors import ItemNotFoundError
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense import Hit
    from anysense.embed.types import FloatArray
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["choose_diverse"]


def choose_diverse(
    snapshot: Snapshot,
    hits: Sequence[Hit],
    queries: Mapping[str, Sequence[float]],
    k: int,
    lambda_mult: float,
) -> list[Hit]:
    """Choose hits by maximal marginal relevance, of the vectors that were compared.

    J. Carbonell and J. Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering
    Documents and Producing Summaries", SIGIR 1998. Vectors of several spaces stand side by side,
    with zeros elsewhere, so that two of different spaces are alike in nothing.

    Args:
        snapshot: of the collection that was searched.
        hits: what was found, of which those are chosen.
        queries: the vector of the query in each space that hits are of.
        k: how many to choose at most.
        lambda_mult: 1 for those that match best, 0 for those that differ most.
    """
    vectors = {space: np.asarray(query, np.float32) for space, query in queries.items()}
    rows: list[list[float]] = []
    present: list[Hit] = []
    for hit in hits:
        matched = _matched_vector(snapshot, hit, vectors[hit.space])
        if matched is not None:
            parts = [
                matched if space == hit.space else np.zeros(len(query), np.float32)
                for space, query in vectors.items()
            ]
            rows.append(np.concatenate(parts).tolist())
            present.append(hit)
    if not present:
        return []
    # The queries side by side are longer than one of them, and cosines with them smaller by the
    # root of their number: their weight is raised as much.
    weight = lambda_mult * math.sqrt(len(vectors))
    weight /= weight + 1 - lambda_mult
    query = np.concatenate(list(vectors.values()))
    return [present[i] for i in maximal_marginal_relevance(query, rows, weight, k)]


def _matched_vector(snapshot: Snapshot, hit: Hit, query: FloatArray) -> FloatArray | None:
    """The vector of the segment that matched; None if its item was removed meanwhile."""
    try:
        vectors = snapshot.item_vectors(hit.id)
    except ItemNotFoundError:
        return None
    of_item = vectors.get(Partition(hit.space, hit.modality))
    if of_item is None:
        return None
    nearest: FloatArray = of_item[int((of_item @ query).argmax())]
    return nearest
