"""The ways to rank a mixed gallery that are compared, as functions of inner products.

Each takes a `Route`, a block of queries of one modality against the items of one, and returns
scores that are compared across routes. What is shipped is `calibrated`, which calls the package.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anysense.index.calibration import decorrelation, scores
from anysense.index.calibration.scores import (
    CENTRED,
    NEAR_IDENTITY,
    OWN_SHARE,
    SHARES,
    Tail,
    copy_bonus,
    fit_route,
    fit_tail,
    item_weights,
    standardise,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[Any]
SAMPLE = 512
_known: dict[tuple[Any, ...], Any] = {}


def directions_once(queries: Array, items: Array) -> Any:
    """`fit_directions`, which takes longest, once for the same vectors."""
    digests = (hashlib.blake2b(each.tobytes()).hexdigest() for each in (queries, items))
    key = (*digests, decorrelation.STRENGTH)
    if key not in _known:
        if len(_known) > 4000:
            _known.clear()
        _known[key] = decorrelation.fit_directions(queries, items)
    return _known[key]


scores.fit_directions = directions_once  # type: ignore[attr-defined, unused-ignore]


@dataclass(frozen=True, eq=False)
class Route:
    """Queries of one modality, and the items of one.

    Attributes:
        queries: (q, d).
        items: (n, d), what is ranked.
        held: what the collection holds of their modality: the same, unless they are new to it.
        asking_held: what it holds of the queries' modality.
        asking: the background of the queries' modality, (b, d).
        background: that of the items' modality.
        crosses: whether the modalities differ.
        modality: of the items.
        own: each query's place among the items, (q,), -1 where it is not among them; None if none
            is. It is not in the list that is ranked.
    """

    queries: Array
    items: Array
    held: Array
    asking_held: Array
    asking: Array
    background: Array
    crosses: bool
    modality: str
    own: Array | None = None

    @cached_property
    def products(self) -> Array:
        return self.queries @ self.items.T

    @cached_property
    def chance(self) -> Array:
        """Background queries against the items."""
        return self.asking @ self.items.T

    @property
    def sample(self) -> Array:
        return sampled(self.held)

    @cached_property
    def mean(self) -> Array:
        """What is taken away from a query: nothing within one modality."""
        mean: Array = np.concatenate([self.asking, sampled(self.asking_held)]).mean(axis=0)
        return mean if self.crosses else np.zeros_like(mean)


def sampled(held: Array) -> Array:
    chosen = np.random.default_rng(0).permutation(len(held))[:SAMPLE]
    return held[np.sort(chosen)]


def raw(route: Route) -> Array:
    return route.products


def route_z(route: Route) -> Array:
    return (route.products - route.chance.mean()) / route.chance.std()


def query_z(route: Route) -> Array:
    sample = route.queries @ route.sample.T
    return (route.products - sample.mean(1, keepdims=True)) / sample.std(1, keepdims=True)


def query_z_robust(route: Route) -> Array:
    sample = route.queries @ route.sample.T
    median = np.median(sample, axis=1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(sample - median), axis=1, keepdims=True)
    return (route.products - median) / spread


def route_quantile(route: Route) -> Array:
    """The share of background queries' products that are lower."""
    chance = np.sort(route.chance.ravel())
    below = np.searchsorted(chance, route.products) / len(chance)
    return below + 1e-6 * route.products  # the order of those over all of them


def extreme_value(route: Route) -> Array:
    """Standardised for each query, and then the rarity of that by an exponential tail.

    The exponential is fitted to the median of what lies beyond the rarest hundredth.
    """
    chance = standardise(route.chance, np.ones_like(route.chance)).ravel()
    tail = fit_tail(chance)
    beyond = chance[chance > tail.knots[-1]] - tail.knots[-1]
    fitted = replace(tail, scale=max(float(np.median(beyond)) / np.log(2), 0.05))
    return tail_scores(fitted, query_z(route))


def neighbour(route: Route) -> Array:
    """Chowdhury et al., 2024, with k = 16 and a weight of 0.75."""
    nearest = np.sort(route.chance, axis=0)[-min(16, len(route.chance)) :].mean(axis=0)
    return route.products - 0.75 * nearest


def neighbour_query_z(route: Route) -> Array:
    values = neighbour(route)
    return (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)


def gap_removed(route: Route) -> Array:
    """GR-CLIP (Li et al., arXiv 2507.19054, 2025): cosines of vectors less their modality's mean.

    The means are of the background and the collection.
    """
    asking = np.concatenate([route.asking, sampled(route.asking_held)]).mean(axis=0)
    items = route.items - np.concatenate([route.background, route.sample]).mean(axis=0)
    queries = route.queries - asking
    lengths = np.linalg.norm(queries, axis=1)[:, None] * np.linalg.norm(items, axis=1)
    return queries @ items.T / np.maximum(lengths, 1e-9)


def centred_query_z(route: Route) -> Array:
    """As `calibrated`, without the background among the items and without the tail."""
    return query_z(replace(route, queries=route.queries - route.mean))


def calibrated(
    route: Route,
    own: float = OWN_SHARE,
    *,
    asked_by_sample: bool = True,
    centring: float = CENTRED,
    decorrelated: bool = True,
) -> Array:
    """The package's scores, as `index/calibration` and `index/ranking/retriever.py` make them.

    The package's parameters are the defaults; `centring` is how much of the mean is taken away.
    """
    away = centring * route.mean
    sample = route.sample
    items = np.concatenate([route.background, sample])
    weights = item_weights(len(route.background), len(sample))
    asking = route.asking
    if asked_by_sample:
        asking = np.concatenate([asking, sampled(route.asking_held)])
    fitted = fit_route(
        asking - away,
        items,
        weights,
        paired=not route.crosses,
        own_share=own,
        decorrelated=decorrelated and route.crosses,
    )
    near: Array | float = 0.0
    if not route.crosses:
        near = np.zeros_like(route.products)
        alike = route.products > NEAR_IDENTITY
        near[alike] = [copy_bonus(float(cosine)) for cosine in route.products[alike]]
    found = []
    for query in fitted.decorrelated(route.queries - away):
        null = fitted.null(query)
        found.append(tail_scores(fitted.tail, (route.items @ query - null.mean) / null.deviation))
    return np.asarray(found) + near


def tail_scores(tail: Tail, values: Array) -> Array:
    """What `Tail.score` gives each of many values, at once."""
    knots, heights = np.asarray(tail.knots), -np.log10(SHARES)
    found: Array = np.interp(values, knots, heights)
    beyond, below = values >= knots[-1], values < knots[0]
    found[beyond] = heights[-1] + (values[beyond] - knots[-1]) / tail.scale / np.log(10)
    found[below] = heights[0] * np.exp(np.maximum(values[below] - knots[0], -700.0))
    return found


def correlated(route: Route) -> Array:
    """As `calibrated`, but queries that cross keep what everything varies by."""
    return calibrated(route, decorrelated=False)


def reciprocal_rank(route: Route) -> Array:
    """Equal ranks in the order of their cosines."""
    return 1 / (61 + ranks(route)) + 1e-9 * route.products


def round_robin(route: Route) -> Array:
    """Texts, pictures and sounds take turns."""
    turn = {"text": 0.0, "image": 0.1, "audio": 0.2}[route.modality]
    return -(ranks(route) + turn)


METHODS: dict[str, Callable[[Route], Array]] = {
    "raw cosine": raw,
    "z-score of the route": route_z,
    "quantile of the route": route_quantile,
    "z-score of the query": query_z,
    "z-score of the query, robust": query_z_robust,
    "z-score of the query, exponential tail": extreme_value,
    "nearest-neighbour normalisation": neighbour,
    "nearest-neighbour normalisation, z-score of the query": neighbour_query_z,
    "GR-CLIP": gap_removed,
    "centred, z-score of the query": centred_query_z,
    "calibrated, not decorrelated": correlated,
    "calibrated": calibrated,
    "reciprocal-rank fusion": reciprocal_rank,
    "round-robin": round_robin,
}
DEFAULT = "calibrated"


def ranks(route: Route) -> Array:
    """The place of each item in the list of its route by cosine, from 0: (q, n).

    A query that is itself an item has no place. If it had, its own modality would be one place
    behind in every list, which is worth much where the answer is of another.
    """
    products = route.products.copy()
    if route.own is not None:
        among = np.flatnonzero(route.own >= 0)
        products[among, route.own[among]] = -np.inf
    return np.argsort(np.argsort(-products, axis=1, kind="stable"), axis=1, kind="stable")
