"""The best of several scores is worth what its chances leave of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anysense.index.calibration.scores import LEAST_ITEMS, TYPICAL, Null, RouteCalibration
from anysense.index.calibration.several import chances_of, corrected, uncorrected

SCORES = [1e-9, 1e-3, 0.0458, 0.3, 0.5, 1.0, 2.0, 5.0, 11.99, 12.01, 40.0, 900.0]


def even(number: int) -> Any:
    return np.full(number, 1 / number, np.float32)


@pytest.mark.parametrize("score", SCORES)
def test_one_chance_changes_nothing(score: float) -> None:
    assert corrected(score, 1.0) == score
    assert uncorrected(score, 1.0) == score


@pytest.mark.parametrize("chances", [1.5, 3.0, 8.0])
def test_the_correction_is_that_of_sidak_and_can_be_undone(chances: float) -> None:
    for score in SCORES[1:]:
        worth = corrected(score, chances)
        assert 0 < worth < score
        if score < 9:
            assert worth == pytest.approx(-np.log10(1 - (1 - 10**-score) ** chances), rel=1e-6)
        else:
            assert worth == pytest.approx(score - np.log10(chances), abs=1e-9)
        if worth > 1e-12:
            assert uncorrected(worth, chances) == pytest.approx(score, rel=1e-6)


def test_what_is_corrected_rises_with_the_score() -> None:
    worth = [corrected(score, 8.0) for score in np.concatenate([np.linspace(1e-4, 20, 4001)])]
    assert (np.diff(worth) > 0).all()
    assert worth[0] > 0


def test_as_many_reach_a_corrected_score_as_reach_a_score() -> None:
    scores = -np.log10(np.random.default_rng(0).random((8, 100_000)))
    worth = np.array([corrected(score, 8.0) for score in scores.max(axis=0).tolist()])
    for level in (0.5, 1.0, 2.0):
        assert (worth >= level).mean() == pytest.approx(10**-level, rel=0.1)
    assert (scores.max(axis=0) >= 1).mean() > 0.5  # as it was without


def test_chances_are_those_of_vectors_that_find_different_segments() -> None:
    rng = np.random.default_rng(0)
    apart = rng.random((6, 5000)) < 0.1
    assert chances_of(apart, even(5000)) == pytest.approx(6.0, rel=0.08)
    same = np.repeat(apart[:1], 6, axis=0)
    assert chances_of(same, even(5000)) == pytest.approx(1.0, abs=0.02)
    half = np.concatenate([same[:3], np.repeat(apart[1:2], 3, axis=0)])
    assert chances_of(half, even(5000)) == pytest.approx(2.0, rel=0.1)


def test_of_few_segments_every_vector_counts() -> None:
    same = np.repeat(np.arange(10)[None] < 1, 4, axis=0)
    assert 2.5 < chances_of(same, even(10)) < 4.0
    assert chances_of(np.zeros((4, 500), bool), even(500)) == 4.0
    assert chances_of(np.ones((4, 500), bool), even(500)) == 4.0
    assert chances_of(np.zeros((4, 0), bool), even(500)[:0]) == 4.0
    assert chances_of(same[:1], even(10)) == 1.0


def test_each_vector_of_a_query_has_the_chances_of_all() -> None:
    rng = np.random.default_rng(0)
    items = rng.normal(size=(400, 32)).astype(np.float32)
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    route = RouteCalibration(items, even(400), TYPICAL)
    queries = items[:5]
    assert route.nulls(queries[:1]) == [route.null(queries[0])]
    nulls = route.nulls(queries)
    [chances] = {null.chances for null in nulls}
    assert 4.0 < chances <= 5.0
    for null, query in zip(nulls, queries, strict=True):
        alone = route.null(query)
        assert (null.mean, null.deviation) == (alone.mean, alone.deviation)
        assert null.score(0.9) == corrected(alone.score(0.9), chances)
        for score in (0.05, 1.0, 3.0, 20.0):
            assert null.score(null.product(score)) == pytest.approx(score, rel=1e-6)
    alike = route.nulls(np.repeat(queries[:1], 5, axis=0))
    assert alike[0].chances < 1.3
    few = RouteCalibration(items[: LEAST_ITEMS - 1], even(LEAST_ITEMS - 1))
    assert few.nulls(queries)[0] == Null(0.0, 0.1, few.tail, 5.0)
