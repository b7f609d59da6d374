"""What `info` tells of a collection."""

from __future__ import annotations

import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from anysense.index.bridging.published import find_bridges, needed_bridges
from anysense.index.catalog.spaces import count_items
from anysense.index.mapping.published import find_maps
from anysense.index.snapshots.manifest import BRIDGES, EFFORTS, TARGET
from anysense.index.vectors.engines import engine_of
from anysense.index.vectors.recall import TARGET_RECALL

if TYPE_CHECKING:
    from pathlib import Path

    from anysense.index.catalog.reader import Catalog
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["bytes_of", "describe_bridges", "describe_collection", "describe_routes"]


def describe_routes(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Each way from a kind of query to the items of a kind in a space, as JSON can hold it.

    Each has `query`, `items_of`, `space`, `route` (``native`` or ``bridged``), `segments`, `exact`
    (whether every segment is compared), `target_recall` and `measured_recall`, the share of the
    true nearest segments that queries of the kind found when the index was published.
    """
    tuning = snapshot.manifest.tuning
    target = float(tuning.get(TARGET, TARGET_RECALL))
    spaces = {entry.space.id: entry.space for entry in snapshot.manifest.encoders}
    sources: dict[str, set[str]] = {}
    for source, to in find_bridges(snapshot.manifest, snapshot.arrays):
        sources.setdefault(to, set()).add(source)
    routes = []
    for partition, segments in sorted(snapshot.partitions.items(), key=lambda entry: entry[0].key):
        native = spaces[partition.space].modalities
        far = {m for name in sources.get(partition.space, ()) for m in spaces[name].modalities}
        for query_modality in sorted(native | far):
            effort = snapshot.effort(query_modality, partition)
            routes.append(
                {
                    "query": query_modality.value,
                    "items_of": partition.modality.value,
                    "space": partition.space,
                    "route": "native" if query_modality in native else "bridged",
                    "segments": segments,
                    "exact": effort is None,
                    "target_recall": target,
                    "measured_recall": 1.0 if effort is None else effort.recall,
                }
            )
    return routes


def describe_bridges(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Each bridge that a collection has or lacks, as JSON can hold it.

    Each has `source`, `target`, `method`, `held_out_score` (the mean reciprocal rank of `held_out`
    captions that were not used to fit it), `held_out`, `scores` of every method that was tried,
    `anchors`, and `usable`: false if it was never fitted, if it is of other models than those that
    the collection has now, or if it was lost with a damaged index. What is not known is null.
    """
    manifest = snapshot.manifest
    usable = find_bridges(manifest, snapshot.arrays)
    fitted = {
        (entry["source"], entry["target"]): entry for entry in manifest.tuning.get(BRIDGES, ())
    }
    wanted = needed_bridges([entry.space for entry in manifest.encoders])
    rows = []
    for source, target in dict.fromkeys([*((a.id, b.id) for a, b in wanted), *fitted]):
        entry = fitted.get((source, target), {})
        scores = entry.get("scores", {})
        rows.append(
            {
                "source": source,
                "target": target,
                "usable": (source, target) in usable,
                "method": entry.get("method"),
                "held_out_score": scores.get(entry.get("method")),
                "held_out": entry.get("held_out"),
                "scores": dict(scores),
                "anchors": entry.get("anchors"),
            }
        )
    return rows


def describe_collection(folder: Path, catalog: Catalog, snapshot: Snapshot) -> dict[str, Any]:
    """What is in a collection, as JSON can hold it."""
    with catalog.transaction() as connection:
        totals = catalog.totals(connection)
    tuning = snapshot.manifest.tuning
    kinds = {kind.value: count for kind, count in totals.items.items()}
    partitions = []
    for partition, count in snapshot.partitions.items():
        layout = None if snapshot.store is None else snapshot.store.layout.get(partition)
        lists = 1 if layout is None else layout.lists
        partitions.append(
            {
                "space": partition.space,
                "modality": partition.modality.value,
                "segments": count,
                "lists": lists,
                "exact": lists == 1,
                "probes": tuning.get(EFFORTS, {}).get(partition.key, {}) if lists > 1 else {},
            }
        )
    routes = describe_routes(snapshot)
    generation = snapshot.manifest.generation
    return {
        "path": str(folder),
        "format": snapshot.manifest.format,
        "created_by": snapshot.manifest.created_by,
        "items": sum(kinds.values()),
        "items_by_kind": kinds,
        "segments": sum(snapshot.partitions.values()),
        "segments_by_modality": _by_modality(snapshot),
        "files": totals.files,
        "quarantined": totals.quarantined,
        "bytes": bytes_of(folder),
        "index_bytes": 0 if snapshot.store is None else int(snapshot.store.nbytes),
        "encoders": [
            {
                "name": entry.name,
                "space": entry.space.id,
                "revision": entry.space.revision,
                "dimension": entry.space.dimension,
                "modalities": sorted(m.value for m in entry.space.modalities),
            }
            for entry in snapshot.manifest.encoders
        ],
        "partitions": partitions,
        "generation": snapshot.version[0],
        "engine": engine_of(None if generation is None else generation.layout),
        "change": snapshot.change,
        "unpublished": snapshot.unpublished,
        "tombstones": len(snapshot.tombstones),
        "target_recall": tuning.get(TARGET, TARGET_RECALL),
        "measured_recall": min((route["measured_recall"] for route in routes), default=1.0),
        "routes": routes,
        "bridges": describe_bridges(snapshot),
        "maps": [
            {"space": space, "items": entry["items"]}
            for space, entry in find_maps(snapshot.manifest).items()
        ],
        "reencoding": _describe_reencoding(snapshot),
    }


def _describe_reencoding(snapshot: Snapshot) -> dict[str, Any] | None:
    """The encoders that a collection is being given, as JSON can hold it; None if it is given none.

    It has the names of these `encoders`, of those that go then (`drop`), and how many `items` have
    vectors of the new ones.
    """
    reencoding = snapshot.manifest.reencoding
    if reencoding is None:
        return None
    keys = [entry.key for entry in reencoding.encoders if entry.key is not None]
    return {
        "encoders": [entry.name for entry in reencoding.encoders],
        "drop": list(reencoding.drop),
        "items": count_items(snapshot.catalog, keys),
    }


def bytes_of(folder: Path) -> int:
    """The size of all files in a folder, as far as they are still there."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def _by_modality(snapshot: Snapshot) -> dict[str, int]:
    """How many segments there are of each modality, over all spaces."""
    counts: Counter[str] = Counter()
    for partition, count in snapshot.partitions.items():
        counts[partition.modality.value] += count
    return dict(sorted(counts.items()))
