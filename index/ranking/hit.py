"""What a search returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anysense.embed.types import Modality

__all__ = ["Hit", "Hits"]


@dataclass(frozen=True)
class Hit:
    """One result: an item, and the segment of it that matched best.

    Attributes:
        id: the item's id.
        modality: the item's modality.
        score: how rarely chance scores so high: of items of this modality that have nothing to do
            with the query, one in 10 has a score of 1 or more, one in 100 of 2 or more, one in
            1,000 of 3 or more. It compares across modalities, spaces and collections.
        raw_score: the cosine of the query's and the segment's vectors: not comparable.
        route: ``native`` if one encoder made both vectors, ``bridged`` if a map lies between.
        source: the item's path, or a name given by the user.
        space: the id of the space in which the two were compared.
        start: where the segment starts: seconds of a sound, characters of a text; None for images.
        end: where it ends, in the same unit.
        text: the passage that matched, if the item is a text.
        metadata: what the user stored with the item.
    """

    id: str
    modality: Modality
    score: float
    raw_score: float
    route: str
    source: str
    space: str
    start: float | None = None
    end: float | None = None
    text: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The hit as plain values, in the shape that the command line and the service print."""
        return {**asdict(self), "modality": self.modality.value}


class Hits(list[Hit]):
    """The hits of a search, best first: a list, and what is to be said of all of them.

    Attributes:
        no_match: whether chance alone may have found the best of them, so that probably nothing in
            the collection answers the query.
        state: names the state of the collection that was searched; given back with an `offset`,
            the next page comes from the same state.
    """

    def __init__(
        self, hits: Iterable[Hit] = (), *, no_match: bool = False, state: str = ""
    ) -> None:
        super().__init__(hits)
        self.no_match = no_match
        self.state = state
