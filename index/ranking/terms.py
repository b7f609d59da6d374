"""The vectors of a query, from all its terms, for each space and what is looked for there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.errors import UsageError
from anysense.embed.stages import stage
from anysense.embed.types import Kind, Modality
from anysense.embed.waiting import check_waiter
from anysense.index.ranking.query import VideoTerm
from anysense.index.ranking.states import gone_with_encoders
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from anysense.embed.pipeline.query import QueryVectors
    from anysense.embed.types import FloatArray
    from anysense.index.bridging.maps import Bridge
    from anysense.index.folder.opened import OpenCollection
    from anysense.index.ranking.query import Term
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["QueryVector", "TermVectors"]

_OF_VIDEOS = frozenset({Modality.IMAGE, Modality.AUDIO})
_Looks: TypeAlias = "tuple[Modality | None, str]"
"""As what a term looks for segments, None if it cannot, and in which form."""


@dataclass(frozen=True)
class QueryVector:
    """A query in one space, or a part of it: a scene of a film, a passage of a document.

    Attributes:
        vector: (d,) of length 1.
        shares: how much of it comes from each modality; a modality that is subtracted is negative.
            What came over a bridge has left its modality's mean behind, and has no share.
        modality: that of the heaviest term.
        is_bridged: whether some of it came over a bridge from another space.
        parts: what each term gave of the vector, (terms, d); 0 if it does not reach the space.
    """

    vector: FloatArray
    shares: Mapping[Modality, float]
    modality: Modality
    is_bridged: bool
    parts: FloatArray


class TermVectors:
    """The vectors of a query's terms in each space, computed when first needed."""

    def __init__(
        self,
        collection: OpenCollection,
        snapshot: Snapshot,
        terms: Sequence[Term],
        bridges: Callable[[str], Sequence[Bridge]] = lambda _: (),
    ) -> None:
        """Take the terms of one query; `bridges` gives those that lead to a space."""
        self._collection = collection
        self._bridges = bridges
        self._terms = terms
        self._spaces = {entry.space.id: entry.space for entry in snapshot.manifest.encoders}
        self._combined: dict[tuple[str, tuple[_Looks, ...]], list[QueryVector]] = {}
        self._encoded: dict[tuple[str, int, Modality, str], QueryVectors] = {}
        self._liked = {
            term.like: (snapshot.item(term.like).kind, snapshot.item_vectors(term.like))
            for term in terms
            if term.like is not None
        }
        for term in terms:
            if term.vector is not None:
                self._check_vector(term)

    def modalities(self, term: Term) -> frozenset[Modality]:
        """What a term is; a video, or an item to be liked, may be several."""
        if term.like is not None:
            return frozenset(partition.modality for partition in self._liked[term.like][1])
        if isinstance(term, VideoTerm):
            return _OF_VIDEOS
        assert term.modality is not None
        return frozenset({term.modality})

    def modality(self, space: str, term: Term, target: Modality) -> Modality:
        """What a term is in a space that takes it, where it looks for segments of a modality.

        Of an item to be liked, that is the modality of its kind where it has vectors of that; but
        of a video the frames look for pictures and the sound for sounds.
        """
        present = self._present(space, term)
        kind = Kind.VIDEO if isinstance(term, VideoTerm) else None
        if term.like is not None:
            kind = self._liked[term.like][0]
        if kind is Kind.VIDEO and target in _OF_VIDEOS & present:
            return target
        usual = term.modality if kind is None else kind.modality
        return usual if usual in present else min(present)

    def takes(self, space: str, term: Term) -> bool:
        """Whether a term has a vector in a space."""
        if term.vector is not None:
            return term.space == space
        return bool(self._present(space, term))

    def _present(self, space: str, term: Term) -> frozenset[Modality]:
        """As what a term has a vector in a space."""
        if term.like is not None:
            vectors = self._liked[term.like][1]
            return frozenset(p.modality for p in vectors if p.space == space)
        if term.vector is not None:
            return self.modalities(term)
        return self.modalities(term) & self._spaces[space].modalities

    def bridge(self, space: str, term: Term) -> Bridge | None:
        """The bridge over which a term comes to a space that does not take it."""
        if self.takes(space, term):
            return None
        bridges = self._bridges(space)
        return next((bridge for bridge in bridges if self.takes(bridge.source, term)), None)

    def coverage(self, space: str) -> tuple[float, float]:
        """The positive weight of the terms that reach a space, and of those that it takes."""
        native = sum(max(t.weight, 0.0) for t in self._terms if self.takes(space, t))
        bridged = sum(max(t.weight, 0.0) for t in self._terms if self.bridge(space, t) is not None)
        return native + bridged, native

    def combined(self, partition: Partition) -> list[QueryVector]:
        """The normalised, weighted sums of the terms that reach a partition's space.

        There is one for each of the vectors of the heaviest term that has several, as a film has;
        every other term is in each of them, by the mean of its own.

        Raises:
            UsageError: they cancel each other out.
            MediaError: a file of the query cannot be read.
        """
        check_waiter()
        key = partition.space, tuple(self._looks(partition, term) for term in self._terms)
        if key not in self._combined:
            self._combined[key] = self._combine(partition)
        return self._combined[key]

    def _looks(self, partition: Partition, term: Term) -> _Looks:
        """As what, and in which form, a term looks for a partition's segments; see `Space.form`."""
        if not self.takes(partition.space, term):
            bridge = self.bridge(partition.space, term)
            if bridge is None:
                return None, ""
            return self.modality(bridge.source, term, partition.modality), ""
        modality = self.modality(partition.space, term, partition.modality)
        if term.like is not None or term.vector is not None:
            return modality, ""
        return modality, self._spaces[partition.space].form(modality, partition.modality)

    def _combine(self, partition: Partition) -> list[QueryVector]:
        space = partition.space
        reaching = [
            (place, bridge)
            for place, term in enumerate(self._terms)
            if (bridge := self.bridge(space, term)) is not None or self.takes(space, term)
        ]
        of_terms = [self._reaching_vectors(partition, place, bridge) for place, bridge in reaching]
        heaviest, crossing = max(reaching, key=lambda each: self._terms[each[0]].weight)
        heaviest_space = space if crossing is None else crossing.source
        modality = self.modality(heaviest_space, self._terms[heaviest], partition.modality)
        combined = []
        several = self._with_several(reaching, of_terms)
        for row in range(1 if several is None else len(of_terms[several].several)):
            vectors = [each.mean for each in of_terms]
            if several is not None:
                vectors[several] = of_terms[several].several[row]
            query = self._sum(partition, reaching, vectors, modality)
            if query is not None:
                combined.append(query)
        if not combined:
            raise UsageError("The terms of the query cancel each other out.")
        return combined

    def _with_several(
        self, reaching: Sequence[tuple[int, Bridge | None]], of_terms: Sequence[QueryVectors]
    ) -> int | None:
        """Where among the terms that reach a space the one is that counts by all of its vectors.

        It is the heaviest of those that have several; else of all, by the one that it has.
        """
        weights = [self._terms[place].weight for place, _ in reaching]
        wanted = [number for number, weight in enumerate(weights) if weight > 0]
        by_vectors = [(len(each.several) > 1, weights[at]) for at, each in enumerate(of_terms)]
        return max(wanted, key=by_vectors.__getitem__, default=None)

    def _reaching_vectors(
        self, partition: Partition, place: int, bridge: Bridge | None
    ) -> QueryVectors:
        """The vectors of a term that reaches a partition, in the space it comes from."""
        modality, form = self._looks(partition, self._terms[place])
        assert modality is not None
        if bridge is not None:
            return self._vectors(bridge.source, place, modality, "")
        return self._vectors(partition.space, place, modality, form)

    def _sum(
        self,
        partition: Partition,
        reaching: Sequence[tuple[int, Bridge | None]],
        vectors: Sequence[FloatArray],
        modality: Modality,
    ) -> QueryVector | None:
        """One vector of the terms that reach a space, by a vector of each; None if it is 0."""
        import numpy as np

        total = np.zeros(self._spaces[partition.space].dimension, np.float32)
        parts = np.zeros((len(self._terms), len(total)), np.float32)
        shares: dict[Modality, float] = {}
        for (place, bridge), vector in zip(reaching, vectors, strict=True):
            term = self._terms[place]
            own, _ = self._looks(partition, term)
            assert own is not None
            across = vector if bridge is None else bridge.apply(vector, own)
            parts[place] = np.float32(term.weight) * across
            total += parts[place]
            if bridge is None:
                shares[own] = shares.get(own, 0.0) + term.weight
        norm = float(np.linalg.norm(total))
        if norm < 1e-6:
            return None
        shares = {own: weight / norm for own, weight in shares.items()}
        is_bridged = any(bridge is not None for _, bridge in reaching)
        norm32 = np.float32(norm)
        return QueryVector(total / norm32, shares, modality, is_bridged, parts / norm32)

    def _vectors(self, space: str, place: int, modality: Modality, form: str) -> QueryVectors:
        """The vectors of the term at a place, made once."""
        key = space, place, modality, form
        if key not in self._encoded:
            self._encoded[key] = self._encode(space, self._terms[place], modality, form)
        return self._encoded[key]

    def _encode(self, space: str, term: Term, modality: Modality, form: str) -> QueryVectors:
        import numpy as np

        from anysense.embed.pipeline.query import QueryVectors, encode_several

        if term.vector is not None:
            vector = np.asarray(term.vector, np.float32)
            return QueryVectors.of((vector / np.float32(np.linalg.norm(vector)))[None])
        if term.like is not None:
            return _of_item(self._liked[term.like][1][Partition(space, modality)])
        revision = self._spaces[space].revision
        encoders = (e for e in self._collection.encoders() if e.space.id == space)
        encoder = next((e for e in encoders if e.space.revision == revision), None)
        if encoder is None:
            raise gone_with_encoders()
        assert not isinstance(term.content, tuple | None)
        with stage("encode"):
            return encode_several(encoder, modality, term.content, form)

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


def _of_item(vectors: FloatArray) -> QueryVectors:
    """The vectors of an item that is to be liked, whose segments have these, (n, d)."""
    import numpy as np

    from anysense.embed.pipeline.query import QueryVectors, several_of

    mean = vectors.mean(axis=0)
    mean = (mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32)
    if len(vectors) == 1:
        return QueryVectors.of(mean[None])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-6)
    return QueryVectors(mean, several_of(vectors / lengths))
