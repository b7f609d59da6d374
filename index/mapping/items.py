"""The items of a space, and one vector for each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from anysense.embed.types import Modality
from anysense.index.mapping.likeness import MODALITIES
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids

__all__ = ["ItemVectors", "item_vectors", "scattered_keys"]

SEGMENTS = 8
"""So many segments of an item stand for it, its first ones: of a sound 80 seconds."""
_ITEMS = 1000  # whose segments are read at once: 16 MB of 512-d ones


class ItemVectors(NamedTuple):
    """Items by the vectors that stand for them.

    Attributes:
        keys: of the items, (n,), ascending.
        codes: of the modalities that the vectors are of, (n,).
        vectors: (n, d) float32.
    """

    keys: Ids
    codes: NDArray[np.uint8]
    vectors: FloatArray

    def only(self, chosen: NDArray[Any]) -> ItemVectors:
        """Some of them: a mask, or their numbers."""
        return ItemVectors(self.keys[chosen], self.codes[chosen], self.vectors[chosen])


def scattered_keys(snapshot: Snapshot, space: str) -> Ids:
    """The keys of all items that have segments in a space, in an order that looks like chance.

    The first of them are a sample of all. As each key has its own place in the order, the sample
    of a collection that has grown or shrunk a little is all but the same.
    """
    # By an index that has all that is asked, and one row: SQLite stops other threads at each.
    query = """
        SELECT json_group_array(item_pk) FROM (
            SELECT DISTINCT item_pk FROM segments WHERE space_pk = ? AND segment_pk <= ?
        )
    """
    with snapshot.catalog.transaction() as connection:
        values = (_number(snapshot, space), snapshot.high_water)
        (text,) = connection.execute(query, values).fetchone()
    keys = np.asarray(json.loads(text), np.int64)
    return keys[np.argsort(_scattered(keys), kind="stable")]


def item_vectors(snapshot: Snapshot, space: str, keys: Ids) -> ItemVectors:
    """What stands for each of some items in a space; those that are gone by now are left out.

    That is the mean of its first segments, of the modality of the very first: of a photo its
    pixels, whatever is said of it, and of a document its beginning.
    """
    keys = np.sort(keys)
    parts = [
        _read_vectors(snapshot, space, keys[begin : begin + _ITEMS])
        for begin in range(0, max(len(keys), 1), _ITEMS)
    ]
    return _together(parts)


def _read_vectors(snapshot: Snapshot, space: str, keys: Ids) -> ItemVectors:
    # Segments of an item have their ordinals through all spaces.
    query = """
        SELECT json_group_array(json_array(item_pk, segment_pk, modality)) FROM (
            SELECT s.item_pk, s.segment_pk, s.modality, row_number() OVER (
                PARTITION BY s.item_pk ORDER BY s.ordinal
            ) AS place
            FROM json_each(?) AS wanted CROSS JOIN segments AS s ON s.item_pk = wanted.value
            WHERE s.space_pk = ? AND s.segment_pk <= ?
            ORDER BY s.item_pk, s.ordinal
        ) WHERE place <= ?
    """
    values = (json.dumps(keys.tolist()), _number(snapshot, space), snapshot.high_water, SEGMENTS)
    with snapshot.catalog.transaction() as connection:
        (text,) = connection.execute(query, values).fetchone()
    first: dict[int, str] = {}
    segments: dict[str, list[int]] = {}
    owners: dict[str, list[int]] = {}
    for item, segment, modality in json.loads(text):
        if first.setdefault(item, modality) == modality:
            segments.setdefault(modality, []).append(segment)
            owners.setdefault(modality, []).append(item)
    parts = []
    for modality, ids in segments.items():
        partition = Partition(space, Modality(modality))
        vectors = snapshot.vectors(partition, np.asarray(ids, np.int64))
        found, begins, counts = np.unique(owners[modality], return_index=True, return_counts=True)
        means = np.add.reduceat(vectors, begins, axis=0) / counts[:, None]
        code = MODALITIES.index(partition.modality)
        parts.append(ItemVectors(found, np.full(len(found), code, np.uint8), means))
    dimension = next(e.space.dimension for e in snapshot.manifest.encoders if e.space.id == space)
    empty = np.empty(0, np.int64), np.empty(0, np.uint8), np.empty((0, dimension), np.float32)
    items = _together([ItemVectors(*empty), *parts])
    return items.only(np.argsort(items.keys))


def _together(parts: Sequence[ItemVectors]) -> ItemVectors:
    return ItemVectors(
        np.concatenate([part.keys for part in parts]),
        np.concatenate([part.codes for part in parts]),
        np.concatenate([part.vectors for part in parts]),
    )


def _number(snapshot: Snapshot, space: str) -> int:
    """The number that the catalog has for a space."""
    return next(pk for pk, row in snapshot.catalog.spaces.items() if row.id == space)


def _scattered(keys: Ids) -> NDArray[np.uint64]:
    """A number for each key that looks like chance: SplitMix64's (Steele and others, 2014)."""
    mixed = keys.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: NDArray[np.uint64] = mixed ^ (mixed >> np.uint64(31))
    return result
