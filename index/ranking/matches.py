"""From what the index finds on each route to matches: each item's best segment, with its score.

The vectors of a query that lead to the same partition are searched with together, and what they
find is one list: a segment has the best of the scores that they give it.

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
from anysense.index.ranking.fusion import MATCHED_WELL, MOST_SEGMENTS, distinct, fuse
from anysense.index.ranking.match import Match, SegmentMatch
from anysense.index.ranking.word_matches import by_item, joined_segments, of_partition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from collections.abc import Set as AbstractSet

    from anysense.embed.types import FloatArray
    from anysense.index.ranking.routes import Route
    from anysense.index.ranking.words import Evidence
    from anysense.index.segment_set import SegmentSet
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids, Partition

__all__ = ["by_partition", "is_match", "matches_of", "search_routes", "words_on"]

LEAST_DEPTH = 50  # segments fetched at first: several may belong to one item
NO_MATCH = 0.5
"""If chance would put so many items or more as high as the best hit, that is no match."""


_T = TypeVar("_T")


class _Found(NamedTuple):
    """An item's best segment, its others, best first, each with its inner product."""

    item: int
    best: tuple[int, float]
    others: list[tuple[int, float]]


def by_partition(routes: Iterable[Route]) -> list[list[Route]]:
    """The routes to each partition, in order: one for each vector that the query has there."""
    groups: dict[Partition, list[Route]] = {}
    for route in routes:
        groups.setdefault(route.partition, []).append(route)
    return list(groups.values())


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
    """Up to `most` matches in each partition, and how many items they are the best of.

    An item with segments of several modalities may be among the matches of several partitions.

    Args:
        snapshot: what is searched.
        routes: where to, and with which vectors.
        most: how many matches of each partition.
        allowed: the only segments to find.
        without: items to leave out, by their keys.
        collapse: the cosine from which on only the better of two items is taken.
        evidence: what the words of the query find among the passages that may be found.

    Returns:
        The matches of each group of `by_partition`, best first, and the number.
    """
    lists, counted = [], 0
    for group in by_partition(routes):
        check_waiter()
        search = _Search(snapshot, group, most, allowed, without, collapse, evidence)
        lists.append(search.matches())
        counted += search.counted
    if allowed is not None:
        counted = min(counted, len(allowed))  # each is in one partition
    return lists, counted


class _Search:
    """The search of one partition, by the routes that lead there; see `search_routes`."""

    def __init__(
        self,
        snapshot: Snapshot,
        routes: Sequence[Route],
        most: int,
        allowed: SegmentSet | None,
        without: AbstractSet[int],
        collapse: float | None,
        evidence: Evidence | None,
    ) -> None:
        self._snapshot = snapshot
        self._routes = routes
        self._most = most
        self._is_filtered = allowed is not None
        self._allowed = _allowed_on(routes[0], allowed)
        self._without = without
        self._collapse = collapse
        self._words = words_on(snapshot, routes[0].partition, evidence)
        self.counted = 0

    def matches(self) -> list[Match]:
        """Up to so many, best first."""
        depth = max(LEAST_DEPTH, 2 * (self._most + len(self._without)))
        while True:
            # With all of the vectors each time: by one alone a product may differ in a digit.
            results = _searched(self._snapshot, self._routes, depth, self._allowed)
            found = [
                self._of_route(route, products, ids, depth)
                for route, (products, ids) in zip(self._routes, results, strict=True)
            ]
            is_short = any(
                len(matches) < self._most and len(ids) >= depth
                for matches, (_, ids) in zip(found, results, strict=True)
            )
            if not is_short:
                break  # else segments of few items, or near-duplicates, filled a list
            depth *= 4
        self._count(results[0][1], depth)
        if len(found) == 1:
            return found[0]
        merged = fuse(found, "calibrated")
        return self._distinct(merged, [match.best.id for match in merged])[: self._most]

    def _of_route(self, route: Route, products: FloatArray, ids: Ids, depth: int) -> list[Match]:
        """Up to so many matches among the segments that one vector has found."""
        snapshot = self._snapshot
        if self._words is None:
            found = _by_item(snapshot, products, ids, self._without)
            found = self._distinct(found, [each.best[0] for each in found])
            return _scored(snapshot, route, found[: self._most])
        segments = joined_segments(snapshot, route, ids, self._words, depth)
        joined = by_item(snapshot, segments, self._without)
        return self._distinct(joined, [match.best.id for match in joined])[: self._most]

    def _distinct(self, found: list[_T], best: Sequence[int]) -> list[_T]:
        """What was found without near-duplicates, of which the best segments are given."""
        if self._collapse is None:
            return found
        partition = self._routes[0].partition
        vectors = self._snapshot.vectors(partition, np.asarray(best, np.int64))
        return [found[place] for place in distinct(vectors, self._collapse, self._most)]

    def _count(self, ids: Ids, depth: int) -> None:
        """Note how many segments there are to be found, by those that one vector has found."""
        route = self._routes[0]
        all_found = self._is_filtered and len(ids) < depth
        whole = self._snapshot.partitions[route.partition]
        self.counted = len(ids) if all_found else whole if route.only is None else len(route.only)


def _searched(
    snapshot: Snapshot, routes: Sequence[Route], depth: int, allowed: SegmentSet | None
) -> list[tuple[FloatArray, Ids]]:
    """Products and ids of the segments that each of some routes to one partition finds."""
    is_one = len(routes) == 1
    vectors = routes[0].vector if is_one else np.stack([route.vector for route in routes])
    products, ids = snapshot.search(
        routes[0].partition,
        vectors,
        depth,
        query_modality=routes[0].modality,
        allowed=allowed,
    )
    if is_one:
        return [(products, ids)]
    return [(p[i >= 0], i[i >= 0]) for p, i in zip(products, ids, strict=True)]


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


def matches_of(
    snapshot: Snapshot, routes: Sequence[Route], k: int, left_out: AbstractSet[int] = frozenset()
) -> list[Match]:
    """The best items of one partition: at most k, and those of its 4 k best segments alone.

    Args:
        snapshot: what is searched.
        routes: where to: all to the same partition.
        k: how many items.
        left_out: segments that are passed over, by id.
    """
    depth = min(snapshot.partitions[routes[0].partition], 4 * k)
    lists = []
    results = _searched(snapshot, routes, depth, routes[0].only)
    for route, (products, ids) in zip(routes, results, strict=True):
        kept = ~np.isin(ids, list(left_out))
        found = _by_item(snapshot, products[kept], ids[kept])[:k]
        lists.append(_scored(snapshot, route, found))
    return lists[0] if len(lists) == 1 else fuse(lists, "calibrated")[:k]


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
