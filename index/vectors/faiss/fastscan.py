"""The fast-scan sidecar: a small copy of a large partition's lists, to find candidates in.

Each two components of a vector become a code of 4 bits, and the codes of 32 vectors lie so that one
instruction looks them all up in a register (André, Kermarrec and Le Scouarnec, "Cache locality is
not enough: high-performance nearest neighbor search with product quantization fast scan", VLDB
2015). A scan costs a quarter of that of fp16 vectors; the candidates it finds are then compared by
their fp16 vectors, which stay the truth. This file knows when that pays; `store` does it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anysense.index.types import Ids
    from anysense.index.vectors.layout import PartitionLayout


__all__ = [
    "FAST_SCAN_LIMIT",
    "MEASURED_K",
    "MOST_CANDIDATES",
    "TRAINING_SAMPLE",
    "depth_for",
    "is_due",
    "loss_allowed",
    "place_numbers",
    "split_places",
]

FAST_SCAN_LIMIT = 100_000
"""From so many segments on, a partition has a sidecar."""

TRAINING_SAMPLE = 20_000

MEASURED_K = 10
"""The number of neighbours for which a depth is measured."""

MOST_CANDIDATES = 64 * MEASURED_K

GROWTH_OF_DEPTH = 2 / 3
"""For k neighbours the depth grows with this power of k.

At 100,000 segments, losing the same share took 160 candidates for 10 neighbours, 400 for 50, 800
for 100 and 4,000 for 1,000.
"""

_PLACE_BITS = 32

SCANNED_PER_CANDIDATE = 14
"""To compare one candidate costs as much as is saved by not scanning so many fp16 vectors."""

SCANNED_PER_SEARCH = 1_000
"""The same for what a fast scan costs whatever it finds."""


def depth_for(k: int, measured: int, excluded: int, scanned: float) -> int | None:
    """How many candidates to take; None if a scan of the fp16 vectors costs less.

    Args:
        k: how many neighbours are wanted.
        measured: what it takes for 10.
        excluded: how many segments in the lists that a query scans are not to be found, at most.
        scanned: how many segments are in the lists that a query scans.
    """
    depth = max(k, math.ceil(measured * max(1.0, k / MEASURED_K) ** GROWTH_OF_DEPTH)) + excluded
    least = SCANNED_PER_SEARCH + SCANNED_PER_CANDIDATE * depth
    return depth if measured and scanned > least else None


def place_numbers(lists: NDArray[Any], offsets: NDArray[Any]) -> Ids:
    """One number for a list of a partition and a place in it: what a sidecar calls a segment."""
    numbers: Ids = (lists.astype(np.int64) << _PLACE_BITS) | offsets
    return numbers


def split_places(numbers: Ids) -> tuple[Ids, Ids]:
    """The lists and the places in them; the reverse of `place_numbers`."""
    return numbers >> _PLACE_BITS, numbers & ((1 << _PLACE_BITS) - 1)


def is_due(entry: PartitionLayout) -> bool:
    """Whether a partition has a sidecar."""
    return entry.lists > 1 and entry.count >= FAST_SCAN_LIMIT


def loss_allowed(target: float) -> float:
    """The recall that lists are chosen for, where candidates are to reach the target."""
    return target + 0.2 * (1 - target)
