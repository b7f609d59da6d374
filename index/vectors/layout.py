"""Which lists of the FAISS index belong to which partition, and how many a partition should have.

Nothing here knows FAISS: a layout is what the manifest keeps, as JSON, beside the index file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import CorruptCollectionError
from anysense.embed.types import Modality
from anysense.index.types import Partition
from anysense.index.vectors.thresholds import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

__all__ = ["PartitionLayout", "lists_for", "padded", "read_layout", "write_layout"]

LISTS_PER_ROOT = 2.0
"""Lists of a clustered partition, as a multiple of the square root of its size.

At 100,000 segments 2 scans half as much as 1 at the same recall; 4 saves in scanning no more than
it costs in ranking the centroids, and trains four times as long.
"""

GROWTH_LIMIT = 2.0
"""A clustered partition is due for new lists when its size has changed by this factor."""

LAYOUT_VERSION = 1

_ALIGNMENT = 16


def padded(dimension: int) -> int:
    """The dimension to store: the next multiple of 16.

    FAISS scans fp16 codes with SIMD only if their dimension is a multiple of 8: 500-d vectors took
    85 ms where 512-d ones took 10 ms. Zeros leave inner products as they are.
    """
    return max(_ALIGNMENT, -(-dimension // _ALIGNMENT) * _ALIGNMENT)


def lists_for(count: int, exact: int = DEFAULTS.exact) -> int:
    """How many lists a partition of `count` segments is split into; up to `exact`, one."""
    return 1 if count <= exact else round(LISTS_PER_ROOT * math.sqrt(count))


@dataclass(frozen=True)
class PartitionLayout:
    """The place of one partition in the index.

    Attributes:
        partition: whose segments these are.
        dimension: of its vectors, before the padding.
        first_list: the first of its lists; they are contiguous.
        lists: how many lists it owns; 1 means exact search.
        count: its segments.
        trained: how many segments it had when its lists were trained.
    """

    partition: Partition
    dimension: int
    first_list: int
    lists: int
    count: int
    trained: int

    @property
    def stop_list(self) -> int:
        return self.first_list + self.lists

    def needs_recluster(self, exact: int = DEFAULTS.exact) -> bool:
        """Whether new lists are due: too large for one list, or grown or shrunk since training.

        Args:
            exact: up to so many segments a partition is one list.
        """
        if self.lists == 1:
            return self.count > exact
        return not self.trained / GROWTH_LIMIT <= self.count <= self.trained * GROWTH_LIMIT


def write_layout(
    dimension: int, files: Mapping[str, int], entries: Iterable[PartitionLayout]
) -> dict[str, Any]:
    """The JSON-able form of a layout: the stored dimension, file sizes in bytes, partitions."""
    return {
        "version": LAYOUT_VERSION,
        "dimension": dimension,
        "files": dict(files),
        "partitions": [
            {
                "space": entry.partition.space,
                "modality": entry.partition.modality.value,
                "dimension": entry.dimension,
                "lists": entry.lists,
                "count": entry.count,
                "trained": entry.trained,
            }
            for entry in entries
        ],
    }


def read_layout(
    layout: Mapping[str, Any],
) -> tuple[int, dict[str, int], Sequence[PartitionLayout]]:
    """The reverse of `write_layout`; lists are numbered in the order of the partitions.

    Raises:
        CorruptCollectionError: it is not a layout, or not of this version.
    """
    try:
        if layout["version"] != LAYOUT_VERSION:
            raise ValueError(f"version {layout['version']!r} is not {LAYOUT_VERSION}")
        dimension = _natural(layout["dimension"], 1)
        files = {str(name): _natural(size, 0) for name, size in layout["files"].items()}
        entries: list[PartitionLayout] = []
        first = 0
        for part in layout["partitions"]:
            entries.append(_read_entry(part, first, dimension))
            first = entries[-1].stop_list
        if len({entry.partition for entry in entries}) != len(entries):
            raise ValueError("a partition is listed twice")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CorruptCollectionError(
            f"The layout of the search index cannot be read ({error}); rebuild the index from the "
            "catalog with `anysense compact`."
        ) from error
    return dimension, files, entries


def _read_entry(part: Mapping[str, Any], first_list: int, stored: int) -> PartitionLayout:
    entry = PartitionLayout(
        partition=Partition(str(part["space"]), Modality(part["modality"])),
        dimension=_natural(part["dimension"], 1),
        first_list=first_list,
        lists=_natural(part["lists"], 1),
        count=_natural(part["count"], 0),
        trained=_natural(part["trained"], 0),
    )
    if entry.dimension > stored:
        raise ValueError(f"{entry.partition} is wider than the index")
    return entry


def _natural(value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"{value!r} is not a whole number of at least {least}")
    return value
