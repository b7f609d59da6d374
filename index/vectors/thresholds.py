"""From which sizes on an index works in another way."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULTS", "Thresholds"]


class Thresholds(NamedTuple):
    """Numbers of segments, each where what comes after it begins to pay.

    Attributes:
        exact: up to so many a partition is one list, and each search of it is exact. A scan of
            512-d fp16 vectors takes 0.1 ms per thousand on one core, so this is at 2 to 3 ms.
        elsewhere: up to so many segments are compared here, one by one, where an engine elsewhere
            has the index: to ask it takes as long.
        full_probe: a filter that selects no more than a search may scan anyway is answered exactly.
        fast_scan: from so many on, a partition has a fast scan.
        timed: the queries of a route on which the fast scan and a scan of the vectors are timed
            when what it spends is measured. Where they were not, the next two tell which to use.
        scanned_per_candidate: to compare one candidate of a fast scan costs as much as is saved by
            not scanning so many fp16 vectors.
        scanned_per_search: the same for what a fast scan costs whatever it finds.
        large: from so many on, a build that ends leaves few changes unpublished: to write an index
            of a million takes seconds, and of 10 million half a minute.
        few: fewer changes than this, which cost a search a fifth of a millisecond.
        overdue: so many that are unpublished, and read and compared one by one, take a search
            about a second; a long build publishes them.
    """

    exact: int = 25_000
    elsewhere: int = 1_000
    full_probe: int = 25_000
    fast_scan: int = 100_000
    timed: int = 32
    scanned_per_candidate: int = 14
    scanned_per_search: int = 1_000
    large: int = 1_000_000
    few: int = 2_000
    overdue: int = 100_000


DEFAULTS = Thresholds()
