"""The vectors of a query, from all its terms: one for each space and what is looked for there."""

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
    """A query in one space.

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
        self._combined: dict[tuple[str, tuple[_Looks, ...]], QueryVector] = {}
        self._encoded: dict[tuple[str, int, Modality, str], FloatArray] = {}
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

    def combined(self, partition: Partition) -> QueryVector:
        """The normalised, weighted sum of the terms that reach a partition's space.

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

    def _combine(self, partition: Partition) -> QueryVector:
        import numpy as np

        space = partition.space
        reaching = [
            (place, term, bridge)
            for place, term in enumerate(self._terms)
            if (bridge := self.bridge(space, term)) is not None or self.takes(space, term)
        ]
        _, heaviest, crossing = max(reaching, key=lambda each: each[1].weight)
        heaviest_space = space if crossing is None else crossing.source
        total = np.zeros(self._spaces[space].dimension, np.float32)
        parts = np.zeros((len(self._terms), len(total)), np.float32)
        shares: dict[Modality, float] = {}
        for place, term, bridge in reaching:
            weight = np.float32(term.weight)
            modality, form = self._looks(partition, term)
            assert modality is not None
            if bridge is not None:
                vector = bridge.apply(self._vector(bridge.source, place, modality, ""), modality)
                parts[place] = weight * vector
                total += parts[place]
                continue
            parts[place] = weight * self._vector(space, place, modality, form)
            total += parts[place]
            shares[modality] = shares.get(modality, 0.0) + term.weight
        norm = float(np.linalg.norm(total))
        if norm < 1e-6:
            raise UsageError("The terms of the query cancel each other out.")
        shares = {modality: weight / norm for modality, weight in shares.items()}
        is_bridged = any(bridge is not None for _, _, bridge in reaching)
        modality = self.modality(heaviest_space, heaviest, partition.modality)
        norm32 = np.float32(norm)
        return QueryVector(total / norm32, shares, modality, is_bridged, parts / norm32)

    def _vector(self, space: str, place: int, modality: Modality, form: str) -> FloatArray:
        """The vector of the term at a place, made once."""
        key = space, place, modality, form
        if key not in self._encoded:
            self._encoded[key] = self._encode(space, self._terms[place], modality, form)
        return self._encoded[key]

    def _encode(self, space: str, term: Term, modality: Modality, form: str) -> FloatArray:
        import numpy as np

        if term.vector is not None:
            vector = np.asarray(term.vector, np.float32)
            return vector / np.float32(np.linalg.norm(vector))
        if term.like is not None:
            vectors = self._liked[term.like][1][Partition(space, modality)]
            mean: FloatArray = vectors.mean(axis=0)
            return (mean / max(float(np.linalg.norm(mean)), 1e-6)).astype(np.float32)
        from anysense.embed.pipeline.query import encode_query

        revision = self._spaces[space].revision
        encoders = (e for e in self._collection.encoders() if e.space.id == space)
        encoder = next((e for e in encoders if e.space.revision == revision), None)
        if encoder is None:
            raise gone_with_encoders()
        assert not isinstance(term.content, tuple | None)
        with stage("encode"):
            return encode_query(encoder, modality, term.content, form)

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
