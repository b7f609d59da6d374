"""Figures of retrieval quality, each with what chance would give.

A ranking is judged by the ranks of its relevant items, counted from 1; a relevant item that was not
found has rank infinity.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "bootstrap",
    "chance",
    "first_rank",
    "ndcg",
    "recall",
    "reciprocal_rank",
]

ROUNDS = 2000


def recall(ranks: Sequence[float], k: int) -> float:
    """The share of the relevant items among the first k; of k at most."""
    return sum(rank <= k for rank in ranks) / min(len(ranks), k)


def first_rank(ranks: Sequence[float]) -> float:
    """The rank of the best relevant item."""
    return min(ranks)


def reciprocal_rank(ranks: Sequence[float]) -> float:
    """One over the rank of the best relevant item."""
    return 1 / min(ranks)


def ndcg(ranks: Sequence[float], grades: Sequence[float], k: int = 10) -> float:
    """Normalised discounted cumulative gain at k (Järvelin & Kekäläinen, 2002), of linear gains."""
    import math

    pairs = zip(ranks, grades, strict=True)
    gain = sum(grade / math.log2(rank + 1) for rank, grade in pairs if rank <= k)
    best = sorted(grades, reverse=True)[:k]
    return gain / sum(grade / math.log2(place + 2) for place, grade in enumerate(best))


def chance(items: int, relevant: int, grades: Sequence[float] | None = None) -> dict[str, float]:
    """What a random order of items gives: the expected value of each figure.

    Args:
        items: how many there are.
        relevant: so many of them are.
        grades: of the relevant ones; all equal if None.
    """
    import numpy as np

    grades = grades or [1.0] * relevant
    best = np.sort(np.asarray(grades))[::-1][:10]
    discounts = 1 / np.log2(np.arange(2, 12))
    gain = sum(grades) / items * discounts[: min(10, items)].sum()
    # The best relevant item has rank i if the i - 1 before it are irrelevant and it is relevant.
    places = np.arange(items - relevant + 1)
    survive = np.cumprod(np.concatenate([[1.0], 1 - relevant / (items - places[:-1])]))
    at = survive * relevant / (items - places)
    return {
        **{f"recall@{k}": _recall_by_chance(items, relevant, k) for k in (1, 5, 10)},
        "mrr": float((at / (places + 1)).sum()),
        "ndcg@10": float(gain / (best * discounts[: len(best)]).sum()),
        "median_rank": float(np.searchsorted(np.cumsum(at), 0.5) + 1),
    }


def _recall_by_chance(items: int, relevant: int, k: int) -> float:
    return min(k, items) * relevant / items / min(relevant, k)


def bootstrap(values: Sequence[float], statistic: str = "mean", seed: int = 0) -> list[float]:
    """The 95 % interval of the mean or the median by the bootstrap (Efron, 1979) over queries."""
    import numpy as np

    sample = np.asarray(values, np.float64)
    rng = np.random.default_rng(seed)
    reduce: Any = np.mean if statistic == "mean" else np.median
    # In pieces, so that many queries do not take much memory.
    estimates = [reduce(sample[rng.integers(len(sample), size=len(sample))]) for _ in range(ROUNDS)]
    return [float(v) for v in np.quantile(estimates, [0.025, 0.975], method="nearest")]
