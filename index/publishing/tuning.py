"""What is fitted to a snapshot and published with its index: calibrations, and bridges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.background import bank
from anysense.index.calibration.routes import Calibrations
from anysense.index.snapshots.manifest import CALIBRATION, DIRECTIONS, Tuning
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import Encoder, FloatArray
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["fit_tuning", "with_bridges"]


def fit_tuning(snapshot: Snapshot, encoders: Sequence[Encoder] = ()) -> Tuning:
    """The calibrations of all routes of a snapshot, and the background, to be published with it.

    Loads no model: the background is encoded only by encoders that are loaded already.

    Args:
        snapshot: of an index that has everything.
        encoders: those of the collection that are loaded.
    """
    loaded = {encoder.space.id: encoder for encoder in encoders}
    calibrations = Calibrations(snapshot, loaded.get)
    spaces = [entry.space for entry in snapshot.manifest.encoders]
    banks: dict[str, dict[str, FloatArray]] = {}
    section: dict[str, dict[str, Any]] = {}
    directions: dict[str, Any] = {}
    for space in spaces:
        vectors = {
            key: calibrations.background(Partition(space.id, modality), form)
            for key, (modality, form) in bank.keys_of(space).items()
        }
        banks[space.id] = {key: rows for key, rows in vectors.items() if len(rows)}
    modalities = {space.id: space.modalities for space in spaces}
    for partition, segments in snapshot.partitions.items():
        routes = section.setdefault(partition.key, {})
        place = next(i for i, space in enumerate(spaces) if space.id == partition.space)
        for query_modality in sorted(modalities[partition.space]):
            if bank.modality_key(query_modality) not in banks[partition.space]:
                continue
            route = calibrations.fit(query_modality, partition)
            entry = {"segments": segments, **route.tail.to_json()}
            if route.directions is not None:
                entry[DIRECTIONS] = (
                    f"{DIRECTIONS}-{place}-{query_modality.value}-{partition.modality.value}"
                )
                directions[entry[DIRECTIONS]] = route.directions.astype("float16")
            routes[query_modality.value] = entry
    return Tuning({CALIBRATION: section}, {**bank.to_arrays(banks, spaces), **directions})


def with_bridges(snapshot: Snapshot, encoders: Sequence[Encoder], bridges: Tuning) -> Tuning:
    """The calibrations together with new bridges, and empty arrays in place of former bridges'.

    Args:
        snapshot: of an index that has everything.
        encoders: those of the collection.
        bridges: what `anysense.index.bridging.fit.fit_bridges` gave.
    """
    import numpy as np

    calibrated = fit_tuning(snapshot, encoders)
    former = [name for name in snapshot.arrays if name.startswith("bridge-")]
    emptied = {name: np.empty(0, np.float16) for name in former}
    return Tuning(
        {**calibrated.sections, **bridges.sections},
        {**emptied, **calibrated.arrays, **bridges.arrays},
    )
