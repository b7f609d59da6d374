"""Rows with ready vectors, as every kind of file gives them: a batch at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from anysense.embed.types import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import Modality

__all__ = ["BATCH_ROWS", "VectorBatch", "VectorColumn", "VectorRows"]

BATCH_ROWS = 2048
"""Rows that are read, compared and committed at once: a second of work, some MB of vectors."""


@dataclass(frozen=True, eq=False)
class VectorColumn:
    """One vector for each row of a batch.

    Attributes:
        vectors: (n, dimension), of 16, 32 or 64 bits.
        modalities: what each was made from.
        texts: the words that it was made from, as far as there are any; none if empty.
        origin: of the segments that they become.
    """

    vectors: NDArray[Any]
    modalities: Sequence[Modality]
    texts: Sequence[str | None] = ()
    origin: Origin = Origin.CONTENT


@dataclass(frozen=True, eq=False)
class VectorBatch:
    """Some rows of one file, in order.

    Attributes:
        file: what messages call the file.
        start: the number of its first row here, from 1.
        ids: of each row.
        columns: their vectors; the first column says what an item is.
        sources: what hits call each; None for those that are called after their id.
        paths: the name of a file that each was made from, as it is written there, or None.
        metadata: of each.
    """

    file: str
    start: int
    ids: Sequence[str]
    columns: Sequence[VectorColumn]
    sources: Sequence[str | None] = ()
    paths: Sequence[str | None] = ()
    metadata: Sequence[Mapping[str, Any]] = field(default_factory=list)

    def place(self, at: int) -> str:
        """What messages call a row, by its place in the batch."""
        return f"{self.file}:{self.start + at}"


class VectorRows(Protocol):
    """What is imported; it can be read more than once, and gives the same rows in the same order.

    Attributes:
        count: how many rows there are.
        dimension: the length of their vectors.
        is_strict: whether a vector that cannot be used and an id that comes twice are mistakes of
            whoever made it: then nothing is imported. Else such rows are left out, and told.
    """

    count: int
    dimension: int
    is_strict: bool

    def id_batches(self) -> Iterator[VectorBatch]:
        """The rows with ids and vectors alone, which is all that a check needs.

        Raises:
            UsageError: a file cannot be read, or a row has no id or no vector of this dimension.
        """
        ...

    def batches(self) -> Iterator[VectorBatch]:
        """The rows with all that is said of them; as `id_batches` otherwise."""
        ...
