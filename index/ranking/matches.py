"""From what the index finds on each route to matches: each item's best segment, with its score.

Matches are ranked by keys and numbers alone. What a hit says beyond them is read of the catalog for
those that are shown (`anysense.index.ranking.reading`), as reading it would be most of what a
search costs.
"""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from anysense.embed.types import Modality
from anysense.embed.waiting import check_waiter
from anysense.index.calibration.scores import copy_bonus
from anysense.index.ranking.fusion import MATCHED_WELL, MOST_SEGMENTS, distinct
from anysense.index.ranking.match import Match, SegmentMatch
from anysense.index.ranking.word_matches import by_item, joined_segments, of_partition

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from anysense.embed.types import FloatArray
    from anysense.index.ranking.routes import Route
    from anysense.index.ranking.words import Evidence
    from anysense.index.segment_set import SegmentSet
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids, Partition

__all__ = ["is_match", "matches_of", "search_routes", "words_on"]

LEAST_DEPTH = 50  # segments fetched at first: several may belong to one item
NO_MATCH = 0.5
"""If chance would put so many items or more as high as the best hit, that is no match."""


_T = TypeVar("_T")


class _Found(NamedTuple):
    """An item's best segment, its others, best first, each with its inner product."""

    item: int
    best: tuple[int, float]
    others: list[tuple[int, float]]


def search_routes(
    snapshot: Snapshot,
    routes: Sequence[Route],
    most: int,
    *,
    allowed: SegmentSet | None = None,
    without: AbstractSet[int] = frozenset(),
    collapse: float | None = None,
    evidence: Evidence | None = None,
) -> tuple[list[list[Match]], int]:
    """Up to `most` matches of each route, and how many items they are the best of.

    An item with segments of several modalities may be among the matches of several routes.

    Args:
        snapshot: what is searched.
        routes: where to, and with which vectors.
        most: how many matches of each.
        allowed: the only segments to find.
        without: items to leave out, by their keys.
        collapse: the cosine from which on only the better of two items is taken.
        evidence: what the words of the query find among the passages that may be found.
    """
    lists, counted = [], 0
    for route in routes:
        check_waiter()
        words = words_on(snapshot, route.partition, evidence)
        depth = max(LEAST_DEPTH, 2 * (most + len(without)))
        while True:
            products, ids = snapshot.search(
                route.partition,
                route.vector,
                depth,
                query_modality=route.modality,
                allowed=_allowed_on(route, allowed),
            )
            if words is None:
                found = _by_item(snapshot, products, ids, without)
                found = _distinct(
                    snapshot, route, found, [f.best[0] for f in found], collapse, most
                )
                matches = _scored(snapshot, route, found[:most])
            else:
                segments = joined_segments(snapshot, route, ids, words, depth)
                joined = by_item(snapshot, segments, without)
                best = [match.best.id for match in joined]
                matches = _distinct(snapshot, route, joined, best, collapse, most)[:most]
            if len(matches) >= most or len(ids) < depth:
                break  # else segments of few items, or near-duplicates, filled the list
            depth *= 4
        lists.append(matches)
        all_found = allowed is not None and len(ids) < depth
        of_route = snapshot.partitions[route.partition] if route.only is None else len(route.only)
        counted += len(ids) if all_found else of_route
    if allowed is not None:
        counted = min(counted, len(allowed))  # each is in one partition
    return lists, counted


def _allowed_on(route: Route, allowed: SegmentSet | None) -> SegmentSet | None:
    """The only segments to find on a route; None for all of its partition."""
    if route.only is None or allowed is None:
        return allowed if route.only is None else route.only
    return route.only & allowed


def words_on(
    snapshot: Snapshot, partition: Partition, evidence: Evidence | None
) -> Evidence | None:
    """What the words find on the route to a partition; None if nothing."""
    if evidence is None or partition.modality is not Modality.TEXT:
        return None
    words = of_partition(snapshot, evidence, partition)
    return words if len(words.keys) or words.of_others else None


def _distinct(
    snapshot: Snapshot,
    route: Route,
    found: list[_T],
    best: Sequence[int],
    collapse: float | None,
    most: int,
) -> list[_T]:
    """What was found without near-duplicates, of which the best segments are given."""
    if collapse is None:
        return found
    vectors = snapshot.vectors(route.partition, np.asarray(best, np.int64))
    return [found[place] for place in distinct(vectors, collapse, most)]


def matches_of(
    snapshot: Snapshot, route: Route, k: int, left_out: AbstractSet[int] = frozenset()
) -> list[Match]:
    """The best items of one route: at most k, and those of its 4 k best segments alone.

    Args:
        snapshot: what is searched.
        route: where to, and with which vectors.
        k: how many items.
        left_out: segments that are passed over, by id.
    """
    depth = min(snapshot.partitions[route.partition], 4 * k)
    products, ids = snapshot.search(
        route.partition,
        route.vector,
        depth,
        query_modality=route.modality,
        allowed=route.only,
    )
    if left_out:
        kept = ~np.isin(ids, list(left_out))
        products, ids = products[kept], ids[kept]
    return _scored(snapshot, route, _by_item(snapshot, products, ids)[:k])


def is_match(score: float, items: int) -> bool:
    """Whether the best of so many items scores higher than chance would let it.

    Args:
        score: of the best hit.
        items: how many it is the best of.
    """
    return score >= math.log10(max(items, 1) / NO_MATCH)


def _by_item(
    snapshot: Snapshot, products: FloatArray, ids: Ids, without: AbstractSet[int] = frozenset()
) -> list[_Found]:
    """Each item's best segment, and as many others as may be told: they come best first."""
    found: dict[int, _Found] = {}
    segments = zip(ids.tolist(), products.tolist(), strict=True)
    for item, segment in zip(snapshot.keys_of_segments(ids), segments, strict=True):
        if item is None or item in without:  # None: removed a moment ago
            continue
        first = found.get(item)
        if first is None:
            found[item] = _Found(item, segment, [])
        elif len(first.others) < MOST_SEGMENTS:
            first.others.append(segment)
    return list(found.values())


def _scored(snapshot: Snapshot, route: Route, found: Sequence[_Found]) -> list[Match]:
    """The matches of a route, with their scores and cosines."""
    # Only those that may be told: a vector is read for each.
    further = [[o for o in f.others if route.null.score(o[1]) >= MATCHED_WELL] for f in found]
    leading = _segments(snapshot, route, [f.best for f in found])
    rest = iter(_segments(snapshot, route, [other for others in further for other in others]))
    # The index sums in another order: where the two differ in the last digit, the order of the list
    # stays, or one item could be on two pages.
    scores = accumulate((segment.score for segment in leading), min)
    return [
        Match(
            each.item,
            SegmentMatch(segment.id, score, segment.raw_score, route),
            tuple(next(rest) for _ in others),
        )
        for each, segment, score, others in zip(found, leading, scores, further, strict=True)
    ]


def _segments(
    snapshot: Snapshot, route: Route, found: Sequence[tuple[int, float]]
) -> list[SegmentMatch]:
    """Segments of a route, given with their inner products."""
    ids = np.asarray([segment for segment, _ in found], np.int64)
    cosines = (snapshot.vectors(route.partition, ids) @ route.cosine).clip(-1, 1).tolist()
    scores = [route.null.score(product) for _, product in found]
    if route.modality == route.partition.modality:
        scores = [s + copy_bonus(cosine) for s, cosine in zip(scores, cosines, strict=True)]
    return [
        SegmentMatch(segment, round(score, 4), round(cosine, 6), route)
        for (segment, _), score, cosine in zip(found, scores, cosines, strict=True)
    ]
