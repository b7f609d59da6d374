"""What ranking ranks: items and segments by their keys, with how well they match."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from anysense.embed.types import Modality
    from anysense.index.ranking.routes import Route, WordRoute

__all__ = ["Match", "SegmentMatch"]


@dataclass(frozen=True)
class SegmentMatch:
    """A segment that matched, and how well.

    Attributes:
        id: of the segment.
        score, raw_score: as a hit tells them; see `anysense.index.hits.hit.HitSegment`.
        route: on which it was found.
    """

    id: int
    score: float
    raw_score: float
    route: Route | WordRoute


@dataclass(frozen=True)
class Match:
    """An item that matched.

    Attributes:
        item: the key of the item in the catalog.
        best: the segment of it that matched best.
        segments: others that matched well, best first.
    """

    item: int
    best: SegmentMatch
    segments: tuple[SegmentMatch, ...] = ()

    @property
    def modality(self) -> Modality:
        """That of the best segment."""
        return self.best.route.partition.modality
