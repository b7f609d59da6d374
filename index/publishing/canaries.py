"""How much of the index each route has to scan: measured at publishing, and checked as it grows.

The queries that measure it are canaries: segments of the collection itself, of the modality that a
route's queries have; where queries are encoded in a form of their own, the background's. As a
collection grows by what is unlike the segments that its lists were made for, a larger share of it
must be scanned for the same recall; when that has become too large, the next publishing makes new
lists.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from anysense.embed.types import Modality
from anysense.index.background.bank import from_arrays
from anysense.index.bridging.maps import unit
from anysense.index.bridging.published import find_bridges
from anysense.index.calibration.routes import Calibrations
from anysense.index.snapshots.manifest import BRIDGES, CALIBRATION, DIRECTIONS, EFFORTS
from anysense.index.types import Ids, Partition
from anysense.index.vectors.recall import TARGET_RECALL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from anysense.embed.types import FloatArray
    from anysense.index.bridging.maps import Bridge
    from anysense.index.snapshots.manifest import Tuning
    from anysense.index.snapshots.snapshot import Snapshot
    from anysense.index.vectors.store import Store

    Canaries: TypeAlias = "tuple[FloatArray, Ids | None]"
    """Vectors (q, d), and their ids if they are among what is to be found."""

__all__ = ["measure_routes", "partitions_to_recluster"]

CANARIES = 256
"""Queries for each route."""

GROWTH = 1.1
"""What was measured holds until a partition has changed in size by this factor."""

WEAR = 1.5
"""New lists are due when a route scans this multiple of the share that it did with new ones."""


def measure_routes(
    snapshot: Snapshot, tuning: Tuning, before: Snapshot | None = None
) -> dict[str, Any]:
    """For each clustered partition and each modality of queries, how much to scan.

    Where the collection has none of a modality, and no bridge brings any, nothing can be measured,
    and a search with such a query scans everything.

    Args:
        snapshot: of an index that has everything.
        tuning: what is published with it, for its bridges.
        before: what was published last. Its figures hold as long as the lists and the bridges are
            the same and the partition has hardly changed in size.

    Returns:
        ``{partition: {query modality: figures}}`` with the figures ``nprobe``, ``depth``,
        ``break_even`` (if it was timed), ``recall`` and ``scanned`` (see
        `anysense.index.vectors.recall.Effort`), ``scanned_when_new``, the same when the lists were
        new, ``queries``, how many canaries there were, and ``segments``, how many the partition
        had.
    """
    assert snapshot.store is not None
    tuned = replace(snapshot.manifest, tuning=tuning.sections)
    calibrations = Calibrations(replace(snapshot, manifest=tuned, arrays=tuning.arrays))
    bridges = find_bridges(tuned, tuning.arrays)
    measured: dict[str, Any] = {}
    for partition, layout in snapshot.store.layout.items():
        if layout.lists == 1:
            continue
        published = {} if before is None else _published(snapshot.store, before, partition, tuning)
        routes = measured.setdefault(partition.key, {})
        for modality, draw in _canaries(
            snapshot, tuning, calibrations, list(bridges.values()), partition
        ):
            figures = published.get(modality.value)
            if figures is not None and _still_holds(figures, layout.count):
                routes[modality.value] = figures
                continue
            vectors, ids = draw()
            effort = snapshot.store.choose_effort(
                partition, vectors, target_recall=TARGET_RECALL, query_ids=ids
            )
            scanned = round(effort.scanned, 6)
            routes[modality.value] = {
                "nprobe": effort.nprobe,
                "depth": effort.depth,
                **({} if effort.break_even is None else {"break_even": effort.break_even}),
                "recall": round(effort.recall, 4),
                "scanned": scanned,
                "scanned_when_new": scanned if figures is None else figures["scanned_when_new"],
                "queries": len(vectors),
                "segments": layout.count,
            }
    return measured


def partitions_to_recluster(snapshot: Snapshot) -> set[Partition]:
    """The partitions whose lists no longer suit what they hold."""
    measured = snapshot.manifest.tuning.get(EFFORTS, {})
    return {
        Partition.parse(key)
        for key, routes in measured.items()
        if any(f["scanned"] > WEAR * f["scanned_when_new"] for f in _complete(routes).values())
    }


def _complete(routes: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of routes, without those that an earlier version has measured less of."""
    return {name: figures for name, figures in routes.items() if "scanned_when_new" in figures}


def _still_holds(figures: Mapping[str, Any], segments: int) -> bool:
    return bool(figures["segments"] / GROWTH <= segments <= figures["segments"] * GROWTH)


def _published(
    store: Store, before: Snapshot, partition: Partition, tuning: Tuning
) -> dict[str, Any]:
    """The figures published last, as far as they were measured on the same lists and bridges."""
    if before.store is None or not store.keeps_centroids(partition, before.store):
        return {}
    routes = _complete(before.manifest.tuning.get(EFFORTS, {}).get(partition.key, {}))
    if before.manifest.tuning.get(BRIDGES) != tuning.sections.get(BRIDGES):
        spaces = {entry.space.id: entry.space for entry in before.manifest.encoders}
        native = spaces[partition.space].modalities
        routes = {name: figures for name, figures in routes.items() if Modality(name) in native}
    # An earlier version has measured with other queries.
    return {
        name: figures
        for name, figures in routes.items()
        if bool(_directions(before.manifest.tuning, partition, Modality(name)))
        == bool(_directions(tuning.sections, partition, Modality(name)))
    }


def _canaries(
    snapshot: Snapshot,
    tuning: Tuning,
    calibrations: Calibrations,
    bridges: Sequence[Bridge],
    partition: Partition,
) -> Iterator[tuple[Modality, Callable[[], Canaries]]]:
    """Each modality of queries that there are canaries of, and what draws them."""
    assert snapshot.store is not None
    store = snapshot.store
    spaces = {entry.space.id: entry.space for entry in snapshot.manifest.encoders}
    native = spaces[partition.space].modalities
    for modality in sorted(native):
        if form := spaces[partition.space].form(modality, partition.modality):
            asking = Partition(partition.space, modality)
            vectors = from_arrays(tuning.arrays, list(spaces.values()), asking, form)
            if vectors is not None:
                yield modality, partial(_as_searched, calibrations, vectors, partition, modality)
        elif store.partitions.get(Partition(partition.space, modality)):
            yield modality, partial(_native, calibrations, store, partition, modality)
    for bridge in bridges:
        if bridge.target == partition.space:
            for modality in sorted(spaces[bridge.source].modalities - native):
                if store.partitions.get(Partition(bridge.source, modality)):
                    yield modality, partial(_bridged, store, bridge, modality)


def _native(
    calibrations: Calibrations, store: Store, partition: Partition, modality: Modality
) -> Canaries:
    ids, vectors = store.sample(Partition(partition.space, modality), CANARIES, seed=1)
    if modality == partition.modality:
        return vectors, ids
    return _as_searched(calibrations, vectors, partition, modality)


def _as_searched(
    calibrations: Calibrations, vectors: FloatArray, partition: Partition, modality: Modality
) -> Canaries:
    """As a search uses them: where they cross modalities, centred and decorrelated."""
    if modality == partition.modality:
        return vectors, None
    centred = vectors - calibrations.offset(modality, partition)
    return calibrations.route(modality, partition).decorrelated(centred), None


def _directions(sections: Mapping[str, Any], partition: Partition, modality: Modality) -> str:
    """The name of the array of what is made shorter in a route's queries; empty if nothing is."""
    entry = sections.get(CALIBRATION, {}).get(partition.key, {}).get(modality.value, {})
    return str(entry.get(DIRECTIONS, ""))


def _bridged(store: Store, bridge: Bridge, modality: Modality) -> Canaries:
    _, vectors = store.sample(Partition(bridge.source, modality), CANARIES, seed=1)
    return unit(bridge.apply(vectors, modality)), None
