"""Turning records into what the catalog keeps, or saying why they cannot be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from anysense.embed.errors import UsageError
from anysense.embed.json_faults import json_fault
from anysense.embed.limits import exceeds_depth

if TYPE_CHECKING:
    from anysense.embed.types import EncodedSegment
    from anysense.index.catalog.records import ItemRecord

__all__ = ["MAX_NESTING", "metadata_text", "vector_blobs"]

MAX_NESTING = 100
"""Lists and objects inside each other. SQLite takes JSON of more than 1000 for damaged, and Python
may run out of stack."""

Spaces: TypeAlias = "Mapping[str, tuple[int, int]]"

_ROUNDING = 2**-10
"""By how much the length of a vector may differ from 1 whose numbers are rounded to float16."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def vector_blobs(record: ItemRecord, spaces: Spaces) -> list[bytes]:
    """The vectors of an item as they are kept: normalised, little-endian float16.

    One of float16 and of length 1, as far as that can tell, was kept before: it stays as it is.

    Args:
        record: the item.
        spaces: the key and the dimension of each space, by its id.

    Raises:
        UsageError: the item has no id or no segments, or a vector cannot be kept.
    """
    if not isinstance(record.id, str) or not record.id:
        raise UsageError(f"The id of an item is a text that is not empty, not {record.id!r}.")
    if not record.segments:
        raise UsageError(f"The item {record.id} has no segments, so nothing could find it.")
    return [_vector_blob(record, segment, spaces) for segment in record.segments]


def _vector_blob(record: ItemRecord, segment: EncodedSegment, spaces: Spaces) -> bytes:
    if segment.space not in spaces:
        known = ", ".join(spaces)
        raise UsageError(
            f"The item {record.id} has a vector of the space {segment.space}, but this "
            f"collection has {known}."
        )
    dimension = spaces[segment.space][1]
    vector = np.asarray(segment.vector, np.float32)
    if vector.shape != (dimension,):
        raise UsageError(
            f"The item {record.id} has a vector of shape {vector.shape}; {segment.space} has "
            f"({dimension},)."
        )
    norm = float(np.linalg.norm(vector))
    if not np.isfinite(norm) or norm == 0:
        raise UsageError(f"The item {record.id} has a vector that is zero or not finite.")
    is_kept = segment.vector.dtype == np.float16 and abs(norm - 1) < _ROUNDING
    if abs(norm - 1) > 1e-4 and not is_kept:
        vector = vector / np.float32(norm)
    return vector.astype("<f2").tobytes()


def metadata_text(name: str, metadata: Mapping[str, Any]) -> str:
    """Metadata as JSON. A filter compares keys as they are, so only what must be is escaped."""
    try:
        if not isinstance(metadata, Mapping):
            raise TypeError("it is not a mapping")
        if exceeds_depth(metadata, MAX_NESTING):
            raise ValueError(f"it has over {MAX_NESTING} lists and mappings inside each other")
        text = json.dumps(
            dict(metadata), ensure_ascii=False, allow_nan=False, separators=(",", ":")
        )
    except (TypeError, ValueError, RecursionError) as error:
        reason = json_fault(error)
        raise UsageError(f"The metadata of {name} cannot be kept as JSON: {reason}.") from None
    return _SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
