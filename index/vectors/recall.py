"""How many lists to probe, and which: the arithmetic of approximate search, without FAISS.

A query ranks the lists of its partition by the inner product with their centroids and scans them
from the best on (the inverted file of Jégou, Douze and Schmid, "Product quantization for nearest
neighbor search", 2011). How many it must scan for a given recall depends on where the queries come
from: a text reaches its pictures from across the modality gap and needs many more lists than a
picture does, so the number is measured for each route.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from anysense.index.vectors.thresholds import DEFAULTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids
    from anysense.index.vectors.idmap import Selection


__all__ = [
    "FULL_PROBE_SHARE",
    "MEASURED_K",
    "TARGET_RECALL",
    "Effort",
    "is_narrow",
    "least_effort",
    "list_ranks",
    "nearest_lists",
    "plan_probes",
    "ranks_in",
    "recall_at_k",
    "without_itself",
]

TARGET_RECALL = 0.95
"""The share of the true 10 nearest segments that a search is to find."""

FULL_PROBE_SHARE = 0.1
"""A filter that selects no more than this share of a partition is answered exactly."""

MEASURED_K = 10
"""The number of neighbours for which an effort is measured."""


class Effort(NamedTuple):
    """What a search spends, and what it found when that was measured.

    Attributes:
        nprobe: how many lists it scans.
        recall: the share of the true nearest neighbours that it found.
        scanned: the share of the partition that is in these lists.
        depth: of how many candidates of the fast scan the 10 best are found; 0 without one.
        break_even: with so many candidates or more, a search takes longer than with the vectors
            alone, by the clock of the machine that measured it; None where it has not been timed.
    """

    nprobe: int
    recall: float
    scanned: float = 1.0
    depth: int = 0
    break_even: int | None = None


def plan_probes(
    queries: FloatArray,
    centroids: FloatArray,
    sizes: Ids,
    selection: Selection | None,
    nprobe: int,
    k: int,
    *,
    full_probe: int = DEFAULTS.full_probe,
) -> Ids:
    """Choose the lists that each query scans.

    Without a filter these are the `nprobe` best, and more only if they hold fewer than k segments.
    With one, every list that holds something eligible is scanned if that is a tenth of the
    partition or at most `full_probe` segments, and `_enough` says how far a wider one goes.

    Args:
        queries: (q, d).
        centroids: (lists, d).
        sizes: (lists,), the segments in each list.
        selection: what may be found; None is everything.
        nprobe: how many lists an unfiltered search scans.
        k: how many neighbours are to be found.
        full_probe: how many segments a search may scan anyway.

    Returns:
        (q, p) list numbers; -1 fills the rows of queries that need fewer.
    """
    lists = len(sizes)
    counts = sizes if selection is None else selection.counts
    if nprobe >= lists or is_narrow(selection, int(sizes.sum()), full_probe):
        filled = np.flatnonzero(counts)
        return np.broadcast_to(filled, (len(queries), len(filled)))
    affinity = queries @ centroids.T
    nearest = nearest_lists(affinity, nprobe)
    seen = sizes[nearest].sum(axis=1)
    if selection is None:
        return (
            nearest if seen.min() >= k else sufficient_lists(affinity, counts, np.maximum(seen, k))
        )
    share = selection.total / sizes.sum()
    near = np.maximum(counts[nearest].sum(axis=1), 1) / np.maximum(seen, 1)
    return sufficient_lists(affinity, counts, np.maximum(seen * _enough(share, near), k))


def is_narrow(selection: Selection | None, count: int, full_probe: int) -> bool:
    """Whether a search among what is selected of so many segments is answered exactly."""
    return selection is not None and selection.total <= max(full_probe, FULL_PROBE_SHARE * count)


def _enough(share: float, near: NDArray[Any]) -> NDArray[Any]:
    """How many eligible segments a filtered query must see, as a multiple of an unfiltered one's.

    A filter for what is unlike the query leaves only neighbours that are far, and the centroids
    rank those poorly. It is known by the eligible being rarer in the lists near the query, `near`,
    than in the whole partition, `share`. In a test of filters by topic, with queries on the topics
    that were left out, seeing as many as without a filter found 0.84 of the neighbours, the ratio
    of the two shares squared 0.89, and three times that 0.97. Where nearly all is eligible, as with
    tombstones, the factor of three fades to one.
    """
    factor = 1 + 2 * min(1.0, 10 * (1 - share))
    return factor * np.maximum(1.0, share / near) ** 2


def nearest_lists(affinity: FloatArray, nprobe: int) -> Ids:
    """The `nprobe` best lists of each query, in no order: (q, nprobe) of affinity (q, lists)."""
    lists = affinity.shape[1]
    return np.argpartition(affinity, lists - nprobe, axis=1)[:, lists - nprobe :]


def sufficient_lists(affinity: FloatArray, counts: Ids, least: NDArray[Any]) -> Ids:
    """The best lists of each query that together hold enough eligible segments.

    With a filter the lists near a query may hold few or none of the segments that it selects, so
    the number of lists is no measure of work; the number of eligible segments scanned is. Lists
    without any are skipped.

    Args:
        affinity: (q, lists), the inner products of queries and centroids.
        counts: (lists,), the eligible segments of each list.
        least: (q,), how many eligible segments each query must see, if there are so many.

    Returns:
        (q, widest) list numbers; -1 fills the rows of queries that need fewer.
    """
    filled = np.flatnonzero(counts)
    order = filled[np.argsort(-affinity[:, filled], axis=1, kind="stable")]
    before = np.cumsum(counts[order], axis=1) - counts[order]
    needed = before < least[:, None]
    width = max(1, int(needed.sum(axis=1).max(initial=0)))
    return np.where(needed, order, -1)[:, :width]


def list_ranks(affinity: FloatArray, lists: Ids) -> Ids:
    """The rank, from 0, at which each query probes given lists: (q, k) of lists (q, k); -1 stays.

    A neighbour in a list of rank r is found if and only if nprobe > r.
    """
    ranks = np.full(lists.shape, -1, dtype=np.int64)
    for row, (scores, numbers) in enumerate(zip(affinity, lists, strict=True)):
        present = numbers >= 0
        ascending = np.sort(scores)
        at = np.searchsorted(ascending, scores[numbers[present]], side="left")
        ranks[row, present] = len(scores) - 1 - at  # behind those of equal score
    return ranks


def ranks_in(candidates: Ids, true: Ids) -> Ids:
    """The rank, from 0, of each true neighbour (q, k) among the candidates (q, n).

    It is n for one that is not among them; -1 in `true` stays.
    """
    ranks = np.full(true.shape, -1, dtype=np.int64)
    for row, (ids, neighbours) in enumerate(zip(candidates, true, strict=True)):
        order = np.argsort(ids, kind="stable")
        at = order[np.searchsorted(ids, neighbours, sorter=order).clip(max=len(ids) - 1)]
        places = np.where(ids[at] == neighbours, at, len(ids))
        ranks[row] = np.where(neighbours < 0, -1, places)
    return ranks


def least_effort(ranks: Ids, most: int, target: float) -> tuple[int, float]:
    """The smallest effort that reaches a mean recall of `target`, and the recall it measured.

    The one-sided 95 % confidence bound of the mean over queries must reach the target, so that
    other queries of the same kind seldom fall below it.

    Args:
        ranks: (q, k), the effort, less one, that finds each true neighbour of a query; -1 where
            it has fewer. An effort is a number of lists (`list_ranks`) or of candidates
            (`ranks_in`).
        most: the effort to make if none reaches the target.
        target: the recall to reach, in (0, 1].
    """
    exists = ranks >= 0
    ranks, exists = ranks[exists.any(axis=1)], exists[exists.any(axis=1)]
    if most == 1 or not len(ranks):
        return most, 1.0
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        mean, error = _recall(ranks, exists, middle)
        if mean - 1.645 * error >= target:
            high = middle
        else:
            low = middle + 1
    return low, _recall(ranks, exists, low)[0]


def _recall(ranks: Ids, exists: NDArray[np.bool_], effort: int) -> tuple[float, float]:
    """The mean over queries of the share of neighbours within an effort, and its error."""
    shares = ((ranks < effort) & exists).sum(axis=1) / exists.sum(axis=1)
    return float(shares.mean()), float(shares.std() / np.sqrt(len(shares)))


def recall_at_k(ids: Ids, true: Ids) -> float:
    """The share of true neighbours among the results, both (q, k) ids.

    -1 in `true` is no neighbour. A query without any true neighbour does not count; 1.0 if none
    has one.
    """
    shares = []
    for results, neighbours in zip(ids, true, strict=True):
        neighbours = neighbours[neighbours >= 0]
        if len(neighbours):
            shares.append(len(np.intersect1d(results, neighbours)) / len(neighbours))
    return float(np.mean(shares)) if shares else 1.0


def without_itself(found: Ids, query_ids: Ids) -> Ids:
    """Neighbours (q, k + 1) without the segment (q,) that each query is itself: (q, k).

    Of a query that did not find itself the last neighbour goes.
    """
    itself = found == query_ids[:, None]
    itself[:, -1] |= ~itself.any(axis=1)
    others: Ids = found[~itself].reshape(len(found), found.shape[1] - 1)
    return others
