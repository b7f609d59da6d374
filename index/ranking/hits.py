"""From what the index finds on each route to hits: each item's best segment, with its score."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from anysense.index.calibration.scores import copy_bonus
from anysense.index.ranking.fusion import distinct
from anysense.index.ranking.hit import Hit

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
        depth = max(LEAST_DEPTH, 2 * (most + len(without)))
        while True:
            products, ids = snapshot.search(
                route.partition,
                route.vector,
                depth,
                query_modality=route.modality,
                allowed=allowed,
            )
            best = _best_of_each_item(snapshot.rows(ids), products, without)
            if collapse is not None:
                vectors = snapshot.vectors(route.partition, _ids(best))
                best = [best[place] for place in distinct(vectors, collapse, most)]
            if len(best) >= most or len(ids) < depth:
                break  # else segments of few items, or near-duplicates, filled the list
            depth *= 4
        lists.append(_hits(snapshot, route, best[:most]))
        all_found = allowed is not None and len(ids) < depth
        counted += len(ids) if all_found else snapshot.partitions[route.partition]
    if allowed is not None:
        counted = min(counted, len(allowed))  # each is in one partition
    return lists, counted


def hits_of(snapshot: Snapshot, route: Route, k: int) -> list[Hit]:
    """The best items of one route, all of them if there are no more than k."""
    depth = min(snapshot.partitions[route.partition], 4 * k)
    products, ids = snapshot.search(
        route.partition, route.vector, depth, query_modality=route.modality
    )
    return _hits(snapshot, route, _best_of_each_item(snapshot.rows(ids), products)[:k])


def is_match(score: float, items: int) -> bool:
    """Whether the best of so many items scores higher than chance would let it.

    Args:
        score: of the best hit.
        items: how many it is the best of.
    """
    return score >= math.log10(max(items, 1) / NO_MATCH)


def _best_of_each_item(
    rows: Sequence[SegmentRow | None],
    products: FloatArray,
    without: AbstractSet[str] = frozenset(),
) -> list[tuple[SegmentRow, float]]:
    """Each item's best segment and its inner product: segments come best first."""
    best: dict[str, tuple[SegmentRow, float]] = {}
    for product, row in zip(products.tolist(), rows, strict=True):
        # None: removed a moment ago
        if row is not None and row.item_id not in best and row.item_id not in without:
            best[row.item_id] = (row, product)
    return list(best.values())


def _ids(rows: Sequence[tuple[SegmentRow, float]]) -> Ids:
    return np.asarray([row.segment_id for row, _ in rows], np.int64)


def _hits(snapshot: Snapshot, route: Route, best: Sequence[tuple[SegmentRow, float]]) -> list[Hit]:
    """The hits of a route, with their scores and cosines."""
    vectors = snapshot.vectors(route.partition, _ids(best))
    cosines = (vectors @ route.cosine).clip(-1, 1).tolist()
    scores = [route.null.score(product) for _, product in best]
    if route.modality == route.partition.modality:
        scores = [s + copy_bonus(cosine) for s, cosine in zip(scores, cosines, strict=True)]
    # The index sums in another order: where the two differ in the last digit, the order of the list
    # stays, or one item could be on two pages.
    scores = list(accumulate(scores, min))
    return [
        Hit(
            id=row.item_id,
            modality=row.modality,
            score=round(score, 4),
            raw_score=round(cosine, 6),
            route="bridged" if route.is_bridged else "native",
            source=row.source,
            space=row.space,
            start=None if row.start is None else round(row.start, 3),
            end=None if row.end is None else round(row.end, 3),
            text=row.text,
            metadata=row.metadata,
        )
        for (row, _), score, cosine in zip(best, scores, cosines, strict=True)
    ]
