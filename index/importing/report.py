"""What became of vectors that were imported, and how far an import is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, TypeAlias

__all__ = ["EncodedAgain", "ImportProgress", "ImportReport"]

ImportProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with ``check``, ``import`` or ``publish``, how many rows are dealt with, and all."""


@dataclass(frozen=True)
class EncodedAgain:
    """How like the vectors that were imported are to those that the encoder here makes.

    Attributes:
        texts: how many texts were encoded again; `text_cosine` is the median of their cosines.
        files: how many files were; `file_cosine` is the median of theirs.
    """

    texts: int = 0
    text_cosine: float | None = None
    files: int = 0
    file_cosine: float | None = None


@dataclass
class ImportReport:
    """What became of the rows.

    Attributes:
        added: items that are new.
        updated: items of which something had changed.
        unchanged: items that are as they were.
        repeated: rows left out because an earlier row has the same id.
        quarantined: how many vectors are zero or not finite, and were left out.
        quarantined_rows: the first of their rows, as ``FILE:ROW``, and why.
        checked: what was encoded again, to see that the vectors are of the encoder.
        seconds: how long it took.
    """

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0
    quarantined: int = 0
    quarantined_rows: list[tuple[str, str]] = field(default_factory=list)
    checked: EncodedAgain = field(default_factory=EncodedAgain)
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """As plain values, in the shape that the command line prints."""
        rows = [{"row": row, "reason": reason} for row, reason in self.quarantined_rows]
        return {**asdict(self), "quarantined_rows": rows, "seconds": round(self.seconds, 3)}
