from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anysense.index.calibration import decorrelation
from anysense.index.calibration.decorrelation import decorrelate, fit_directions
from anysense.index.calibration.scores import fit_route, item_weights


def vectors(n: int, seed: int, dimension: int = 96, shared: float = 4.0) -> Any:
    """Random vectors that vary by much along the first axis, and by little along the others."""
    rng = np.random.default_rng(seed)
    drawn = rng.normal(size=(n, dimension))
    drawn[:, 0] *= shared
    return drawn.astype(np.float32)


def test_what_all_vary_by_counts_less() -> None:
    directions = fit_directions(vectors(500, 1), vectors(500, 2))
    query = np.ones(96, np.float32)
    shorter = decorrelate(query, directions)
    assert 0 < shorter[0] < 0.7
    assert shorter[1:].min() > 0.75
    assert (decorrelate(np.stack([query, 2 * query]), directions)[1] == 2 * shorter).all()
    assert decorrelate(query, None) is query


def test_nothing_is_turned_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decorrelation, "STRENGTH", 1e-6)  # as strong as can be
    directions = fit_directions(vectors(500, 1), vectors(500, 2))
    query = vectors(1, 3)[0]
    assert (decorrelate(query, directions)) @ query > 0


@pytest.mark.parametrize("n", [20, 300])
def test_more_vectors_than_dimensions_or_fewer_are_one_formula(n: int) -> None:
    asking, items, query = vectors(n, 1), vectors(n, 2), vectors(1, 3)[0]
    directions = fit_directions(asking, items)
    covariance = (np.cov(asking.T, bias=True) + np.cov(items.T, bias=True)) / 2
    known = 2 * n / (2 * n + decorrelation.PRIOR)
    scale = decorrelation.STRENGTH / known * (covariance**2).sum() / np.trace(covariance)
    if n < 32:  # all that varies is within the directions
        exact = np.linalg.solve(np.eye(96) + covariance / scale, query)
        assert decorrelate(query, directions) == pytest.approx(exact, abs=5e-3)
    shares = (np.asarray(directions) ** 2).sum(axis=1)
    largest = np.linalg.eigvalsh(covariance)[::-1][: len(shares)]
    assert shares == pytest.approx(largest / (largest + scale), rel=0.01)


def test_the_right_answer_is_found_more_often() -> None:
    rng = np.random.default_rng(0)
    content = vectors(400, 1)
    content[:, :8] *= 4  # what many share
    noise = rng.normal(size=(2, *content.shape)).astype(np.float32)
    noise[:, :, :8] *= 3
    asking, items = content + noise[0], content + noise[1]

    def right(queries: Any) -> float:
        return float(np.mean((queries @ items.T).argmax(axis=1) == np.arange(len(items))))

    assert right(decorrelate(asking, fit_directions(asking, items))) > 1.3 * right(asking)


def test_thresholds_hold_for_what_it_was_not_fitted_to() -> None:
    asking, items = vectors(120, 1), vectors(120, 2)
    route = fit_route(asking, items, item_weights(24, 96), decorrelated=True)
    reached = []
    for query in vectors(200, 3):
        vector = route.decorrelated(query)
        null = route.null(vector)
        reached.append([null.score(float(p)) for p in vectors(200, 4) @ vector])
    for share in (0.1, 0.03, 0.01):
        assert share / 1.5 < np.mean(np.asarray(reached) >= -np.log10(share)) < 1.5 * share


def test_the_less_is_known_the_less_is_changed() -> None:
    query = vectors(1, 3)[0]
    changes = []
    for n in (8, 60, 500):
        directions = fit_directions(vectors(n, 1), vectors(n, 2))
        changes.append(float(np.abs(decorrelate(query, directions) - query)[0]))
    assert changes == sorted(changes)
    assert changes[0] < 0.1 * changes[-1]


def test_too_few_vectors_tell_nothing() -> None:
    assert fit_directions(vectors(3, 1), vectors(100, 2)) is None
    assert fit_directions(vectors(100, 1), vectors(0, 2)) is None
    assert fit_directions(np.ones((9, 4), np.float32), np.ones((9, 4), np.float32)) is None


def test_directions_are_what_half_precision_holds() -> None:
    directions = fit_directions(vectors(100, 1), vectors(100, 2))
    assert directions is not None
    assert (directions == directions.astype(np.float16)).all()
    assert directions.dtype == np.float32
    assert len(directions) == decorrelation.DIRECTIONS
