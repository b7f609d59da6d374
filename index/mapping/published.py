"""The maps of a collection: drawn for a generation, kept beside its index, read again."""

from __future__ import annotations

import logging
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from anysense.index.mapping.drawing import draw
from anysense.index.mapping.points import Points
from anysense.index.snapshots.generation import DamagedGeneration, load_optional
from anysense.index.snapshots.manifest import MAPS, Manifest, Tuning

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["draw_maps", "find_maps", "read_points"]

_log = logging.getLogger("anysense")


def draw_maps(folder: Path, snapshot: Snapshot, tuning: Tuning, *, anew: bool = False) -> Tuning:
    """The maps of all spaces of a collection, one for each that has enough items.

    Args:
        folder: the collection.
        snapshot: of an index that has everything, with the manifest from before.
        tuning: what is published with it.
        anew: lay out anew what could stay as it is.

    Returns:
        The section of the manifest, and the arrays of points.
    """
    snapshot = replace(snapshot, arrays=tuning.arrays)
    section: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    if not _can_draw():
        _log.info("%s gets no map now: the main thread has ended.", folder)
        return Tuning({MAPS: section}, arrays)
    for place, entry in enumerate(snapshot.manifest.encoders):
        space = entry.space
        if all(partition.space != space.id for partition in snapshot.partitions):
            continue
        try:
            drawing = draw(snapshot, space.id, _earlier(folder, snapshot, space.id), anew=anew)
        except ImportError as error:
            _log.warning("%s gets no map: %s.", folder, error)
            break
        if drawing is not None:
            name = f"map-{place}"
            section[space.id] = {
                "array": name,
                "revision": space.revision,
                "items": drawing.total,
            }
            arrays[name] = drawing.points.to_array()
    return Tuning({MAPS: section}, arrays)


def _can_draw() -> bool:
    """Whether scikit-learn can be loaded; once the main thread has ended, Python refuses that."""
    return "sklearn" in sys.modules or threading.main_thread().is_alive()


def find_maps(manifest: Manifest) -> dict[str, dict[str, Any]]:
    """The entries of the maps that were published, by space, in the order of its encoders.

    Those of other revisions than the manifest's are of no use, and those that an older version,
    which draws none, has carried on with a generation of its own.
    """
    generation, section = manifest.generation, manifest.tuning.get(MAPS, {})
    if generation is None:
        return {}
    return {
        entry.space.id: found
        for entry in manifest.encoders
        if (found := section.get(entry.space.id)) is not None
        and found["revision"] == entry.space.revision
        and f"{found['array']}.npy" in generation.optional
    }


def read_points(folder: Path, manifest: Manifest, space: str) -> Points:
    """The points of a published map.

    Args:
        folder: the collection.
        manifest: of its current generation.
        space: the id of a space of `find_maps`.

    Raises:
        DamagedGeneration: the file is missing or damaged.
    """
    assert manifest.generation is not None
    name = find_maps(manifest)[space]["array"]
    array = load_optional(folder, manifest.generation, name)
    try:
        if array is None:
            raise ValueError("it is missing")
        return Points.from_array(array)
    except ValueError as error:
        path = folder / manifest.generation.folder / f"{name}.npy"
        raise DamagedGeneration(f"{path}: {error}") from None


def _earlier(folder: Path, snapshot: Snapshot, space: str) -> Points | None:
    """The map that there is, if it can be used."""
    if space not in find_maps(snapshot.manifest):
        return None
    try:
        return read_points(folder, snapshot.manifest, space)
    except DamagedGeneration:
        return None
