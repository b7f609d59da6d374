"""Why a match was found: its score taken apart, beside what chance gives the query on its route."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from anysense.embed.types import Modality
from anysense.index.calibration.scores import LEAST_ITEMS, SHARES, copy_bonus
from anysense.index.calibration.several import corrected, uncorrected
from anysense.index.calibration.words import added_by_words
from anysense.index.hits.explanation import Chance, Explanation, FoundWords, Parts, TermShare
from anysense.index.ranking.matches import words_on
from anysense.index.ranking.routes import Route, WordRoute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import FloatArray
    from anysense.index.hits.hit import Hit
    from anysense.index.ranking.match import Match, SegmentMatch
    from anysense.index.ranking.query import Term
    from anysense.index.ranking.states import State
    from anysense.index.ranking.word_matches import FoundByWords
    from anysense.index.ranking.words import Evidence

__all__ = ["explanation_of"]

MOST_SAMPLED = 200
LAST_VALUE, HIGHEST = 6, 12
"""The scores up to which the curve of chance is told: at least, and at most."""


def explanation_of(
    state: State,
    terms: Sequence[Term],
    routes: Sequence[Route],
    words: FoundByWords,
    match: Match,
    hit: Hit,
) -> Explanation:
    """Why an item was found.

    Args:
        state: of the collection that was searched.
        terms: the query.
        routes: that it took.
        words: what its words found.
        match: how it was found.
        hit: what is shown of it.
    """
    best = match.best
    found, evidence = _found_words(state, terms, words, match)
    route = _route_of(state, routes, best)
    if route is None:
        parts = Parts(0.0, 0.0, best.score)
        return Explanation(hit, state.name, None, parts, None, (), found)
    vector = state.snapshot.vectors(route.partition, np.array([best.id], np.int64))[0]
    is_by_vector = isinstance(best.route, Route)
    cosine = float((vector @ route.cosine).clip(-1, 1))
    cosine = best.raw_score if is_by_vector else round(cosine, 6)
    return Explanation(
        hit,
        state.name,
        cosine,
        _parts(state, route, best, cosine, evidence),
        _chance(state, route, vector, best.score),
        _term_shares(terms, route, vector),
        found,
    )


def _route_of(state: State, routes: Sequence[Route], best: SegmentMatch) -> Route | None:
    """The route on which the vector of a segment was, or could be, compared."""
    if isinstance(best.route, Route):
        return best.route
    there = [
        route
        for route in routes
        if route.partition == best.route.partition and (route.only is None or best.id in route.only)
    ]
    if len(there) < 2:
        return next(iter(there), None)
    vector = state.snapshot.vectors(best.route.partition, np.array([best.id], np.int64))[0]
    return max(there, key=lambda route: route.null.score(float(vector @ route.vector)))


def _found_words(
    state: State, terms: Sequence[Term], words: FoundByWords, match: Match
) -> tuple[FoundWords | None, Evidence | None]:
    """The words that found a match, and what they found in its partition if they are in passages.

    The name of its item counts where its passage has none of the words, or less of a score.
    """
    best = match.best
    in_name = _score_at(words.names, match.item, of_all=True)
    evidence = None
    if words.passages is not None and best.route.partition.modality is Modality.TEXT:
        evidence = words_on(state.snapshot, best.route.partition, words.passages)
    in_passage = _score_at(evidence, best.id)
    is_named = isinstance(best.route, WordRoute) and round(in_name or 0.0, 4) == best.score
    if words.names is not None and in_name and (is_named or in_passage is None):
        found = state.words.in_name(words.names.words, match.item)
        return FoundWords(round(in_name, 4), tuple(found), in_name=True), evidence
    if evidence is None or in_passage is None:
        return None, evidence
    found = state.words.in_passage(evidence.words, best.id)
    return FoundWords(round(in_passage, 4), tuple(found), in_name=False), evidence


def _score_at(evidence: Evidence | None, key: int, *, of_all: bool = False) -> float | None:
    """What the words alone score at a key; None if they did not find it.

    Args:
        evidence: what they found.
        key: of a passage or an item.
        of_all: only what has a code of the query or all of its words, as of names.
    """
    if evidence is None:
        return None
    places = np.flatnonzero(evidence.keys == key)
    if not len(places):
        return None
    place = int(places[0])
    sure = float(evidence.sure[place])
    return (sure or None) if of_all else max(float(evidence.scores[place]), sure)


def _parts(
    state: State, route: Route, best: SegmentMatch, cosine: float, evidence: Evidence | None
) -> Parts:
    """The parts of a score, which add up to it."""
    copy = copy_bonus(cosine) if route.modality == route.partition.modality else 0.0
    words = 0.0
    if evidence is not None:
        places = np.flatnonzero(evidence.keys == best.id)
        of_words = evidence.scores[places] if len(places) else np.zeros(1)
        words = float(added_by_words(of_words)[0]) - evidence.null.correction()
        sure = float(evidence.sure[places[0]]) if len(places) else 0.0
        if round(sure, 4) == best.score:
            return Parts(0.0, 0.0, best.score)
    elif isinstance(best.route, WordRoute):  # by its name: nothing in it was compared
        return Parts(0.0, 0.0, best.score)
    copy, words = round(copy, 4), round(words, 4)
    return Parts(round(best.score - copy - words, 4), copy, words)


def _chance(state: State, route: Route, vector: FloatArray, score: float) -> Chance:
    calibration = state.calibrations.route(route.modality, route.partition)
    items, weights = calibration.items, calibration.weights
    if len(items):
        others = items @ vector < 1 - 1e-3  # the segment itself is not unrelated
        items, weights = items[others], weights[others]
    # By BLAS it would be shared by all processors, whose threads then wait for more in a loop.
    products = np.einsum("md,d->m", items, route.vector)
    cosines = np.einsum("md,d->m", items, route.cosine).astype(np.float64)
    # Of too few nothing is known, and the null has what is typical.
    is_known = len(calibration.items) >= LEAST_ITEMS
    mean, deviation = (
        _spread(cosines, weights) if is_known else (route.null.mean, route.null.deviation)
    )
    places = _drawn(weights, MOST_SAMPLED)
    sample = sorted(round(route.null.score(product), 4) for product in products[places].tolist())
    null = route.null
    last = min(max(LAST_VALUE, math.ceil(uncorrected(max(score, 0.01), null.chances)) + 1), HIGHEST)
    # Between these a score by one chance is straight, and one by several nearly so.
    by_one = (*(-math.log10(share) for share in SHARES), *map(float, range(3, last + 1)))
    values = tuple(corrected(value, null.chances) for value in by_one)
    return Chance(
        round(mean, 6),
        round(deviation, 6),
        round(float(vector @ route.vector), 6),
        tuple(round(value, 4) for value in values),
        tuple(float(f"{10**-value:.4g}") for value in values),
        tuple(round(null.product(value), 6) for value in values),
        tuple(sample),
    )


def _spread(values: FloatArray, weights: FloatArray) -> tuple[float, float]:
    """The weighted mean and deviation of values; 0 of none."""
    total = float(weights.sum())
    if not len(values) or total <= 0:
        return 0.0, 0.0
    mean = float(weights @ values) / total
    return mean, math.sqrt(float(weights @ (values - mean) ** 2) / total)


def _drawn(weights: FloatArray, most: int) -> list[int]:
    """The places of up to so many that stand for all, each as often as it counts."""
    if not len(weights):
        return []
    sums = np.cumsum(weights, dtype=np.float64)
    number = min(most, len(weights))
    marks = (np.arange(number) + 0.5) / number * sums[-1]
    places: list[int] = np.searchsorted(sums, marks).clip(max=len(weights) - 1).tolist()
    return places


def _term_shares(terms: Sequence[Term], route: Route, vector: FloatArray) -> tuple[TermShare, ...]:
    """What each term gave of the cosine."""
    assert route.parts is not None
    # A vector in half precision is a little longer than 1, or shorter: no cosine is beyond 1.
    scale = 1 / max(1.0, abs(float(route.cosine @ vector)))
    shares = []
    for index, (term, part) in enumerate(zip(terms, route.parts, strict=True)):
        length = float(np.linalg.norm(part))
        share = float(part.astype(np.float64) @ vector) * scale
        # A term of no length has no weight, or does not reach the space.
        cosine = math.copysign(1.0, term.weight) * share / length if length > 0 else None
        cosine = None if cosine is None else round(min(max(cosine, -1.0), 1.0), 6)
        shares.append(TermShare(index, float(term.weight), cosine, round(share, 6)))
    return tuple(shares)
