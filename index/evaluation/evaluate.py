"""How well a collection answers labelled queries: ranks, thresholds, and what its index misses."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality, Origin
from anysense.index.catalog.browse import item_modalities, list_items
from anysense.index.evaluation import metrics
from anysense.index.ranking.fusion import fuse
from anysense.index.ranking.matches import by_partition, matches_of
from anysense.index.ranking.options import MATCHES, SearchOptions
from anysense.index.ranking.reading import read_hits
from anysense.index.ranking.retriever import CollectionRetriever
from anysense.index.ranking.words import has_texts
from anysense.index.vectors.recall import recall_at_k

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from anysense.embed.types import FloatArray
    from anysense.index.catalog.records import Segment
    from anysense.index.evaluation.pairs import Pair
    from anysense.index.folder.opened import OpenCollection
    from anysense.index.hits.hit import Hit
    from anysense.index.ranking.match import Match
    from anysense.index.ranking.routes import Route
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["DEPTH", "LEVELS", "Evaluation", "evaluate"]

SEARCHED = 100
"""Hits of each search by words, vectors and both: what lies further counts as not found."""
DEPTH = 1000
"""Items ranked on each route: what lies further counts as not found."""
LEVELS = (1.0, 1.5, 2.0, 2.5, 3.0)
ANN_K = 10
SAMPLE_SIZE = 512  # unrelated items of each route and query whose scores are drawn
MIXED = "any"


@dataclass
class RouteEvaluation:
    """What was seen on one route: a query's modality and that of the segments sought, or any.

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
        routes: what was seen by vectors, by the modalities of queries and of segments; ``any`` is
            the merged list.
        matches: what a search finds for queries that are texts, by what it goes: ``both``,
            ``vector`` or ``words``. Empty if there were no such queries.
    """

    pairs: int
    skipped: int
    missing: Sequence[str]
    routes: Mapping[tuple[str, str], RouteEvaluation]
    matches: Mapping[str, RouteEvaluation] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """As plain values: see `anysense eval --help`."""
        return {
            "pairs": self.pairs,
            "skipped": self.skipped,
            "missing": list(self.missing),
            "routes": [_summary(*key, route) for key, route in self.routes.items()],
            "matches": [
                {"match": match, **_summary(Modality.TEXT.value, MIXED, figures)}
                for match, figures in self.matches.items()
            ],
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
        self._retriever = CollectionRetriever(collection)
        self._snapshot = collection.folder.snapshot()
        self._ids, self._modalities = _items(self._snapshot)
        self._counts = {
            m: sum(m in modalities for modalities in self._modalities.values()) for m in Modality
        }
        self._routes: dict[tuple[str, str], RouteEvaluation] = {}
        self._matches: dict[str, RouteEvaluation] = {}
        self._random = np.random.default_rng(0)

    def over(
        self, pairs: Sequence[Pair], progress: Callable[[int, int], None] | None
    ) -> Evaluation:
        queries, missing = 0, []
        for number, pair in enumerate(pairs, 1):
            relevant = {}
            for name, grade in pair.relevant.items():
                if name in self._ids:
                    relevant[self._ids[name]] = grade
                else:
                    missing.append(name)
            if relevant:
                self._ask(pair, relevant)
                self._ask_by_words(pair, relevant)
                queries += 1
            if progress is not None:
                progress(number, len(pairs))
        if not queries:
            raise UsageError(
                f"Nothing that the pairs name as relevant is in the collection; {missing[0]}, for "
                "one, is neither the id nor the source of an item."
            )
        return Evaluation(
            queries,
            len(pairs) - queries,
            missing,
            dict(sorted(self._routes.items())),
            self._matches,
        )

    def _ask(self, pair: Pair, relevant: Mapping[str, float]) -> None:
        query_items = {self._ids[file] for file in pair.query_files if file in self._ids}
        query_items -= relevant.keys()
        captions, modalities = self._without_captions(pair, relevant)
        lists: list[list[Match]] = []
        ids: dict[int, str] = {}
        for group in by_partition(self._retriever.plan(pair.terms, self._snapshot)):
            matches = matches_of(self._snapshot, group, DEPTH, captions)
            found = [
                (match, hit)
                for match, hit in zip(matches, read_hits(self._snapshot, matches), strict=True)
                if hit is not None and hit.id not in query_items
            ]
            ids |= {match.item: hit.id for match, hit in found}
            lists.append([match for match, _ in found])
            hits = [hit for _, hit in found]
            modality = group[0].partition.modality
            grades = {i: g for i, g in relevant.items() if modality in modalities[i]}
            in_query = sum(modality in self._modalities[i] for i in query_items)
            hidden = sum(modality in self._modalities[i] for i in relevant) - len(grades)
            others = self._counts[modality] - in_query - hidden
            figures = self._route(pair.modality, modality.value, self._counts[modality])
            if hits:
                figures.routes.add(hits[0].route)
            self._note_ranks(figures, [hit.id for hit in hits], grades)
            self._note_scores(figures, hits, grades, group, others)
            self._note_recall(figures, group)
        if len(self._snapshot.partitions) > 1:
            merged = self._route(pair.modality, MIXED, len(self._modalities))
            fused = fuse(lists, "calibrated")
            self._note_ranks(merged, [ids[match.item] for match in fused], relevant)

    def _ask_by_words(self, pair: Pair, relevant: Mapping[str, float]) -> None:
        """Search as everybody does, by vectors, by words and by both, and note the ranks.

        A query that is quoted from what it asks for would be found by its words: it is left out.
        """
        if pair.caption is not None or not has_texts(pair.terms):
            return
        query_items = {self._ids[file] for file in pair.query_files if file in self._ids}
        for match in MATCHES:
            options = SearchOptions(k=SEARCHED, match=match)
            hits = self._retriever.search(pair.terms, options)
            ids = [hit.id for hit in hits if hit.id not in query_items - relevant.keys()]
            figures = self._matches.setdefault(match, RouteEvaluation(len(self._modalities)))
            self._note_ranks(figures, ids, relevant)

    def _without_captions(
        self, pair: Pair, item_ids: Iterable[str]
    ) -> tuple[set[int], dict[str, frozenset[Modality]]]:
        """The segments of items that are the query itself, and the modalities of their others."""
        if pair.caption is None:
            return set(), {item_id: self._modalities[item_id] for item_id in item_ids}
        captions, modalities = set(), {}
        for item_id in item_ids:
            segments = self._snapshot.item(item_id).segments
            own = {segment.id for segment in segments if _is_said_in(segment, pair.caption)}
            modalities[item_id] = frozenset(s.modality for s in segments if s.id not in own)
            captions |= own
        return captions, modalities

    def _route(self, query_modality: Modality, target: str, items: int) -> RouteEvaluation:
        return self._routes.setdefault((query_modality.value, target), RouteEvaluation(items))

    @staticmethod
    def _note_ranks(
        figures: RouteEvaluation, ids: Sequence[str], grades: Mapping[str, float]
    ) -> None:
        if grades:
            ranks = {item_id: rank for rank, item_id in enumerate(ids, 1)}
            figures.ranks.append([ranks.get(item_id, math.inf) for item_id in grades])
            figures.grades.append(list(grades.values()))

    def _note_scores(
        self,
        figures: RouteEvaluation,
        hits: Sequence[Hit],
        grades: Mapping[str, float],
        routes: Sequence[Route],
        items: int,
    ) -> None:
        """Note how high what is relevant scores, and what of the other `items` is not."""
        figures.related += [(hit.raw_score, hit.score) for hit in hits if hit.id in grades]
        unrelated = [(hit.raw_score, hit.score) for hit in hits if hit.id not in grades]
        whole = len(hits) == items
        for level in LEVELS:
            # Where the list ends above a level, what lies below the list is not known.
            if whole or (hits and hits[-1].score < level):
                reached = figures.reached[level]
                reached[0] += sum(score >= level for _, score in unrelated)
                reached[1] += items - len(grades)
        if not whole:  # then so much is unrelated that what is not does no harm to a sample
            sample = self._snapshot.sample(routes[0].partition, SAMPLE_SIZE)
            unrelated = [
                max(found, key=lambda each: each[1])
                for found in zip(*(_scores_of(route, sample) for route in routes), strict=True)
            ]
        # Of many queries a few values each make the curve.
        draws = self._random.random(len(unrelated)) * max(1, len(figures.ranks)) < 1
        figures.unrelated += [v for v, is_drawn in zip(unrelated, draws, strict=True) if is_drawn]

    def _note_recall(self, figures: RouteEvaluation, routes: Sequence[Route]) -> None:
        """The index against a scan of everything, if it does not scan everything itself."""
        route = routes[0]
        if self._snapshot.effort(route.modality, route.partition) is None:
            return
        ask = (route.partition, np.stack([each.vector for each in routes]), ANN_K)
        _, nearest = self._snapshot.search(*ask, query_modality=route.modality)
        _, true = self._snapshot.search(*ask)
        figures.ann.append(recall_at_k(nearest, true))


def _scores_of(route: Route, vectors: FloatArray) -> list[tuple[float, float]]:
    """The cosine and the score of each of some segments, by one vector of a query."""
    cosines, products = (vectors @ v for v in (route.cosine, route.vector))
    return list(zip(cosines.tolist(), map(route.null.score, products.tolist()), strict=True))


def _is_said_in(segment: Segment, caption: str) -> bool:
    """Whether a segment is words about its item, and a passage of a caption or all of it."""
    text = " ".join((segment.text or "").split())
    return segment.origin is Origin.CAPTION and text in caption


def _items(snapshot: Snapshot) -> tuple[dict[str, str], dict[str, frozenset[Modality]]]:
    """The id of each item by its id and by its source and paths, and what its segments are."""
    ids: dict[str, str] = {}
    after = 0
    while rows := list_items(snapshot.catalog, after, 1000):
        for row in rows:
            ids.setdefault(row.source, row.id)
            ids[row.id] = row.id
        after = rows[-1].position
    by_path = {path: file.item_id for path, file in snapshot.catalog.files().items()}
    return {**by_path, **ids}, item_modalities(snapshot.catalog)


def _summary(query_modality: str, target: str, route: RouteEvaluation) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "query": query_modality,
        "items_of": target,
        "items": route.items,
        "queries": len(route.ranks),
    }
    if route.routes:
        summary["route"] = "/".join(sorted(route.routes))
    if route.ranks:
        summary |= _figures(route)
    if route.reached:
        summary["false_positives"] = {
            str(level): {"measured": count / of, "meant": 10**-level}
            for level, (count, of) in sorted(route.reached.items())
            if of
        }
    if target != MIXED:
        summary["index_recall@10"] = sum(route.ann) / len(route.ann) if route.ann else 1.0
    return summary


def _figures(route: RouteEvaluation) -> dict[str, Any]:
    graded = list(zip(route.ranks, route.grades, strict=True))
    values = {
        **{f"recall@{k}": [metrics.recall(ranks, k) for ranks in route.ranks] for k in (1, 5, 10)},
        "mrr": [metrics.reciprocal_rank(ranks) for ranks in route.ranks],
        "ndcg@10": [metrics.ndcg(ranks, grades) for ranks, grades in graded],
        "median_rank": [metrics.first_rank(ranks) for ranks in route.ranks],
    }
    by_chance = [metrics.chance(route.items, len(ranks), grades) for ranks, grades in graded]
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
