"""The ways to rank a mixed gallery that are compared, as functions of inner products.

Each takes a `Route`, a block of queries of one modality against the items of one, and returns
scores that are compared across routes. What is shipped is `calibrated`, which calls the package.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from anysense.index.calibrate import fit_route, fit_tail, item_weights, standardise

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[Any]
SAMPLE = 512


@dataclass(frozen=True, eq=False)
class Route:
    """Queries of one modality, and the items of one.

    Attributes:
        queries: (q, d).
        items: (n, d).
        asking: the background of the queries' modality, (b, d).
        background: that of the items' modality.
        asking_mean: the mean of background and collection in the queries' modality.
        crosses: whether the modalities differ.
        modality: of the items.
    """

    queries: Array
    items: Array
    asking: Array
    background: Array
    asking_mean: Array
    crosses: bool
    modality: str

    @cached_property
    def products(self) -> Array:
        return self.queries @ self.items.T

    @cached_property
    def chance(self) -> Array:
        """Background queries against the items."""
        return self.asking @ self.items.T

    @property
    def sample(self) -> Array:
        chosen = np.random.default_rng(0).permutation(len(self.items))[:SAMPLE]
        return self.items[np.sort(chosen)]


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
    """Standardised for each query, and then the rarity of that by an exponential tail."""
    tail = fit_tail(standardise(route.chance, np.ones_like(route.chance)).ravel())
    return np.vectorize(tail.score)(query_z(route))


def neighbour(route: Route) -> Array:
    """Chowdhury et al., 2024, with k = 16 and a weight of 0.75."""
    nearest = np.sort(route.chance, axis=0)[-min(16, len(route.chance)) :].mean(axis=0)
    return route.products - 0.75 * nearest


def neighbour_query_z(route: Route) -> Array:
    values = neighbour(route)
    return (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)


def centred_query_z(route: Route) -> Array:
    """As `calibrated`, without the background among the items and without the tail."""
    return query_z(Route(**{**vars_of(route), "queries": centred(route, route.queries)}))


def calibrated(route: Route) -> Array:
    sample = route.sample
    items = np.concatenate([route.background, sample])
    weights = item_weights(len(route.background), len(sample))
    asking = centred(route, route.asking)
    fitted = fit_route(asking, items, weights, paired=not route.crosses)
    scores = []
    for query in centred(route, route.queries):
        null = fitted.null(query)
        scores.append([null.score(float(p)) for p in route.items @ query])
    return np.asarray(scores)


def reciprocal_rank(route: Route) -> Array:
    """Equal ranks in the order of their cosines."""
    return 1 / (61 + ranks(route.products)) + 1e-9 * route.products


def round_robin(route: Route) -> Array:
    """Texts, pictures and sounds take turns."""
    turn = {"text": 0.0, "image": 0.1, "audio": 0.2}[route.modality]
    return -(ranks(route.products) + turn)


METHODS: dict[str, Callable[[Route], Array]] = {
    "raw cosine": raw,
    "z-score of the route": route_z,
    "quantile of the route": route_quantile,
    "z-score of the query": query_z,
    "z-score of the query, robust": query_z_robust,
    "z-score of the query, exponential tail": extreme_value,
    "nearest-neighbour normalisation": neighbour,
    "nearest-neighbour normalisation, z-score of the query": neighbour_query_z,
    "centred, z-score of the query": centred_query_z,
    "centred, z-score with background, drawn tail (calibrated)": calibrated,
    "reciprocal-rank fusion": reciprocal_rank,
    "round-robin": round_robin,
}
DEFAULT = "centred, z-score with background, drawn tail (calibrated)"


def centred(route: Route, vectors: Array) -> Array:
    return vectors - route.asking_mean if route.crosses else vectors


def ranks(products: Array) -> Array:
    return np.argsort(np.argsort(-products, axis=1, kind="stable"), axis=1, kind="stable")


def vars_of(route: Route) -> dict[str, Any]:
    return {name: getattr(route, name) for name in Route.__dataclass_fields__}
