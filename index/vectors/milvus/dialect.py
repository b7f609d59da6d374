"""What a Milvus server can do, by its version: the one place that knows how versions differ.

======================  ===========  ====================================================
since                   what         here
======================  ===========  ====================================================
2.3                     all that is  vectors as float32, HNSW; the oldest that is taken
                        needed
2.4                     float16      vectors take half the memory; scores stay the same,
                                     since they are the catalog's
2.6                     IVF_RABITQ   not used: HNSW needs no training and no list numbers,
                                     and one index for all versions is one to be tested
======================  ===========  ====================================================
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import EngineUnavailableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray

__all__ = [
    "EFFORTS",
    "INDEX",
    "MOST_FOUND",
    "ROWS_PER_CALL",
    "as_sent",
    "itemsize",
    "rows_per_call",
    "vector_type",
]

INDEX: dict[str, Any] = {"index_type": "HNSW", "metric_type": "IP", "M": 16, "efConstruction": 100}
"""Milvus' index: a graph of Malkov and Yashunin, "Efficient and robust approximate nearest neighbor
search using Hierarchical Navigable Small World graphs" (2018)."""

EFFORTS = (16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048, 4096)
"""The sizes of the candidate list (``ef``) that are measured."""

MOST_FOUND = 16_384
"""No search may ask for more."""

ROWS_PER_CALL = 4096
_BYTES_PER_CALL = 8 << 20  # of vectors; servers take 64 MB a call, and their queues less

_OLDEST = (2, 3)
_WITH_HALVES = (2, 4)
_FLOAT, _HALF = "FLOAT_VECTOR", "FLOAT16_VECTOR"


def vector_type(version: tuple[int, int]) -> str:
    """The type of vectors for a server of some version, by Milvus' name.

    Raises:
        EngineUnavailableError: it is too old.
    """
    if version < _OLDEST:
        raise EngineUnavailableError(
            f"The server is Milvus {version[0]}.{version[1]}, and anysense needs "
            f"{_OLDEST[0]}.{_OLDEST[1]} or newer: update the server."
        )
    return _HALF if version >= _WITH_HALVES else _FLOAT


def itemsize(vectors: str) -> int:
    """The bytes of a number of a vector type."""
    return 2 if vectors == _HALF else 4


def rows_per_call(dimension: int) -> int:
    """How many vectors are sent in one call."""
    return max(1, min(ROWS_PER_CALL, _BYTES_PER_CALL // (4 * dimension)))


def as_sent(rows: FloatArray | NDArray[Any], vectors: str) -> list[NDArray[Any]]:
    """Vectors or queries (n, d) as a server takes them, each on its own.

    They are rounded to fp16 before they are sent as float32: then both types rank alike.
    """
    kind = np.float16 if vectors == _HALF else np.float32
    return list(np.ascontiguousarray(rows.astype(kind)))
