"""What became of a collection that was given other encoders."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    ReencodeProgress: TypeAlias = Callable[[str, int, int], None]
    """Called with what is being done (``encode``, ``wait``, ``publish`` or ``sweep``), and with how
    many items are dealt with and how many there are."""

__all__ = ["MissingItem", "ReencodeProgress", "ReencodeReport"]


class MissingItem(NamedTuple):
    """An item that has no vectors of the new encoders, and why."""

    id: str
    source: str
    reason: str


@dataclass
class ReencodeReport:
    """What was done.

    Attributes:
        encoders: the names of those that searches go by now, by preference.
        dropped: the names of those that went.
        encoded: how many items got vectors, now; others got theirs before this was stopped.
        segments: how many vectors those are.
        kept_texts: how many of these items are texts that the catalog has, as their files have not.
        missing: items whose content cannot be read any more; they keep the vectors that they have.
        uncovered: how many items the new encoders take nothing of.
        removed: how many items went with the last of their vectors.
        lacks_bridges: whether some bridge is to be fitted by hand.
        generation: that of the index which is current now.
        seconds: how long it took.
    """

    encoders: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    encoded: int = 0
    segments: int = 0
    kept_texts: int = 0
    missing: list[MissingItem] = field(default_factory=list)
    uncovered: int = 0
    removed: int = 0
    lacks_bridges: bool = False
    generation: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            **vars(self),
            "missing": [item._asdict() for item in self.missing],
            "seconds": round(self.seconds, 3),
        }
