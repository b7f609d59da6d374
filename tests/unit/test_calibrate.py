from __future__ import annotations

import numpy as np
import pytest

from anysense.index.calibrate import LEAST_DEVIATION, UNKNOWN, Null, fit_null

NORMAL = np.random.default_rng(0).normal(0.3, 0.05, 4000).astype(np.float32)


def test_a_large_sample_speaks_for_itself() -> None:
    null = fit_null(NORMAL, prior=Null(0.9, 0.1, 10))
    assert null.mean == pytest.approx(0.3, abs=0.01)
    assert null.deviation == pytest.approx(0.05, rel=0.1)
    assert null.score(0.3 + 3 * null.deviation) == pytest.approx(3, abs=0.1)


def test_a_minority_of_relevant_items_does_not_raise_the_bar() -> None:
    relevant = np.full(400, 0.9, np.float32)
    clean, mixed = fit_null(NORMAL), fit_null(np.concatenate([NORMAL, relevant]))
    assert mixed.mean == pytest.approx(clean.mean, abs=0.01)
    assert mixed.deviation == pytest.approx(clean.deviation, rel=0.2)


def test_a_small_sample_stays_near_the_prior() -> None:
    prior = fit_null(NORMAL)
    assert fit_null(NORMAL[:0], prior) == prior
    one = fit_null(np.asarray([0.8], np.float32), prior)
    assert one.mean == pytest.approx(prior.mean + (0.8 - prior.mean) / 17)
    assert one.deviation == pytest.approx(prior.deviation, rel=0.05)


def test_scores_of_different_scales_compare() -> None:
    low, high = fit_null(NORMAL), fit_null(NORMAL / 5 + 0.6)
    assert low.score(0.45) == pytest.approx(high.score(0.45 / 5 + 0.6), rel=0.15)


def test_equal_cosines_do_not_divide_by_zero() -> None:
    null = fit_null(np.full(10_000, 0.5, np.float32), prior=Null(0.5, 0.0, 1))
    assert null.deviation == LEAST_DEVIATION
    assert np.isfinite(null.score(1.0))
    assert fit_null(NORMAL[:0]) == UNKNOWN
