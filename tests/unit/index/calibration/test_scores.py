from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from anysense.index.calibration.scores import (
    FARTHEST,
    LEAST_DEVIATION,
    SAMPLE_SHARE,
    SHARES,
    TYPICAL,
    Null,
    copy_bonus,
    fit_route,
    fit_tail,
    item_weights,
    standardise,
)

RNG = np.random.default_rng(0)


def unit(vectors: Any) -> Any:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def directions(n: int, seed: int, offset: float = 0.0, dimension: int = 64) -> Any:
    """Random vectors, all drawn towards one direction by a modality's offset."""
    vectors = np.random.default_rng(seed).normal(size=(n, dimension)) / np.sqrt(dimension)
    vectors[:, 0] += offset
    return unit(vectors)


def test_a_score_counts_the_nines_of_rarity() -> None:
    tail = fit_tail(RNG.normal(size=200_000))
    values = RNG.normal(size=200_000)
    scores = np.asarray([tail.score(float(v)) for v in values[:50_000]])
    for score in (0.5, 1.0, 1.5, 2.0):
        assert (scores >= score).mean() == pytest.approx(10**-score, rel=0.15)
    assert TYPICAL.score(1.2816) == pytest.approx(1.0, abs=0.01)
    assert TYPICAL.score(3.0902) == pytest.approx(3.0, abs=0.3)


def test_a_score_rises_with_the_value_everywhere() -> None:
    tail = fit_tail(RNG.exponential(size=5000))
    scores = [tail.score(v) for v in np.linspace(-20, 40, 2001)]
    assert (np.diff(scores) > 0).all()
    assert scores[0] > 0


def test_a_tail_of_equal_values_can_be_asked() -> None:
    tail = fit_tail(np.zeros(1000))
    assert tail.score(-1.0) < tail.score(0.0) < tail.score(1.0)
    assert np.isfinite(tail.score(1e3))


def test_a_few_related_pairs_do_not_stretch_the_tail() -> None:
    chance = RNG.normal(size=50_000)
    mixed = np.concatenate([chance, np.full(150, 12.0)])
    assert fit_tail(mixed).score(4.0) == pytest.approx(fit_tail(chance).score(4.0), rel=0.1)


def test_in_a_collection_of_copies_a_copy_still_scores_high() -> None:
    photos = np.repeat(directions(60, 7), 5, axis=0)
    photos = unit(photos + 0.02 * np.random.default_rng(8).normal(size=photos.shape))
    items = np.concatenate([directions(24, 9), photos])
    route = fit_route(items, items, item_weights(24, len(photos)), paired=True)
    assert route.tail.knots[-1] == pytest.approx(FARTHEST * TYPICAL.knots[-1])
    query = photos[0]
    scores = [route.null(query).score(float(p)) for p in photos @ query]
    assert min(scores[1:5]) > 3 > max(scores[5:])


def test_routes_of_different_offsets_and_spreads_have_the_same_false_positive_rate() -> None:
    rates = []
    for offset, seed in ((0.0, 1), (0.5, 2), (2.0, 3)):
        background, sample = directions(24, seed, offset), directions(300, 10 + seed, offset)
        items = np.concatenate([background, sample])
        weights = item_weights(24, 300)
        asking = directions(100, 20 + seed)
        route = fit_route(asking - asking.mean(axis=0), items, weights)
        unrelated, others = directions(200, 30 + seed), directions(1000, 40 + seed, offset)
        rate = []
        for query in unrelated - asking.mean(axis=0):
            null = route.null(query)
            rate.append(np.mean([null.score(float(p)) >= 2 for p in others @ query]))
        rates.append(np.mean(rate))
    assert max(rates) < 2 * min(rates)
    assert all(0.005 < rate < 0.02 for rate in rates)


def test_weights_share_between_background_and_sample() -> None:
    weights = item_weights(24, 500)
    assert weights.sum() == pytest.approx(1)
    assert weights[24:].sum() == pytest.approx(SAMPLE_SHARE, abs=0.02)
    assert item_weights(24, 2)[24:].sum() == pytest.approx(SAMPLE_SHARE / 5)
    assert item_weights(0, 5).sum() == pytest.approx(1)
    assert item_weights(24, 0).sum() == pytest.approx(1)


def test_three_photos_and_a_sound_are_judged_by_the_background() -> None:
    asking, background = directions(100, 1), directions(24, 2, 1.0)
    photos = directions(3, 3, 1.0)
    items = np.concatenate([background, photos])
    route = fit_route(asking - asking.mean(axis=0), items, item_weights(24, 3))
    null = route.null(photos[0] - asking.mean(axis=0))
    match, other = (null.score(float(p @ (photos[0] - asking.mean(axis=0)))) for p in photos[:2])
    assert match > 2.5
    assert other < 1.5


def test_with_nothing_known_scores_still_rank() -> None:
    nothing = np.empty((0, 8), np.float32)
    null = fit_route(nothing, nothing, item_weights(0, 0)).null(np.ones(8, np.float32))
    assert null.score(0.1) < null.score(0.3) < null.score(0.9)
    same = fit_route(directions(40, 1), np.tile(directions(1, 2), (40, 1)), item_weights(0, 40))
    null = same.null(directions(1, 3)[0])
    assert null.deviation == LEAST_DEVIATION
    assert np.isfinite(null.score(1.0))


def test_pairs_of_a_background_item_with_itself_are_no_chance() -> None:
    background = directions(30, 5)
    own = fit_route(background, background, item_weights(30, 0), paired=True)
    naive = fit_route(background, background, item_weights(30, 0))
    assert own.tail.score(4.0) > naive.tail.score(4.0)


def test_standardise_uses_the_weights() -> None:
    products = np.asarray([[0.0, 2.0, 100.0]])
    values = standardise(products, np.asarray([[1.0, 1.0, 0.0]]))
    assert values[0, :2].tolist() == [-1.0, 1.0]
    assert values[0, 2] == 99.0


def test_a_tail_is_drawn_towards_another() -> None:
    own, half = fit_tail(RNG.exponential(size=5000)), fit_tail(RNG.normal(size=5000))
    between = own.drawn(half, 0.5).score(2.0)
    assert min(own.score(2.0), half.score(2.0)) < between < max(own.score(2.0), half.score(2.0))
    assert own.drawn(half, 1.0).score(2.0) == pytest.approx(own.score(2.0))


def test_tails_survive_json() -> None:
    tail = fit_tail(RNG.normal(size=1000))
    again = type(tail).from_json(tail.to_json())
    assert len(again.knots) == len(SHARES)
    assert again.score(3.0) == pytest.approx(tail.score(3.0), rel=1e-3)
    assert Null(0.1, 0.2, tail).score(0.5) == pytest.approx(tail.score(2.0))


def test_being_all_but_the_same_adds_up_to_two() -> None:
    assert copy_bonus(0.95) == copy_bonus(-0.5) == 0
    assert copy_bonus(0.995) == pytest.approx(1)
    assert copy_bonus(1.0) == copy_bonus(1.00001) == pytest.approx(2)
