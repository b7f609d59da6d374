"""How a query reaches the segments of each modality: through which space, and what chance gives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from anysense.embed.errors import NoRouteError
from anysense.embed.types import Modality
from anysense.index.bridging.published import needed_bridges
from anysense.index.ranking.terms import TermVectors
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import FloatArray
    from anysense.index.calibration.routes import Calibrations
    from anysense.index.calibration.scores import Null
    from anysense.index.folder.opened import OpenCollection
    from anysense.index.ranking.query import Term
    from anysense.index.ranking.states import State
    from anysense.index.segment_set import SegmentSet
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["Route", "WordRoute", "plan_routes"]


@dataclass(frozen=True)
class Route:
    """How a query reaches the segments of one partition, by one of its vectors.

    A query with several, as a film of several scenes, has as many routes to the partition.

    Attributes:
        modality: what the query is, mostly.
        partition: where it leads.
        cosine: gives cosines: (d,) of length 1.
        vector: what is searched with: the same, or, if it crosses, less a part of its modality's
            mean and decorrelated.
        null: what chance gives it.
        is_bridged: whether it came over a bridge from another space.
        only: the only segments that it leads to; all of the partition if None.
        parts: what each term of the query gave of `cosine`, (terms, d), for whoever looks closer.
    """

    modality: Modality
    partition: Partition
    cosine: FloatArray
    vector: FloatArray
    null: Null
    is_bridged: bool
    only: SegmentSet | None = None
    parts: FloatArray | None = None

    @property
    def name(self) -> str:
        """As a hit tells it."""
        return "bridged" if self.is_bridged else "native"


@dataclass(frozen=True)
class WordRoute:
    """How a query reaches segments by its words: those of them, or of the name of their item.

    Attributes:
        partition: where it leads.
    """

    partition: Partition
    name: ClassVar[str] = "words"


def plan_routes(
    collection: OpenCollection,
    state: State,
    terms: Sequence[Term],
    modalities: frozenset[Modality] = frozenset(Modality),
) -> list[Route]:
    """The routes to each modality: through the space that takes most of the query.

    There is one for each vector of the query, as a rule one.

    Items that have nothing there, as they could not be encoded again when the collection got its
    encoder, are reached through the next space by a route of their own.

    Args:
        collection: what is searched; its encoders encode what has no vector yet.
        state: of it.
        terms: the query.
        modalities: of the segments that may be found.

    Raises:
        MediaError: a file of the query cannot be read.
        NoRouteError: no encoder of the collection connects the query to any segment.
    """
    snapshot, calibrations = state.snapshot, state.calibrations
    vectors = TermVectors(collection, snapshot, terms, calibrations.bridges)
    routes = []
    present = {p.modality for p in snapshot.partitions} & modalities
    for modality in sorted(present):
        spaces = [p.space for p in _preferred(snapshot, modality)]
        best = max(spaces, key=vectors.coverage, default=None)
        if best is None or vectors.coverage(best)[0] <= 0:
            continue
        routes += _routes(vectors, calibrations, Partition(best, modality))
        for space in spaces:
            if space != best and vectors.coverage(space)[0] > 0:
                rest = snapshot.apart(Partition(space, modality), Partition(best, modality))
                if len(rest):
                    further = _routes(vectors, calibrations, Partition(space, modality))
                    routes += [replace(route, only=rest) for route in further]
    if not routes and present:
        raise NoRouteError(_no_route(collection, terms, vectors, modalities))
    return routes


def _routes(vectors: TermVectors, calibrations: Calibrations, partition: Partition) -> list[Route]:
    """One to a partition for each vector that the query has there."""
    import numpy as np

    queries = vectors.combined(partition)
    calibration = calibrations.route(queries[0].modality, partition)
    searched = []
    for query in queries:
        offset = calibrations.centre(query.shares, partition)
        vector = query.vector if offset is None else query.vector - offset
        searched.append(calibration.decorrelated(vector))
    return [
        Route(
            query.modality,
            partition,
            query.vector,
            vector,
            null,
            query.is_bridged,
            parts=query.parts,
        )
        for query, vector, null in zip(
            queries, searched, calibration.nulls(np.stack(searched)), strict=True
        )
    ]


def _preferred(snapshot: Snapshot, modality: Modality) -> list[Partition]:
    """The partitions of a modality, in the order of preference at equal coverage.

    Text is best compared in a space of nothing but text, where there is one; otherwise the encoder
    named first wins: at the collection's creation, or when it was given others.
    """
    spaces = [entry.space for entry in snapshot.manifest.encoders]
    order = [space.id for space in spaces]
    only_text = {space.id for space in spaces if space.modalities == {Modality.TEXT}}
    present = [p for p in snapshot.partitions if p.modality == modality]
    return sorted(present, key=lambda p: (p.space not in only_text, order.index(p.space)))


def _no_route(
    collection: OpenCollection,
    terms: Sequence[Term],
    vectors: TermVectors,
    modalities: frozenset[Modality],
) -> str:
    given = {m for term in terms if term.weight > 0 for m in vectors.modalities(term)}
    problem = (
        f"No encoder of this collection leads from {' and '.join(sorted(given))} to "
        f"{' or '.join(sorted(modalities))}"
    )
    pairs = needed_bridges(collection.spaces)
    if any(given & a.modalities and modalities & b.modalities for a, b in pairs):
        path = collection.folder.path
        return f"{problem}: join its spaces with `anysense bridge fit {path}`."
    return (
        f"{problem}: search for another modality, or build the collection with an encoder that has "
        "both, such as starter."
    )
