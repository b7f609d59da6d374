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
    "candidates_for",
    "depth_for",
    "lists_target",
    "pays",
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

SPARE = 1.25
"""Of candidates, where a share of what is scanned may be found."""

_PLACE_BITS = 32


def wants_fast_scan(entry: PartitionLayout, thresholds: Thresholds = DEFAULTS) -> bool:
    """Whether a partition is to have a fast scan."""
    return entry.lists > 1 and entry.count >= thresholds.fast_scan


def depth_for(k: int, effort: Effort) -> int:
    """How many candidates that may be found are compared for k neighbours."""
    growth: float = max(1.0, k / MEASURED_K) ** GROWTH_OF_DEPTH
    return max(k, math.ceil(effort.depth * growth))


def candidates_for(depth: int, scanned: Ids, eligible: Ids) -> int:
    """How many candidates to take, so that so many of them may be found.

    Args:
        depth: how many.
        scanned: (q,), the segments in the lists that each query scans.
        eligible: (q,), those among them that may be found.

    Returns:
        What is certain to be enough, or else likely: what is nearest may be eligible less often
        than what is in the same lists.
    """
    certain = depth + int((scanned - eligible).max(initial=0))
    rarest = float((scanned / np.maximum(eligible, 1)).max(initial=1.0))
    likely = math.ceil(SPARE * depth * rarest)
    return min(certain, likely)


def pays(
    candidates: int,
    effort: Effort,
    scanned: float,
    usual: float,
    thresholds: Thresholds = DEFAULTS,
) -> bool:
    """Whether a fast scan costs less than a scan of the fp16 vectors.

    Args:
        candidates: how many are taken.
        effort: with how many it is no longer worth its time, if that was timed.
        scanned: how many segments are in the lists that a query scans.
        usual: how many were when it was timed. Both ways take longer with more.
        thresholds: what the steps cost where they were not timed.
    """
    if not effort.depth:
        return False
    if effort.break_even is not None:
        return candidates < effort.break_even * max(1.0, scanned / max(usual, 1.0))
    least = thresholds.scanned_per_search + thresholds.scanned_per_candidate * candidates
    return scanned > least


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
