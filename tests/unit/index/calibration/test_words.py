"""What a score by words means: how rarely an unrelated text has as many of the query's words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from anysense.index.background.words import frequency
from anysense.index.calibration.words import (
    MOST_ADDED,
    SHARE,
    STEPS,
    WordNull,
    added_by_words,
    chance_of,
    joined_scores,
)


def null_of(*chances: float) -> WordNull:
    return WordNull.of(chances, [-math.log(chance) for chance in chances])


def test_a_word_scores_as_high_as_it_is_rare() -> None:
    for chance in (0.1, 0.01, 1e-4):
        [score] = null_of(chance).score(np.array([-math.log(chance) * 0.6]))
        assert score == pytest.approx(-math.log10(chance), abs=0.02)


def test_no_word_scores_nothing_and_more_words_score_more() -> None:
    null = null_of(0.1, 0.05, 0.01)
    sums = np.linspace(0, null.step * STEPS, 200)
    scores = null.score(sums)
    assert scores[0] == pytest.approx(0)
    assert (np.diff(scores) >= 0).all()


def test_one_word_of_many_that_were_asked_scores_less() -> None:
    """Where ten words are asked, an unrelated text has one of them ten times as often."""
    rarity = -math.log(0.01)
    [alone] = null_of(0.01).score(np.array([rarity]))
    [among_ten] = null_of(*[0.01] * 10).score(np.array([rarity]))
    assert alone - among_ten == pytest.approx(1.0, abs=0.1)


def test_scores_are_the_shares_of_texts_drawn_by_chance() -> None:
    rng = np.random.default_rng(0)
    chances = np.array([0.2, 0.1, 0.05, 0.05, 0.01])
    rarities = -np.log(chances)
    weights = rng.choice(
        [0.6, 0.85, 1.1, 1.35, 1.65], p=[0.2, 0.3, 0.25, 0.15, 0.1], size=(200_000, 5)
    )
    sums = ((rng.random((200_000, 5)) < chances) * weights * rarities).sum(axis=1)
    scores = WordNull.of(chances.tolist(), rarities.tolist()).score(sums)
    for level in (1.0, 1.5, 2.0, 3.0):
        assert (scores >= level).mean() / 10**-level == pytest.approx(1.0, abs=0.35), level


def test_a_joined_score_keeps_its_meaning_where_words_and_vectors_are_independent() -> None:
    rng = np.random.default_rng(1)
    null = null_of(0.2, 0.1, 0.05, 0.02)
    places = rng.choice(STEPS + 1, p=null.density / null.density.sum(), size=400_000)
    by_vector = -np.log10(rng.random(400_000))
    joined = joined_scores(by_vector, null.scores[places], null)
    for level in (1.0, 2.0, 3.0):
        assert (joined >= level).mean() / 10**-level == pytest.approx(1.0, abs=0.15), level


def test_words_add_a_share_and_no_more_than_so_much() -> None:
    added = added_by_words(np.array([0.0, 1.0, 100.0]))
    assert added == pytest.approx([0.0, SHARE, SHARE * MOST_ADDED])


def test_words_that_nobody_has_change_no_score() -> None:
    null = null_of(1e-9)
    assert joined_scores(np.array([2.0]), np.array([0.0]), null) == pytest.approx([2.0], abs=1e-4)


def test_a_rare_word_of_one_text_is_rare_in_a_small_collection_too() -> None:
    for texts in (2, 10, 1000, 100_000):
        assert chance_of(1, texts, 1e-6, 120) < 2e-4
    assert chance_of(5, 10, 1e-6, 120) > 0.05  # half of them have it: here it is nothing special
    assert chance_of(3, 3, frequency("the"), 120) > 0.9
    assert chance_of(40_000, 100_000, 1e-6, 120) == pytest.approx(0.36, abs=0.01)
    assert 0 < chance_of(0, 1, 1e-6, 0.0) <= 1
    assert chance_of(3, 10, 1e-6, 120, of_one=3) < 2e-4  # three passages of the one that is found
    assert 0 < chance_of(3, 3, 1e-6, 120, of_one=3) <= 1


def test_words_are_the_rarer_the_less_they_are_written() -> None:
    assert frequency("the") > frequency("red") > frequency("quantum") > frequency("err_2041")
    assert frequency("de") > frequency("kvikkjokk")
    assert frequency("的") > frequency("北京")
    assert frequency("zq") > frequency("zq7")
    assert all(0 < frequency(word) < 0.05 for word in ("the", "a", "x" * 64, "é", "c++"))
