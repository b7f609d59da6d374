"""The words of a collection as types: partition, new item, and the arrays that rooms hand over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from anysense.embed.types import EmbeddedFile, Waveform

__all__ = ["ArraySource", "Codes", "Ids", "NewItem", "Partition", "Progress", "VectorSource"]

Ids: TypeAlias = "NDArray[np.int64]"
"""Ids of segments, (n,)."""

Codes: TypeAlias = "NDArray[np.uint8]"
"""Vectors as an index keeps them, (n, bytes)."""

Progress: TypeAlias = Callable[[int, int], None]
"""Called with how many are done, and with how many there are in all."""


@dataclass(frozen=True, order=True)
class Partition:
    """The segments of one modality in one space: those that one query vector can be compared with.

    Attributes:
        space: the id of the space.
        modality: the modality of the segments.
    """

    space: str
    modality: Modality

    @property
    def key(self) -> str:
        """One string for both, such as ``starter|image``; `parse` reads it back."""
        return f"{self.space}|{self.modality}"

    @staticmethod
    def parse(key: str) -> Partition:
        """Read `key`; raises ValueError if it is not the key of a partition."""
        space, separator, modality = key.rpartition("|")
        if not separator or not space:
            raise ValueError(f"{key!r} is not the key of a partition")
        return Partition(space, Modality(modality))

    def __str__(self) -> str:
        return self.key


class VectorSource(Protocol):
    """The vectors of a partition, to be read in batches, more than once, in the same order.

    Training reads a sample of them in a pass of its own, so that a build holds no float32 copy.
    """

    @property
    def count(self) -> int:
        """How many vectors `batches` gives in all."""
        ...

    @property
    def dimension(self) -> int:
        """The length of each."""
        ...

    def batches(self) -> Iterator[tuple[Ids, NDArray[Any]]]:
        """Begin a pass: segment ids (n,) int64, not negative, and vectors (n, dimension).

        The vectors are float32 or float16; the ids are unique over all partitions.
        """
        ...


@dataclass(frozen=True)
class ArraySource:
    """A `VectorSource` of arrays in memory: ids (n,) int64 and vectors (n, dimension)."""

    ids: Ids
    vectors: NDArray[Any]
    batch_size: int = 8192

    @property
    def count(self) -> int:
        return len(self.ids)

    @property
    def dimension(self) -> int:
        return int(self.vectors.shape[1])

    def batches(self) -> Iterator[tuple[Ids, NDArray[Any]]]:
        for start in range(0, len(self.ids), self.batch_size):
            stop = start + self.batch_size
            yield self.ids[start:stop], self.vectors[start:stop]


@dataclass(frozen=True)
class NewItem:
    """Something to add to a collection.

    Attributes:
        content: a file (`pathlib.Path`), the bytes of one, an `EmbeddedFile`, which is opened when
            it is needed, a text (`str`), a PIL image, or a `Waveform`.
        id: its id; made from its path, or from its content, if None.
        source: what hits call it; its path if None.
        modality: found out from the content if None.
        metadata: anything that JSON can hold.
        captions: words about it, which become segments of it.
    """

    content: Path | bytes | EmbeddedFile | str | Image | Waveform
    id: str | None = None
    source: str | None = None
    modality: Modality | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    captions: Sequence[str] = ()
