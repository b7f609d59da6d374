"""Search: from a query of any modality to one ranked list of items of every modality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import NoRouteError, UsageError
from anysense.embed.types import Modality
from anysense.index.calibrate import UNKNOWN, Null, fit_null
from anysense.index.hit import Hit
from anysense.index.partition import Partition
from anysense.index.query import Term, parse_query

if TYPE_CHECKING:
    from anysense.embed.types import FloatArray
    from anysense.index.collection import Collection
    from anysense.index.query import Query
    from anysense.index.snapshot import Snapshot

__all__ = ["MAX_K", "Retriever"]

MAX_K = 1000
SAMPLE_SIZE = 512  # vectors of a partition that a query is compared with, to know its null
LEAST_DEPTH = 50  # segments fetched at first: several may belong to one item


@dataclass(frozen=True)
class Route:
    """How a query reaches the items of one partition."""

    modality: Modality
    partition: Partition
    vector: FloatArray
    null: Null


class Retriever:
    """Searches one collection. Safe to use from many threads.

    >>> retriever = Retriever(Collection.open("photos.anysense"))
    >>> retriever.retrieve("a dog on the beach", k=5)
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._nulls: dict[tuple[Any, Partition, Modality], Null] = {}

    def retrieve(
        self,
        query: Query,
        *,
        k: int = 10,
        modalities: Sequence[Modality | str] | None = None,
        where: str | Mapping[str, Any] | None = None,
        min_score: float | None = None,
        per_modality_k: int | None = None,
    ) -> list[Hit]:
        """The k items that match best, best first, each with the segment that matched.

        Args:
            query: a text (`str`), a file (`pathlib.Path`), bytes, a PIL image, a waveform, a
                `Term`, or a list of these, which combine.
            k: how many hits at most, 1 to 1000.
            modalities: only items of these; all if None.
            where: a filter over metadata, as text or as a mapping.
            min_score: only hits of at least this score.
            per_modality_k: at most so many hits of each modality.

        Raises:
            UsageError: an argument is wrong.
            MediaError: a file of the query cannot be read.
            NoRouteError: no encoder of the collection connects the query to any item.
        """
        wanted = _check_arguments(k, modalities, per_modality_k)
        snapshot = self._collection.snapshot()
        terms = parse_query(query)
        routes = self._plan(snapshot, terms, wanted)
        allowed = snapshot.select(where)
        liked = {term.like for term in terms if term.like is not None}
        enough = min(k, per_modality_k or k) + len(liked)
        hits: list[Hit] = []
        for route in routes:
            found: list[Hit] = []
            depth = max(LEAST_DEPTH, 2 * enough)
            while True:
                scores, ids = snapshot.search(
                    route.partition,
                    route.vector,
                    depth,
                    query_modality=route.modality,
                    allowed=allowed,
                )
                found = _best_of_each_item(snapshot, route, scores, ids)
                if len(found) >= enough or len(ids) < depth:
                    break  # else several segments of few items filled the list
                depth *= 4
            found = [hit for hit in found if hit.id not in liked]
            hits += found[: per_modality_k or k]
        hits = [hit for hit in hits if min_score is None or hit.score >= min_score]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[:k]

    def _plan(
        self, snapshot: Snapshot, terms: Sequence[Term], wanted: frozenset[Modality]
    ) -> list[Route]:
        """One route to each modality: through the space that takes most of the query."""
        vectors = _TermVectors(self._collection, snapshot, terms)
        routes = []
        for modality in sorted({p.modality for p in snapshot.partitions} & wanted):
            spaces = [p.space for p in self._preferred(snapshot, modality, vectors)]
            best = max(spaces, key=vectors.coverage, default=None)
            if best is None or vectors.coverage(best) <= 0:
                continue
            partition = Partition(best, modality)
            vector = vectors.combined(best)
            asked = vectors.main_modality(best)
            null = self._null(snapshot, partition, asked, vector)
            routes.append(Route(asked, partition, vector, null))
        if not routes and snapshot.partitions:
            raise NoRouteError(_no_route(terms, vectors, wanted))
        return routes

    def _preferred(
        self, snapshot: Snapshot, modality: Modality, vectors: _TermVectors
    ) -> list[Partition]:
        """The partitions of a modality, in the order of preference at equal coverage.

        Text is best compared in a space of nothing but text, where there is one; otherwise the
        encoder named first at the collection's creation wins.
        """
        order = [space.id for space in self._collection.spaces]
        only_text = {s.id for s in self._collection.spaces if s.modalities == {Modality.TEXT}}
        present = [p for p in snapshot.partitions if p.modality == modality]
        return sorted(present, key=lambda p: (p.space not in only_text, order.index(p.space)))

    def _null(
        self, snapshot: Snapshot, partition: Partition, asked: Modality, vector: FloatArray
    ) -> Null:
        sample = snapshot.sample(partition, SAMPLE_SIZE)
        key = (snapshot.version, partition, asked)
        if key not in self._nulls:
            others = snapshot.sample(Partition(partition.space, asked), SAMPLE_SIZE)
            prior = fit_null(others @ sample.T) if len(others) > 1 else UNKNOWN
            self._nulls = {k: v for k, v in self._nulls.items() if k[0] == snapshot.version}
            self._nulls[key] = prior
        return fit_null(sample @ vector, self._nulls[key])


class _TermVectors:
    """The vectors of a query's terms in each space, computed when first needed."""

    def __init__(
        self, collection: Collection, snapshot: Snapshot, terms: Sequence[Term]
    ) -> None:
        self._collection = collection
        self._terms = terms
        self._spaces = {space.id: space for space in collection.spaces}
        self._liked = {
            term.like: (snapshot.item(term.like).modality, snapshot.item_vectors(term.like))
            for term in terms
            if term.like is not None
        }
        for term in terms:
            if term.vector is not None:
                self._check_vector(term)

    def modality(self, term: Term) -> Modality:
        if term.like is not None:
            return self._liked[term.like][0]
        assert term.modality is not None
        return term.modality

    def takes(self, space: str, term: Term) -> bool:
        if term.vector is not None:
            return term.space == space
        if term.like is not None:
            return any(p.space == space for p in self._liked[term.like][1])
        return term.modality in self._spaces[space].modalities

    def coverage(self, space: str) -> float:
        """The positive weight of the terms that a space takes."""
        return sum(max(t.weight, 0.0) for t in self._terms if self.takes(space, t))

    def main_modality(self, space: str) -> Modality:
        """The modality of the heaviest term that a space takes."""
        return self.modality(
            max((t for t in self._terms if self.takes(space, t)), key=lambda t: t.weight)
        )

    def combined(self, space: str) -> FloatArray:
        """The normalised, weighted sum of the terms: shape (dimension,)."""
        import numpy as np

        total = sum(
            np.float32(term.weight) * self._encode(space, term)
            for term in self._terms
            if self.takes(space, term)
        )
        assert isinstance(total, np.ndarray)
        norm = float(np.linalg.norm(total))
        if norm < 1e-6:
            raise UsageError("The terms of the query cancel each other out.")
        return (total / norm).astype(np.float32)

    def _encode(self, space: str, term: Term) -> FloatArray:
        import numpy as np

        if term.vector is not None:
            vector = np.asarray(term.vector, np.float32)
            return vector / np.float32(np.linalg.norm(vector))
        if term.like is not None:
            own = [v for p, v in self._liked[term.like][1].items() if p.space == space]
            mean = np.concatenate(own).mean(axis=0)
            return (mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32)
        from anysense.embed.pipeline import encode_query

        encoder = next(e for e in self._collection.encoders() if e.space.id == space)
        assert term.modality is not None
        return encode_query(encoder, term.modality, term.content)

    def _check_vector(self, term: Term) -> None:
        import numpy as np

        space = self._spaces.get(term.space or "")
        if space is None:
            known = ", ".join(self._spaces)
            raise UsageError(f"This collection has no space named {term.space}; it has {known}.")
        vector = np.asarray(term.vector)
        if vector.shape != (space.dimension,) or not np.issubdtype(vector.dtype, np.floating):
            raise UsageError(f"A vector of {space.id} has {space.dimension} floating numbers.")
        if not np.isfinite(vector).all() or not np.linalg.norm(vector) > 0:
            raise UsageError("A vector in a query must be finite and not all zeros.")


def _check_arguments(
    k: int, modalities: Sequence[Modality | str] | None, per_modality_k: int | None
) -> frozenset[Modality]:
    for name, value in (("k", k), ("per_modality_k", per_modality_k)):
        if value is not None and not 1 <= value <= MAX_K:
            raise UsageError(f"{name} is a whole number from 1 to {MAX_K}, not {value}.")
    if modalities is None:
        return frozenset(Modality)
    try:
        return frozenset(Modality(m) for m in modalities)
    except ValueError:
        names = ", ".join(m.value for m in Modality)
        raise UsageError(f"A modality is one of {names}.") from None


def _best_of_each_item(
    snapshot: Snapshot, route: Route, scores: FloatArray, ids: Any
) -> list[Hit]:
    """One hit for each item, with its best segment: segments come best first."""
    best: dict[str, Hit] = {}
    for cosine, row in zip(scores.tolist(), snapshot.rows(ids), strict=True):
        if row is not None and row.item_id not in best:  # None: removed a moment ago
            best[row.item_id] = Hit(
                id=row.item_id,
                modality=row.modality,
                score=round(route.null.score(cosine), 4),
                raw_score=round(cosine, 6),
                route="native",
                source=row.source,
                space=row.space,
                start=row.start,
                end=row.end,
                text=row.text,
                metadata=row.metadata,
            )
    return list(best.values())


def _no_route(
    terms: Sequence[Term], vectors: _TermVectors, wanted: frozenset[Modality]
) -> str:
    asked = " and ".join(sorted({vectors.modality(t).value for t in terms if t.weight > 0}))
    return (
        f"No encoder of this collection leads from {asked} to "
        f"{' or '.join(sorted(m.value for m in wanted))}: search for another modality, or build "
        "the collection with an encoder that has both, such as starter."
    )
