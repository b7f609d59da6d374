"""From what the index finds on each route to hits: each item's best segment, with its score."""

from __future__ import annotations

import math
from itertools import accumulate, takewhile
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from anysense.embed.waiting import check_waiter
from anysense.index.calibration.scores import copy_bonus
from anysense.index.ranking.fusion import MATCHED_WELL, MOST_SEGMENTS, distinct
from anysense.index.ranking.hit import Hit, HitSegment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from anysense.embed.types import FloatArray
    from anysense.index.catalog.records import SegmentRow
    from anysense.index.ranking.routes import Route
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids

__all__ = ["hits_of", "is_match", "search_routes"]

LEAST_DEPTH = 50  # segments fetched at first: several may belong to one item
NO_MATCH = 0.5
"""If chance would put so many items or more as high as the best hit, that is no match."""


class _Match(NamedTuple):
    """A segment, its inner product with a route's vector, and the item's others, best first."""

    row: SegmentRow
    product: float
    others: list[tuple[SegmentRow, float]]


def search_routes(
    snapshot: Snapshot,
    routes: Sequence[Route],
    most: int,
    *,
    allowed: Ids | None = None,
    without: AbstractSet[str] = frozenset(),
    collapse: float | None = None,
) -> tuple[list[list[Hit]], int]:
    """Up to `most` hits of each route, and how many items they are the best of.

    An item with segments of several modalities may be among the hits of several routes.

    Args:
        snapshot: what is searched.
        routes: where to, and with which vectors.
        most: how many hits of each.
        allowed: the only segments to find.
        without: items to leave out, by id.
        collapse: the cosine from which on only the better of two items is taken.
    """
    lists, counted = [], 0
    for route in routes:
        check_waiter()
        depth = max(LEAST_DEPTH, 2 * (most + len(without)))
        while True:
            products, ids = snapshot.search(
                route.partition,
                route.vector,
                depth,
                query_modality=route.modality,
                allowed=allowed,
            )
            needed = len(ids) if collapse is not None else _needed(route, products, most, without)
            matches = _by_item(snapshot.rows(ids[:needed]), products[:needed], without)
            if needed < len(ids) and len(matches) < most:
                matches = _by_item(snapshot.rows(ids), products, without)
            if collapse is not None:
                vectors = snapshot.vectors(route.partition, _ids([m.row for m in matches]))
                matches = [matches[place] for place in distinct(vectors, collapse, most)]
            if len(matches) >= most or len(ids) < depth:
                break  # else segments of few items, or near-duplicates, filled the list
            depth *= 4
        lists.append(_hits(snapshot, route, matches[:most]))
        all_found = allowed is not None and len(ids) < depth
        counted += len(ids) if all_found else snapshot.partitions[route.partition]
    if allowed is not None:
        counted = min(counted, len(allowed))  # each is in one partition
    return lists, counted


def hits_of(
    snapshot: Snapshot, route: Route, k: int, left_out: AbstractSet[int] = frozenset()
) -> list[Hit]:
    """The best items of one route: at most k, and those of its 4 k best segments alone.

    Args:
        snapshot: what is searched.
        route: where to, and with which vectors.
        k: how many items.
        left_out: segments that are passed over, by id.
    """
    depth = min(snapshot.partitions[route.partition], 4 * k)
    products, ids = snapshot.search(
        route.partition, route.vector, depth, query_modality=route.modality
    )
    rows = [row if row and row.segment.id not in left_out else None for row in snapshot.rows(ids)]
    return _hits(snapshot, route, _by_item(rows, products)[:k])


def is_match(score: float, items: int) -> bool:
    """Whether the best of so many items scores higher than chance would let it.

    Args:
        score: of the best hit.
        items: how many it is the best of.
    """
    return score >= math.log10(max(items, 1) / NO_MATCH)


def _needed(route: Route, products: FloatArray, most: int, without: AbstractSet[str]) -> int:
    """How many of the best segments have to be read, if each is of another item.

    Beyond them are neither hits nor others that may be told: what is read of the catalog is most
    of what ranking costs.
    """
    well = takewhile(lambda product: route.null.score(product) >= MATCHED_WELL, products.tolist())
    return min(len(products), max(most + len(without), sum(1 for _ in well)))


def _by_item(
    rows: Sequence[SegmentRow | None],
    products: FloatArray,
    without: AbstractSet[str] = frozenset(),
) -> list[_Match]:
    """Each item's best segment, and as many others as may be told: they come best first."""
    matches: dict[str, _Match] = {}
    for product, row in zip(products.tolist(), rows, strict=True):
        if row is None or row.item_id in without:  # None: removed a moment ago, or left out
            continue
        match = matches.get(row.item_id)
        if match is None:
            matches[row.item_id] = _Match(row, product, [])
        elif len(match.others) < MOST_SEGMENTS:
            match.others.append((row, product))
    return list(matches.values())


def _ids(rows: Sequence[SegmentRow]) -> Ids:
    return np.asarray([row.segment.id for row in rows], np.int64)


def _hits(snapshot: Snapshot, route: Route, matches: Sequence[_Match]) -> list[Hit]:
    """The hits of a route, with their scores and cosines."""
    best = [(match.row, match.product) for match in matches]
    # Only those that may be told: a vector is read for each.
    further = [[o for o in m.others if route.null.score(o[1]) >= MATCHED_WELL] for m in matches]
    others = [other for segments in further for other in segments]
    leading = _segments(snapshot, route, best)
    # The index sums in another order: where the two differ in the last digit, the order of the list
    # stays, or one item could be on two pages.
    scores = accumulate((segment.score for segment in leading), min)
    rest = iter(_segments(snapshot, route, others))
    return [
        Hit(
            id=match.row.item_id,
            kind=match.row.kind,
            modality=segment.modality,
            score=score,
            raw_score=segment.raw_score,
            route=segment.route,
            source=match.row.source,
            space=segment.space,
            start=segment.start,
            end=segment.end,
            unit=segment.unit,
            page=segment.page,
            box=segment.box,
            origin=segment.origin,
            text=segment.text,
            metadata=match.row.metadata,
            segments=tuple(next(rest) for _ in segments),
        )
        for match, segments, segment, score in zip(matches, further, leading, scores, strict=True)
    ]


def _segments(
    snapshot: Snapshot, route: Route, matches: Sequence[tuple[SegmentRow, float]]
) -> list[HitSegment]:
    """Segments of a route with their inner products, as what a hit says of them."""
    vectors = snapshot.vectors(route.partition, _ids([row for row, _ in matches]))
    cosines = (vectors @ route.cosine).clip(-1, 1).tolist()
    scores = [route.null.score(product) for _, product in matches]
    if route.modality == route.partition.modality:
        scores = [s + copy_bonus(cosine) for s, cosine in zip(scores, cosines, strict=True)]
    return [
        HitSegment(
            modality=row.segment.modality,
            score=round(score, 4),
            raw_score=round(cosine, 6),
            route="bridged" if route.is_bridged else "native",
            space=row.segment.space,
            start=None if row.segment.place.start is None else round(row.segment.place.start, 3),
            end=None if row.segment.place.end is None else round(row.segment.place.end, 3),
            unit=row.segment.place.unit,
            page=row.segment.place.page,
            box=row.segment.place.box,
            origin=row.segment.origin,
            text=row.segment.text,
        )
        for (row, _), score, cosine in zip(matches, scores, cosines, strict=True)
    ]
