"""What a search returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from anysense.embed.types import Modality

__all__ = ["Hit"]


@dataclass(frozen=True)
class Hit:
    """One result: an item, and the segment of it that matched best.

    Attributes:
        id: the item's id.
        modality: the item's modality.
        score: how far above an unrelated item this one scores, in standard deviations of
            unrelated scores of the same route: comparable across modalities and spaces.
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
