"""A map as it is shown: which items lie where."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import NoMapError, UsageError
from anysense.index.catalog.schema import from_sql
from anysense.index.mapping.drawing import LEAST
from anysense.index.mapping.layout import METHOD
from anysense.index.mapping.likeness import MODALITIES
from anysense.index.mapping.published import find_maps, read_points
from anysense.index.snapshots.generation import DamagedGeneration

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from anysense.embed.types import FloatArray, Modality
    from anysense.index.catalog.reader import Catalog
    from anysense.index.mapping.points import Points
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.types import Ids

__all__ = ["CollectionMap", "read_map"]


@dataclass(frozen=True, eq=False)
class CollectionMap:
    """Items of a collection in two dimensions: what is alike lies near.

    Attributes:
        generation: the index that it was published with.
        space: whose vectors it is of.
        spaces: those that have a map, preferred first.
        method: how the sample was laid out.
        total: how many items the space had then; the map is of a sample of at most 20,000.
        ids: of the items that are still there, (n); the first m of them are a sample, too.
        modalities: of what stands for each item, (n).
        x: 0 to 1, from left to right, (n,) float32.
        y: 0 to 1, from top to bottom, (n,) float32.
    """

    generation: int
    space: str
    spaces: Sequence[str]
    method: str
    total: int
    ids: Sequence[str]
    modalities: Sequence[Modality]
    x: FloatArray
    y: FloatArray

    def __len__(self) -> int:
        return len(self.ids)


def read_map(
    folder: Path, newest: Callable[[], Snapshot], space: str | None, limit: int
) -> CollectionMap:
    """The map that a collection was published with, without the items that are gone since.

    Args:
        folder: the collection.
        newest: gives the snapshot of its newest state.
        space: the id of a space; the first that has a map if None.
        limit: how many items at most.

    Raises:
        NoMapError: there is none.
        UsageError: the limit is less than 1.
    """
    if limit < 1:
        raise UsageError(f"The limit of a map is {limit}; it must be at least 1.")
    snapshot = newest()
    maps, points, problem = _find(folder, snapshot, space)
    if points is None:  # a writer may have published the next generation just now
        snapshot = newest()
        maps, points, problem = _find(folder, snapshot, space)
    if points is None:
        raise NoMapError(problem)
    points = points.only(np.arange(min(limit, len(points))))
    names = _ids_of(snapshot.catalog, points.items)
    points = points.only(np.isin(points.items, list(names)))
    space = next(iter(maps)) if space is None else space
    return CollectionMap(
        generation=snapshot.version[0],
        space=space,
        spaces=tuple(maps),
        method=METHOD,
        total=int(maps[space]["items"]),
        ids=[names[key] for key in points.items.tolist()],
        modalities=[MODALITIES[code] for code in points.codes.tolist()],
        x=points.places[:, 0],
        y=points.places[:, 1],
    )


def _find(
    folder: Path, snapshot: Snapshot, space: str | None
) -> tuple[dict[str, dict[str, Any]], Points | None, str]:
    """The maps that there are, the points of one, and what is wrong if there are none."""
    maps = find_maps(snapshot.manifest)
    if not maps:
        problem = (
            f"{folder} has no map: one is drawn when at least {LEAST} items are published, as at "
            f"the end of a build; `anysense compact {folder}` draws one of what is there."
        )
        return maps, None, problem
    if space is not None and space not in maps:
        return maps, None, f"{folder} has no map of {space}, but of: {', '.join(maps)}."
    try:
        return maps, read_points(folder, snapshot.manifest, space or next(iter(maps))), ""
    except DamagedGeneration as error:
        return maps, None, f"{error}: `anysense compact {folder}` draws the map anew."


def _ids_of(catalog: Catalog, keys: Ids) -> dict[int, str]:
    """The ids of items by their keys; those that are gone have none."""
    query = """
        SELECT i.item_pk, i.id FROM json_each(?) AS wanted
        CROSS JOIN items AS i ON i.item_pk = wanted.value
    """
    with catalog.transaction() as connection:
        rows = connection.execute(query, (json.dumps(keys.tolist()),)).fetchall()
    return {key: from_sql(name) for key, name in rows}
