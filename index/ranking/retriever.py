"""Search: from a query of any modality to one ranked list of items of every modality."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from itertools import accumulate
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import NoRouteError, StateGoneError, UsageError
from anysense.embed.types import Modality
from anysense.index.bridging.published import needed
from anysense.index.calibration.routes import Calibrations
from anysense.index.calibration.scores import nearness
from anysense.index.ranking.fusion import FUSIONS, distinct, fuse
from anysense.index.ranking.hit import Hit, Hits
from anysense.index.ranking.paging import page_of
from anysense.index.ranking.query import Term, parse_query
from anysense.index.ranking.terms import TermVectors
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.embed.types import Encoder, FloatArray
    from anysense.index.calibration.scores import Null
    from anysense.index.catalog.records import SegmentRow
    from anysense.index.collection import Collection
    from anysense.index.ranking.query import Query
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["MAX_K", "NO_MATCH", "Retriever", "Route", "hits_of", "is_match"]

MAX_K = 1000
LEAST_DEPTH = 50  # segments fetched at first: several may belong to one item
NO_MATCH = 0.5
"""If chance would put so many items or more as high as the best hit, that is no match."""
PINNED = 8  # states of the collection that pages may still come from


@dataclass(frozen=True)
class Route:
    """How a query reaches the items of one partition.

    Attributes:
        modality: what the query is, mostly.
        partition: where it leads.
        cosine: gives cosines: (d,) of length 1.
        vector: what is searched with: the same, less a part of its modality's mean if it crosses.
        null: what chance gives it.
        is_bridged: whether it came over a bridge from another space.
    """

    modality: Modality
    partition: Partition
    cosine: FloatArray
    vector: FloatArray
    null: Null
    is_bridged: bool


class Retriever:
    """Searches one collection. Safe to use from many threads.

    >>> retriever = Retriever(Collection.open("photos.anysense"))
    >>> retriever.retrieve("a dog on the beach", k=5)
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._lock = threading.Lock()
        self._states: OrderedDict[str, tuple[Snapshot, Calibrations]] = OrderedDict()

    def retrieve(
        self,
        query: Query,
        *,
        k: int = 10,
        modalities: Sequence[Modality | str] | None = None,
        where: str | Mapping[str, Any] | None = None,
        min_score: float | None = None,
        per_modality_k: int | None = None,
        offset: int = 0,
        state: str | None = None,
        fusion: str = "calibrated",
        collapse: float | None = None,
    ) -> Hits:
        """The k items that match best, best first, each with the segment that matched.

        Args:
            query: a text (`str`), a file (`pathlib.Path`), bytes, a PIL image, a waveform, a
                `Term`, or a list of these, which combine.
            k: how many hits at most, 1 to 1000.
            modalities: only items of these; all if None.
            where: a filter over metadata, as text or as a mapping.
            min_score: only hits of at least this score.
            per_modality_k: at most so many hits of each modality.
            offset: leave out so many of the best; with k, at most 1000. Pages fit together if they
                have the same k and state.
            state: of an earlier page: search what the collection held then, whatever has been
                added since. Items that were removed since are left out.
            fusion: ``calibrated``, ``rrf`` or ``round_robin``: how the modalities' lists merge.
            collapse: of items of one modality whose cosine is at least this, show the best one.

        Raises:
            UsageError: an argument is wrong.
            StateGoneError: `state` is of a search that too many others have come after.
            MediaError: a file of the query cannot be read.
            NoRouteError: no encoder of the collection connects the query to any item.
        """
        wanted = _check_modalities(modalities)
        _check_numbers(k, per_modality_k, offset, fusion, collapse)
        if min_score is not None and not _is_number(min_score):
            raise UsageError(f"min_score is a number, not {min_score!r}.")
        state, snapshot, calibrations = self._pinned(state)
        terms = parse_query(query)
        routes = self._plan(snapshot, calibrations, terms, wanted)
        allowed = snapshot.select(where)
        liked = {term.like for term in terms if term.like is not None}
        matches: list[bool] = []

        def search(size: int) -> list[Hit]:
            most = min(size, per_modality_k or MAX_K)
            lists, counted = _lists(snapshot, routes, allowed, liked, most, collapse)
            best = max((hit.score for found in lists for hit in found), default=0.0)
            matches.append(is_match(best, counted))
            if min_score is not None:
                lists = [[hit for hit in found if hit.score >= min_score] for found in lists]
            return fuse(lists, fusion)

        page = page_of(search, k, offset, per_modality_k)
        return Hits(page, no_match=not matches[0], state=state)

    def plan(self, query: Query, snapshot: Snapshot | None = None) -> list[Route]:
        """The routes that a query takes: what `retrieve` searches, for whoever looks closer.

        Raises:
            UsageError, MediaError, NoRouteError: as `retrieve` does.
        """
        snapshot = snapshot or self._collection.snapshot()
        _, calibrations = self._remembered(snapshot)
        return self._plan(snapshot, calibrations, parse_query(query), frozenset(Modality))

    def _pinned(self, state: str | None) -> tuple[str, Snapshot, Calibrations]:
        """The state that a page is of, or the newest."""
        with self._lock:
            if state is not None and state in self._states:
                self._states.move_to_end(state)
                return (state, *self._states[state])
        snapshot = self._collection.snapshot()
        name = _name_of(snapshot)
        if state not in (None, name):
            raise StateGoneError(
                "The page is of a state of the collection that is no longer held; search again "
                "from the first page."
            )
        return (name, *self._remembered(snapshot))

    def _remembered(self, snapshot: Snapshot) -> tuple[Snapshot, Calibrations]:
        """A state and its calibrations, held for later pages in place of the oldest one."""
        name = _name_of(snapshot)
        with self._lock:
            if name not in self._states:
                self._states[name] = (snapshot, Calibrations(snapshot, self._encoder))
                if len(self._states) > PINNED:
                    self._states.popitem(last=False)
            self._states.move_to_end(name)
            return self._states[name]

    def _encoder(self, space: str) -> Encoder | None:
        """The encoder of a space, if it is loaded: no search by a vector loads one."""
        loaded = self._collection.loaded_encoders
        return next((encoder for encoder in loaded if encoder.space.id == space), None)

    def _plan(
        self,
        snapshot: Snapshot,
        calibrations: Calibrations,
        terms: Sequence[Term],
        wanted: frozenset[Modality],
    ) -> list[Route]:
        """One route to each modality: through the space that takes most of the query."""
        vectors = TermVectors(self._collection, snapshot, terms, calibrations.bridges)
        routes = []
        present = {p.modality for p in snapshot.partitions} & wanted
        for modality in sorted(present):
            spaces = [p.space for p in self._preferred(snapshot, modality)]
            best = max(spaces, key=vectors.coverage, default=None)
            if best is None or vectors.coverage(best)[0] <= 0:
                continue
            partition, asked = Partition(best, modality), vectors.combined(best)
            away = calibrations.centre(asked, partition)
            vector = asked.vector if away is None else asked.vector - away
            null = calibrations.route(asked.modality, partition).null(vector)
            bridged = asked.is_bridged
            routes.append(Route(asked.modality, partition, asked.vector, vector, null, bridged))
        if not routes and present:
            raise NoRouteError(_no_route(self._collection, terms, vectors, wanted))
        return routes

    def _preferred(self, snapshot: Snapshot, modality: Modality) -> list[Partition]:
        """The partitions of a modality, in the order of preference at equal coverage.

        Text is best compared in a space of nothing but text, where there is one; otherwise the
        encoder named first at the collection's creation wins.
        """
        order = [space.id for space in self._collection.spaces]
        only_text = {s.id for s in self._collection.spaces if s.modalities == {Modality.TEXT}}
        present = [p for p in snapshot.partitions if p.modality == modality]
        return sorted(present, key=lambda p: (p.space not in only_text, order.index(p.space)))


def _lists(
    snapshot: Snapshot,
    routes: Sequence[Route],
    allowed: Any,
    liked: set[str],
    most: int,
    collapse: float | None,
) -> tuple[list[list[Hit]], int]:
    """Up to `most` hits of each route, and how many items they are the best of."""
    lists, counted = [], 0
    for route in routes:
        depth = max(LEAST_DEPTH, 2 * (most + len(liked)))
        while True:
            products, ids = snapshot.search(
                route.partition,
                route.vector,
                depth,
                query_modality=route.modality,
                allowed=allowed,
            )
            found = _best_of_each_item(snapshot.rows(ids), products, liked)
            if collapse is not None:
                found = _distinct(snapshot, route.partition, found, collapse, most)
            if len(found) >= most or len(ids) < depth:
                break  # else segments of few items, or near-duplicates, filled the list
            depth *= 4
        lists.append(_hits(snapshot, route, found[:most]))
        all_found = allowed is not None and len(ids) < depth
        counted += len(ids) if all_found else snapshot.partitions[route.partition]
    if allowed is not None:
        counted = min(counted, len(allowed))  # each is in one partition
    return lists, counted


def hits_of(snapshot: Snapshot, route: Route, k: int) -> list[Hit]:
    """The best items of one route, all of them if there are no more than k."""
    depth = snapshot.partitions[route.partition]
    ask = (route.partition, route.vector, min(depth, 4 * k))
    products, ids = snapshot.search(*ask, query_modality=route.modality)
    found = _best_of_each_item(snapshot.rows(ids), products, set())
    return _hits(snapshot, route, found[:k])


def _name_of(snapshot: Snapshot) -> str:
    generation, change = snapshot.version
    return f"{snapshot.manifest.collection[:8]}-{generation}-{change}"


def is_match(score: float, items: int) -> bool:
    """Whether the best of so many items scores higher than chance would let it.

    Args:
        score: of the best hit.
        items: how many it is the best of.
    """
    return score >= math.log10(max(items, 1) / NO_MATCH)


def _best_of_each_item(
    rows: Sequence[SegmentRow | None], products: FloatArray, without: set[str]
) -> list[tuple[SegmentRow, float]]:
    """Each item's best segment and its inner product: segments come best first."""
    best: dict[str, tuple[SegmentRow, float]] = {}
    for product, row in zip(products.tolist(), rows, strict=True):
        # None: removed a moment ago
        if row is not None and row.item_id not in best and row.item_id not in without:
            best[row.item_id] = (row, product)
    return list(best.values())


def _distinct(
    snapshot: Snapshot,
    partition: Partition,
    found: Sequence[tuple[SegmentRow, float]],
    threshold: float,
    most: int,
) -> list[tuple[SegmentRow, float]]:
    """Those of `found` that are no near-duplicates of a better one, up to `most`."""
    vectors = snapshot.vectors(partition, _ids(found))
    return [found[place] for place in distinct(vectors, threshold, most)]


def _ids(found: Sequence[tuple[SegmentRow, float]]) -> Any:
    import numpy as np

    return np.asarray([row.segment_id for row, _ in found], np.int64)


def _hits(snapshot: Snapshot, route: Route, found: Sequence[tuple[SegmentRow, float]]) -> list[Hit]:
    """The hits of a route, with their scores and cosines."""
    vectors = snapshot.vectors(route.partition, _ids(found))
    cosines = (vectors @ route.cosine).clip(-1, 1).tolist()
    scores = [route.null.score(product) for _, product in found]
    if route.modality == route.partition.modality:
        scores = [s + nearness(cosine) for s, cosine in zip(scores, cosines, strict=True)]
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
        for (row, _), score, cosine in zip(found, scores, cosines, strict=True)
    ]


def _check_modalities(modalities: Sequence[Modality | str] | None) -> frozenset[Modality]:
    if modalities is None:
        return frozenset(Modality)
    try:
        return frozenset(Modality(m) for m in modalities)
    except ValueError:
        names = ", ".join(m.value for m in Modality)
        raise UsageError(f"A modality is one of {names}.") from None


def _check_numbers(
    k: int, per_modality_k: int | None, offset: int, fusion: str, collapse: float | None
) -> None:
    for name, value in (("k", k), ("per_modality_k", per_modality_k), ("offset", offset)):
        if not isinstance(value, Integral | None):
            raise UsageError(f"{name} is a whole number, not {value!r}.")
    for name, value in (("k", k), ("per_modality_k", per_modality_k)):
        if value is not None and not 1 <= value <= MAX_K:
            raise UsageError(f"{name} is a whole number from 1 to {MAX_K}, not {value}.")
    if offset < 0 or offset + k > MAX_K:
        raise UsageError(f"offset and k are at most {MAX_K} together, and offset is at least 0.")
    if fusion not in FUSIONS:
        raise UsageError(f"fusion is one of {', '.join(FUSIONS)}, not {fusion}.")
    if collapse is not None and not (_is_number(collapse) and 0 < collapse <= 1):
        raise UsageError(f"collapse is a cosine over 0 and up to 1, not {collapse!r}.")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not math.isnan(value)


def _no_route(
    collection: Collection,
    terms: Sequence[Term],
    vectors: TermVectors,
    wanted: frozenset[Modality],
) -> str:
    asked = {vectors.modality(term) for term in terms if term.weight > 0}
    told = (
        f"No encoder of this collection leads from {' and '.join(sorted(asked))} to "
        f"{' or '.join(sorted(wanted))}"
    )
    pairs = needed(collection.spaces)
    if any(asked & a.modalities and wanted & b.modalities for a, b in pairs):
        return f"{told}: join its spaces with `anysense bridge fit {collection.path}`."
    return (
        f"{told}: search for another modality, or build the collection with an encoder that has "
        "both, such as starter."
    )
