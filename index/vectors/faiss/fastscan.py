"""The fast scan: a small copy of a large partition's lists, to find candidates in.

Each two components of a vector become a code of 4 bits, and the codes of 32 vectors lie so that one
instruction looks them all up in a register (André, Kermarrec and Le Scouarnec, "Cache locality is
not enough: high-performance nearest neighbor search with product quantization fast scan", VLDB
2015). It costs a quarter of a scan of fp16 vectors; the candidates that it finds are then compared
by their fp16 vectors, which stay the truth. This file knows when that pays; `packing` makes it, and
`search` uses it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.index.vectors.recall import MEASURED_K
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from anysense.index.types import Ids
    from anysense.index.vectors.layout import PartitionLayout
    from anysense.index.vectors.recall import Effort


__all__ = [
    "MOST_CANDIDATES",
    "depth_for",
    "lists_target",
    "place_numbers",
    "split_places",
    "wants_fast_scan",
]

MOST_CANDIDATES = 64 * MEASURED_K

GROWTH_OF_DEPTH = 2 / 3
"""For k neighbours the depth grows with this power of k.

At 100,000 segments, losing the same share took 160 candidates for 10 neighbours, 400 for 50, 800
for 100 and 4,000 for 1,000.
"""

_PLACE_BITS = 32


def wants_fast_scan(entry: PartitionLayout, thresholds: Thresholds = DEFAULTS) -> bool:
    """Whether a partition is to have a fast scan."""
    return entry.lists > 1 and entry.count >= thresholds.fast_scan


def depth_for(
    k: int, effort: Effort, excluded: int, scanned: float, thresholds: Thresholds = DEFAULTS
) -> int | None:
    """How many candidates to take; None if a scan of the fp16 vectors costs less.

    Args:
        k: how many neighbours are to be found.
        effort: what it takes for 10, and how many candidates are worth their time.
        excluded: how many segments in the lists that a query scans are not to be found, at most.
        scanned: how many segments are in the lists that a query scans.
        thresholds: what the steps cost where they were not timed.
    """
    if not effort.depth:
        return None
    depth = math.ceil(effort.depth * max(1.0, k / MEASURED_K) ** GROWTH_OF_DEPTH)
    depth = max(k, depth) + excluded
    if effort.break_even is not None:
        return depth if depth < effort.break_even else None
    least = thresholds.scanned_per_search + thresholds.scanned_per_candidate * depth
    return depth if scanned > least else None


def place_numbers(lists: NDArray[Any], offsets: NDArray[Any]) -> Ids:
    """One number for a list of a partition and a place in it: what a fast scan calls a segment."""
    numbers: Ids = (lists.astype(np.int64) << _PLACE_BITS) | offsets
    return numbers


def split_places(numbers: Ids) -> tuple[Ids, Ids]:
    """The lists and the places in them; the reverse of `place_numbers`."""
    return numbers >> _PLACE_BITS, numbers & ((1 << _PLACE_BITS) - 1)


def lists_target(target: float) -> float:
    """The recall that lists are chosen for, where candidates are to reach the target."""
    return target + 0.2 * (1 - target)
