"""What `info` tells of a collection's routes and bridges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.index.bridging.published import SECTION, find_bridges, needed
from anysense.index.vectors.recall import TARGET_RECALL

if TYPE_CHECKING:
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["describe_bridges", "describe_routes"]


def describe_routes(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Each way from a kind of query to the items of a kind in a space, as JSON can hold it.

    Each has `query`, `items_of`, `space`, `route` (``native`` or ``bridged``), `segments`, `exact`
    (whether every segment is compared), `target_recall` and `measured_recall`, the share of the
    true nearest segments that queries of the kind found when the index was published.
    """
    tuning = snapshot.manifest.tuning
    target = float(tuning.get("target_recall", TARGET_RECALL))
    spaces = {entry.space.id: entry.space for entry in snapshot.manifest.encoders}
    sources: dict[str, set[str]] = {}
    for source, to in find_bridges(snapshot.manifest, snapshot.arrays):
        sources.setdefault(to, set()).add(source)
    routes = []
    for partition, segments in sorted(snapshot.partitions.items(), key=lambda entry: entry[0].key):
        native = spaces[partition.space].modalities
        far = {m for name in sources.get(partition.space, ()) for m in spaces[name].modalities}
        for asked in sorted(native | far):
            effort = snapshot.effort(asked, partition)
            routes.append(
                {
                    "query": asked.value,
                    "items_of": partition.modality.value,
                    "space": partition.space,
                    "route": "native" if asked in native else "bridged",
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
        (entry["source"], entry["target"]): entry for entry in manifest.tuning.get(SECTION, ())
    }
    wanted = needed([entry.space for entry in manifest.encoders])
    told = []
    for source, target in dict.fromkeys([*((a.id, b.id) for a, b in wanted), *fitted]):
        entry = fitted.get((source, target), {})
        scores = entry.get("scores", {})
        told.append(
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
    return told
