"""From cosines to scores that mean the same for every modality and space.

Cosines of different routes live on different scales: in CLIP, unrelated texts lie near 0.7 and
unrelated text-image pairs near 0.1. Three steps bring them to one (docs/ranking.md has the
measurements that they were chosen by):

1. From a query that crosses modalities, most of the mean of its modality is taken away.
   It is the same as taking from each item as much of its mean cosine with background queries, so
   items near to all of them (hubs) lose their advantage (compare Bogolin et al., "Cross Modal
   Retrieval with Querybank Normalisation", CVPR 2022, and Chowdhury et al., "Nearest Neighbor
   Normalization Improves Multimodal Retrieval", EMNLP 2024), and FAISS can search by it directly.
   Then what all vectors vary by most is made shorter (`anysense.index.calibration.decorrelation`).
2. What is left is standardised by the same query's products with a sample of the partition and, to
   a tenth, with the background's items: they stand in where the partition is small, and keep a
   collection about one subject from taking that subject for chance.
3. Where a value of that kind stands among those of chance pairs is its score: the number of nines
   of rarity, -log10 of the share of chance pairs that reach it. Chance pairs are those of the
   background's and the sample's queries with the background's and the sample's items: a few dozen
   photos and sounds alone are not all that is asked. Beyond the rarest hundredth the distribution
   is continued by an exponential, as extreme-value theory does (Pickands, 1975), and by the same
   one on every route: what stands so far out is as often related as it is chance, and a route
   with many such pairs would pay for them with the scores of its matches.

Of several vectors of one query the best score counts, less what as many chances give
(`anysense.index.calibration.several`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from anysense.index.calibration.decorrelation import decorrelate, fit_directions
from anysense.index.calibration.several import LEVEL, chances_of, corrected, uncorrected

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray

__all__ = [
    "CENTRED",
    "LEAST_ITEMS",
    "SHARES",
    "TYPICAL",
    "Null",
    "RouteCalibration",
    "Tail",
    "copy_bonus",
    "fit_route",
    "fit_tail",
    "item_weights",
    "standardise",
]

SHARES = (0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.03, 0.01)
"""At these shares of chance pairs a tail has its knots; beyond the last it is exponential."""
SCALE = 0.42  # of that exponential: a little heavier than a normal distribution's, as measured
CENTRED = 0.85  # of the mean of a modality is taken from its queries where they cross
SAMPLE_SHARE = 0.9  # of a large sample of the partition, beside the background's items
PRIOR_WEIGHT = 8  # a sample of this size counts half as much as a large one
OWN_SHARE = 0.85  # of a route's own knots, beside the typical ones: some of its pairs are related
FARTHEST = 1.25  # times the typical knots: what is beyond comes of copies, in a collection of many
LEAST_DEVIATION = 1e-3  # about the rounding of fp16 vectors: below it nothing can be told apart
LEAST_ITEMS = 4  # with fewer the deviation is not known at all
LEAST_PAIRS = 200  # with fewer chance pairs the distribution is taken for typical
UNKNOWN_DEVIATION = 0.1  # of cosines of random directions in a hundred dimensions
NEAR_IDENTITY = 0.95  # a cosine within one modality that only variants of one thing reach
ROUNDING = 5e-4  # of cosines of fp16 vectors: from here on two vectors are the same


@dataclass(frozen=True)
class Tail:
    """How rare a standardised value is among chance pairs of a route.

    Attributes:
        knots: the values that the `SHARES` of chance pairs reach, ascending.
        scale: of the exponential beyond the last knot.
    """

    knots: tuple[float, ...]
    scale: float = SCALE

    def score(self, value: float) -> float:
        """-log10 of the share of chance pairs that reach a value: positive, and rising with it."""
        knots = self.knots
        if value >= knots[-1]:
            return -math.log10(SHARES[-1]) + (value - knots[-1]) / self.scale / math.log(10)
        if value < knots[0]:
            return -math.log10(SHARES[0]) * math.exp(max(value - knots[0], -700.0))
        place = next(i for i in range(1, len(knots)) if value < knots[i])
        low, high = -math.log10(SHARES[place - 1]), -math.log10(SHARES[place])
        return low + (high - low) * (value - knots[place - 1]) / (knots[place] - knots[place - 1])

    def value(self, score: float) -> float:
        """The value that has a score over 0: the reverse of `score`."""
        levels = [-math.log10(share) for share in SHARES]
        if score >= levels[-1]:
            return self.knots[-1] + (score - levels[-1]) * self.scale * math.log(10)
        if score < levels[0]:
            return self.knots[0] + math.log(score / levels[0])
        place = next(i for i in range(1, len(levels)) if score < levels[i])
        share = (score - levels[place - 1]) / (levels[place] - levels[place - 1])
        return self.knots[place - 1] + share * (self.knots[place] - self.knots[place - 1])

    def drawn(self, other: Tail, share: float) -> Tail:
        """A tail between this one, which counts with a share of `share`, and another."""
        knots = (share * a + (1 - share) * b for a, b in zip(self.knots, other.knots, strict=True))
        return Tail(tuple(knots))

    def within(self, other: Tail, factor: float) -> Tail:
        """This tail with no positive knot beyond so many times another's."""
        pairs = zip(self.knots, other.knots, strict=True)
        return Tail(tuple(min(a, factor * b) if b > 0 else a for a, b in pairs))

    def to_json(self) -> dict[str, Any]:
        return {"knots": [round(k, 5) for k in self.knots]}

    @staticmethod
    def from_json(entry: dict[str, Any]) -> Tail:
        return Tail(tuple(map(float, entry["knots"])))


TYPICAL = Tail((-1.28155, -0.67449, 0.0, 0.67449, 1.28155, 1.64485, 1.88079, 2.32635))
"""Of a normal distribution."""


@dataclass(frozen=True)
class Null:
    """What chance gives one query on one route.

    Attributes:
        mean, deviation: of its inner products with items that have nothing to do with it.
        tail: how rare a product that is standardised by them is.
        chances: how many the query has, whose vectors this is one of; see
            `anysense.index.calibration.several`.
    """

    mean: float
    deviation: float
    tail: Tail = TYPICAL
    chances: float = 1.0

    def score(self, product: float) -> float:
        """The score of an inner product."""
        score = self.tail.score((product - self.mean) / self.deviation)
        return corrected(score, self.chances)

    def product(self, score: float) -> float:
        """The inner product that has a score over 0."""
        return self.mean + self.deviation * self.tail.value(uncorrected(score, self.chances))


@dataclass(frozen=True)
class RouteCalibration:
    """What is known of a route, whatever the query.

    Attributes:
        items: vectors that stand for what the route leads to, (m, d): the background's and a
            sample of the partition.
        weights: how much each of them counts, (m,), with a sum of one; `item_weights`.
        tail: how rare standardised products are.
        directions: what `decorrelate` makes shorter in the queries, (k, d); None for nothing.
    """

    items: FloatArray
    weights: FloatArray
    tail: Tail = TYPICAL
    directions: FloatArray | None = None

    def decorrelated(self, query: FloatArray) -> FloatArray:
        """What to search with for a query vector, (d,), whose modality's mean is taken away."""
        return decorrelate(query, self.directions)

    def null(self, query: FloatArray) -> Null:
        """What chance gives a vector, (d,), that is searched with."""
        if len(self.items) < LEAST_ITEMS:
            return Null(0.0, UNKNOWN_DEVIATION, self.tail)
        import numpy as np

        # By BLAS it would be shared by all processors, whose threads then wait for more in a loop.
        products = np.einsum("md,d->m", self.items, query)
        mean = float(self.weights @ products)
        variance = float(self.weights @ (products - mean) ** 2)
        return Null(mean, max(math.sqrt(variance), LEAST_DEVIATION), self.tail)

    def nulls(self, queries: FloatArray) -> list[Null]:
        """What chance gives each of the vectors of one query, (n, d), of which the best counts."""
        nulls = [self.null(query) for query in queries]
        if len(nulls) == 1:
            return nulls
        import numpy as np

        chances = float(len(nulls))
        if len(self.items) >= LEAST_ITEMS:
            products = np.einsum("md,nd->nm", self.items, queries)
            least = np.array([null.product(LEVEL) for null in nulls])
            chances = chances_of(products >= least[:, None], self.weights)
        return [replace(null, chances=chances) for null in nulls]


def copy_bonus(cosine: float) -> float:
    """What being all but the same adds to a score within one modality: 0, to 2 for a copy.

    How rare it is among chance pairs cannot be told from them: they end long before. But a copy of
    the query must not stand behind something that is only related to it. So beyond a cosine of
    0.95 each tenth of the distance to identity adds a 1.
    """
    return math.log10(max((1 - NEAR_IDENTITY) / max(1 - cosine, ROUNDING), 1.0))


def item_weights(background: int, sample: int) -> FloatArray:
    """How much each of the background's items and then of a partition's sample counts: (m,).

    A sample of few counts less, and where there is no background it is all that counts.
    """
    import numpy as np

    share = SAMPLE_SHARE * sample / (sample + PRIOR_WEIGHT) if background else 1.0
    return np.concatenate(
        [
            np.full(background, (1 - share) / max(background, 1), np.float32),
            np.full(sample, share / max(sample, 1), np.float32),
        ]
    )


def fit_route(
    queries: FloatArray,
    items: FloatArray,
    weights: FloatArray,
    *,
    paired: bool = False,
    own_share: float = OWN_SHARE,
    decorrelated: bool = False,
) -> RouteCalibration:
    """Fit a route's calibration to queries by chance.

    Args:
        queries: (n, d), the background's and a sample of the collection's vectors of the modality
            that asks, less their mean if the route crosses.
        items: (m, d), what the route leads to: the background's items and then a sample.
        weights: (m,), how much each counts.
        paired: the queries are of the same content as the first of the items; pairs of one with
            itself are no chance.
        own_share: how much the route's own knots count, beside the typical ones.
        decorrelated: the queries are to be decorrelated, as they cross.
    """
    import numpy as np

    directions = fit_directions(queries, items) if decorrelated else None

    chance = np.ones((len(queries), len(items)), bool)
    if paired:
        np.fill_diagonal(chance, False)
    if len(items) < LEAST_ITEMS or chance.sum() < LEAST_PAIRS:
        return RouteCalibration(items, weights, directions=directions)
    if directions is None:
        products = (queries @ items.T).astype(np.float64)
        values = standardise(products, chance * weights)[chance]
    else:
        values = np.concatenate(
            [
                _of_other_half(
                    queries[h::2], items[h::2], weights[h::2], queries[o::2], items[o::2]
                )
                for h, o in ((0, 1), (1, 0))
            ]
        )
    tail = fit_tail(values).drawn(TYPICAL, own_share).within(TYPICAL, FARTHEST)
    return RouteCalibration(items, weights, tail, directions)


def _of_other_half(
    queries: FloatArray, items: FloatArray, weights: FloatArray, asking: FloatArray, new: FloatArray
) -> Any:
    """Standardised products of pairs that neither the directions nor the means are fitted to.

    Those that they are fitted to lie nearer together: thresholds would let through too many others.
    """
    import numpy as np

    asking = decorrelate(asking, fit_directions(queries, items))
    known = (asking @ items.T).astype(np.float64)
    both = np.concatenate([known, asking @ new.T], axis=1)
    shares = np.concatenate([weights, np.zeros(len(new))])
    return standardise(both, np.broadcast_to(shares, both.shape))[:, len(items) :].ravel()


def standardise(products: Any, weights: Any) -> Any:
    """Each row less its weighted mean, over its weighted standard deviation: both (n, m)."""
    import numpy as np

    weights = weights / weights.sum(axis=1, keepdims=True)
    mean = (weights * products).sum(axis=1, keepdims=True)
    variance = (weights * (products - mean) ** 2).sum(axis=1, keepdims=True)
    return (products - mean) / np.maximum(np.sqrt(variance), LEAST_DEVIATION)


def fit_tail(values: Any) -> Tail:
    """The tail of the standardised products of chance pairs."""
    import numpy as np

    knots = np.quantile(values, [1 - share for share in SHARES])
    knots = np.maximum.accumulate(knots + 1e-9 * np.arange(len(knots)))
    return Tail(tuple(float(k) for k in knots))
