"""How well a collection answers labelled queries: ranks, thresholds, and what its index misses."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.catalog.browse import list_items
from anysense.index.evaluation import metrics
from anysense.index.ranking.fusion import fuse
from anysense.index.ranking.hits import hits_of
from anysense.index.ranking.retriever import Retriever
from anysense.index.vectors.recall import recall_at_k

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from anysense.index.evaluation.pairs import Pair
    from anysense.index.folder.folder import OpenCollection
    from anysense.index.ranking.hit import Hit
    from anysense.index.ranking.routes import Route
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["DEPTH", "LEVELS", "Evaluation", "evaluate"]

DEPTH = 1000
"""Items ranked of each modality: what lies further counts as not found."""
LEVELS = (1.0, 1.5, 2.0, 2.5, 3.0)
ANN_K = 10
SAMPLE_SIZE = 512  # unrelated items of each route and query whose scores are drawn
MIXED = "any"


@dataclass
class RouteEvaluation:
    """What was seen on one route: a query modality and an item modality, or any.

    Attributes:
        items: how many there are to be found.
        ranks: of the relevant items, a list for each query.
        grades: theirs.
        routes: ``native`` or ``bridged``, as the hits said.
        reached: of irrelevant items, how many reached each of `LEVELS`, and of how many.
        related, unrelated: (cosine, score) of relevant items and of a sample.
        ann: for each query, the share of the true nearest segments that the index found.
    """

    items: int
    ranks: list[list[float]] = field(default_factory=list)
    grades: list[list[float]] = field(default_factory=list)
    routes: set[str] = field(default_factory=set)
    reached: dict[float, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    related: list[tuple[float, float]] = field(default_factory=list)
    unrelated: list[tuple[float, float]] = field(default_factory=list)
    ann: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Evaluation:
    """The evaluation of a collection.

    Attributes:
        pairs: how many queries were asked.
        skipped: how many were not, as nothing that is relevant to them is in the collection.
        missing: ids and sources that are named as relevant and are not there.
        routes: what was seen, by query modality and item modality; ``any`` is the merged list.
    """

    pairs: int
    skipped: int
    missing: Sequence[str]
    routes: Mapping[tuple[str, str], RouteEvaluation]

    def to_dict(self) -> dict[str, Any]:
        """As plain values: see `anysense eval --help`."""
        return {
            "pairs": self.pairs,
            "skipped": self.skipped,
            "missing": list(self.missing),
            "routes": [_summary(*key, seen) for key, seen in self.routes.items()],
        }


def evaluate(
    collection: OpenCollection,
    pairs: Sequence[Pair],
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Ask every query, and compare what is found with what is relevant.

    Args:
        collection: what is asked.
        pairs: the queries.
        progress: called with the queries asked so far and in all.

    Raises:
        UsageError: nothing that is relevant to any query is in the collection.
        MediaError: a file of a query cannot be read.
    """
    return _Run(collection).over(pairs, progress)


class _Run:
    def __init__(self, collection: OpenCollection) -> None:
        self._retriever = Retriever(collection)
        self._snapshot = collection.folder.snapshot()
        self._known, self._modalities = _items(self._snapshot)
        self._counts = {m: list(self._modalities.values()).count(m) for m in Modality}
        self._seen: dict[tuple[str, str], RouteEvaluation] = {}
        self._random = np.random.default_rng(0)

    def over(
        self, pairs: Sequence[Pair], progress: Callable[[int, int], None] | None
    ) -> Evaluation:
        asked, missing = 0, []
        for number, pair in enumerate(pairs, 1):
            relevant = {}
            for name, grade in pair.relevant.items():
                if name in self._known:
                    relevant[self._known[name]] = grade
                else:
                    missing.append(name)
            if relevant:
                self._ask(pair, relevant)
                asked += 1
            if progress is not None:
                progress(number, len(pairs))
        if not asked:
            raise UsageError(
                f"Nothing that the pairs name as relevant is in the collection; {missing[0]}, for "
                "one, is neither the id nor the source of an item."
            )
        return Evaluation(asked, len(pairs) - asked, missing, dict(sorted(self._seen.items())))

    def _ask(self, pair: Pair, relevant: Mapping[str, float]) -> None:
        own = {self._known[name] for name in pair.own if name in self._known} - relevant.keys()
        lists = []
        for route in self._retriever.plan(pair.terms, self._snapshot):
            found = [h for h in hits_of(self._snapshot, route, DEPTH) if h.id not in own]
            lists.append(found)
            modality = route.partition.modality
            others = self._counts[modality] - sum(self._modalities[i] is modality for i in own)
            seen = self._route(pair.modality, modality.value, self._counts[modality])
            wanted = {i: g for i, g in relevant.items() if self._modalities[i] is modality}
            if found:
                seen.routes.add(found[0].route)
            self._note_ranks(seen, [hit.id for hit in found], wanted)
            self._note_scores(seen, found, wanted, route, others)
            self._note_recall(seen, route)
        if len(self._snapshot.partitions) > 1:
            merged = self._route(pair.modality, MIXED, len(self._modalities))
            self._note_ranks(merged, [hit.id for hit in fuse(lists, "calibrated")], relevant)

    def _route(self, asked: Modality, target: str, items: int) -> RouteEvaluation:
        return self._seen.setdefault((asked.value, target), RouteEvaluation(items))

    @staticmethod
    def _note_ranks(
        seen: RouteEvaluation, found: Sequence[str], wanted: Mapping[str, float]
    ) -> None:
        if wanted:
            places = {own: rank for rank, own in enumerate(found, 1)}
            seen.ranks.append([places.get(own, math.inf) for own in wanted])
            seen.grades.append(list(wanted.values()))

    def _note_scores(
        self,
        seen: RouteEvaluation,
        found: Sequence[Hit],
        wanted: Mapping[str, float],
        route: Route,
        items: int,
    ) -> None:
        """Note how high what is relevant scores, and what of the other `items` is not."""
        seen.related += [(hit.raw_score, hit.score) for hit in found if hit.id in wanted]
        unrelated = [(hit.raw_score, hit.score) for hit in found if hit.id not in wanted]
        whole = len(found) == items
        for level in LEVELS:
            # Where the list ends above a level, what lies below the list is not known.
            if whole or (found and found[-1].score < level):
                reached = seen.reached[level]
                reached[0] += sum(score >= level for _, score in unrelated)
                reached[1] += items - len(wanted)
        if not whole:  # then so much is unrelated that what is not does no harm to a sample
            sample = self._snapshot.sample(route.partition, SAMPLE_SIZE)
            cosines, products = (sample @ v for v in (route.cosine, route.vector))
            scores = map(route.null.score, products.tolist())
            unrelated = list(zip(cosines.tolist(), scores, strict=True))
        # Of many queries a few values each make the curve.
        kept = self._random.random(len(unrelated)) * max(1, len(seen.ranks)) < 1
        seen.unrelated += [value for value, keep in zip(unrelated, kept, strict=True) if keep]

    def _note_recall(self, seen: RouteEvaluation, route: Route) -> None:
        """The index against a scan of everything, if it does not scan everything itself."""
        if self._snapshot.effort(route.modality, route.partition) is None:
            return
        ask = (route.partition, route.vector[None], ANN_K)
        _, found = self._snapshot.search(*ask, query_modality=route.modality)
        _, true = self._snapshot.search(*ask)
        seen.ann.append(recall_at_k(found, true))


def _items(snapshot: Snapshot) -> tuple[dict[str, str], dict[str, Modality]]:
    """The id of each item by its id and by its source and paths, and each one's modality."""
    known: dict[str, str] = {}
    modalities: dict[str, Modality] = {}
    after = 0
    while rows := list_items(snapshot.catalog, after, 1000):
        for row in rows:
            known.setdefault(row.source, row.id)
            known[row.id] = row.id
            modalities[row.id] = row.kind.modality
        after = rows[-1].position
    numbers = {path: file.item_id for path, file in snapshot.catalog.files().items()}
    return {**numbers, **known}, modalities


def _summary(asked: str, target: str, seen: RouteEvaluation) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "query": asked,
        "items_of": target,
        "items": seen.items,
        "queries": len(seen.ranks),
    }
    if seen.routes:
        summary["route"] = "/".join(sorted(seen.routes))
    if seen.ranks:
        summary |= _figures(seen)
    if seen.reached:
        summary["false_positives"] = {
            str(level): {"measured": count / of, "meant": 10**-level}
            for level, (count, of) in sorted(seen.reached.items())
            if of
        }
    if target != MIXED:
        summary["index_recall@10"] = sum(seen.ann) / len(seen.ann) if seen.ann else 1.0
    return summary


def _figures(seen: RouteEvaluation) -> dict[str, Any]:
    graded = list(zip(seen.ranks, seen.grades, strict=True))
    values = {
        **{f"recall@{k}": [metrics.recall(ranks, k) for ranks in seen.ranks] for k in (1, 5, 10)},
        "mrr": [metrics.reciprocal_rank(ranks) for ranks in seen.ranks],
        "ndcg@10": [metrics.ndcg(ranks, grades) for ranks, grades in graded],
        "median_rank": [metrics.first_rank(ranks) for ranks in seen.ranks],
    }
    by_chance = [metrics.chance(seen.items, len(ranks), grades) for ranks, grades in graded]
    figures = {}
    for name, of_queries in values.items():
        statistic = "median" if name == "median_rank" else "mean"
        figures[name] = {
            "value": _finite(_reduce(of_queries, statistic)),
            "interval": [_finite(v) for v in metrics.bootstrap(of_queries, statistic)],
            "chance": _reduce([entry[name] for entry in by_chance], statistic),
        }
    return figures


def _reduce(values: Sequence[float], statistic: str) -> float:
    if statistic == "mean":
        return sum(values) / len(values)
    return sorted(values)[(len(values) - 1) // 2]


def _finite(value: float) -> float | None:
    """None for a rank beyond what was ranked: JSON has no infinity."""
    return value if math.isfinite(value) else None
