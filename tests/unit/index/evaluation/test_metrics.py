from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from anysense.index.evaluation import metrics


def test_figures_of_a_ranking() -> None:
    assert metrics.recall([1, 7, math.inf], 5) == pytest.approx(1 / 3)
    assert metrics.recall([1, 2, 3], 1) == 1.0  # no more than one can be first
    assert metrics.reciprocal_rank([4, 2]) == 0.5
    assert metrics.reciprocal_rank([math.inf]) == 0.0
    assert metrics.first_rank([9, 3]) == 3
    assert metrics.ndcg([1, 2], [1, 1]) == 1.0
    assert metrics.ndcg([2, 1], [2, 1]) == pytest.approx(
        (2 / math.log2(3) + 1) / (2 + 1 / math.log2(3))
    )
    assert metrics.ndcg([11], [1]) == 0.0


@pytest.mark.parametrize(("items", "relevant"), [(6, 1), (6, 2), (7, 3), (4, 4)])
def test_chance_is_the_mean_over_all_orders(items: int, relevant: int) -> None:
    expected = metrics.chance(items, relevant)
    chosen = list(itertools.combinations(range(1, items + 1), relevant))
    for k in (1, 5, 10):
        mean = np.mean([metrics.recall(ranks, k) for ranks in chosen])
        assert expected[f"recall@{k}"] == pytest.approx(mean)
    assert expected["mrr"] == pytest.approx(np.mean([metrics.reciprocal_rank(r) for r in chosen]))
    ones = [1.0] * relevant
    assert expected["ndcg@10"] == pytest.approx(np.mean([metrics.ndcg(r, ones) for r in chosen]))
    firsts = sorted(metrics.first_rank(ranks) for ranks in chosen)
    assert expected["median_rank"] == firsts[(len(firsts) - 1) // 2]


def test_intervals_hold_the_mean_and_shrink_with_more_queries() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.random(20).tolist(), rng.random(2000).tolist()
    for values in (few, many):
        low, high = metrics.bootstrap(values)
        assert low < np.mean(values) < high
    narrow, wide = (np.diff(metrics.bootstrap(values))[0] for values in (many, few))
    assert narrow < wide / 5
    assert metrics.bootstrap([3.0, math.inf, 3.0], "median")[0] == 3.0
