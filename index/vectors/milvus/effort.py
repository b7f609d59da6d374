"""How long a candidate list a search needs for a target recall, measured on queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anysense.index.vectors.arrays import as_ids, as_queries
from anysense.index.vectors.milvus.dialect import EFFORTS
from anysense.index.vectors.recall import Effort, least_effort, recall_at_k, without_itself

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids
    from anysense.index.vectors.milvus.search import PartitionSearch

__all__ = ["choose_effort"]


def choose_effort(
    search: PartitionSearch,
    queries: FloatArray,
    *,
    target_recall: float,
    k: int,
    query_ids: Ids | None,
) -> Effort:
    """What `Store.choose_effort` does: an ``ef`` of `EFFORTS`, as the effort's depth.

    The true neighbours are found by one pass over the catalog's vectors. It is one step more than
    the least that does: a server goes on merging and indexing what it was given, and what had a
    recall of 0.960 when it was measured had 0.942 ten seconds later (30,000 segments, 2.3.5).
    """
    most = Effort(1, 1.0, depth=EFFORTS[-1])
    if not len(queries):
        return most
    queries = as_queries(queries, search.partition, search.dimension)
    _, true = search.compare_all(queries, k if query_ids is None else k + 1)
    if query_ids is not None:
        true = without_itself(true, as_ids(query_ids))
    is_enough = False
    for ef in EFFORTS:
        effort = most._replace(depth=ef)
        _, found = search.nearest(queries, true.shape[1] + (query_ids is not None), effort)
        effort = effort._replace(recall=recall_at_k(found, true))
        if is_enough:
            break
        missed = np.array([~np.isin(t, f) for t, f in zip(true, found, strict=True)])
        # An effort of 1 finds what is not missed; the bound of its mean is `least_effort`'s.
        is_enough = least_effort(np.where(true < 0, -1, missed), 2, target_recall)[0] == 1
    return effort
