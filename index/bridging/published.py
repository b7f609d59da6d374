"""The bridges of a collection: which it needs, fitting them, and keeping them with it.

They are published with a generation: the section ``bridge`` of the manifest says from which space
to which, of which revisions, and how each was chosen; the arrays beside the index hold the maps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.types import Modality
from anysense.index.snapshots.manifest import BRIDGES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import Space
    from anysense.index.bridging.maps import Bridge
    from anysense.index.snapshots.manifest import Manifest, Tuning

    Progress = Callable[[str, int, int], None]

__all__ = ["find_bridges", "kept_bridges", "needed_bridges", "to_tuning"]


def needed_bridges(spaces: Sequence[Space]) -> list[tuple[Space, Space]]:
    """The pairs (source, target) of spaces that join two modalities no space has both of.

    For each two modalities that is the first source and the first target, in the order given, that
    have text as well.
    """
    others = [m for m in Modality if m is not Modality.TEXT]
    pairs = []
    for query_modality in others:
        for wanted in others:
            pair = {query_modality, wanted}
            if len(pair) == 1 or any(pair <= space.modalities for space in spaces):
                continue
            source = _first(spaces, {Modality.TEXT, query_modality})
            target = _first(spaces, {Modality.TEXT, wanted})
            if source is not None and target is not None:
                pairs.append((source, target))
    return list(dict.fromkeys(pairs))


def _first(spaces: Sequence[Space], modalities: set[Modality]) -> Space | None:
    return next((space for space in spaces if modalities <= space.modalities), None)


def find_bridges(
    manifest: Manifest, arrays: Mapping[str, NDArray[Any]]
) -> dict[tuple[str, str], Bridge]:
    """Every bridge that was published and is of the revisions that the manifest names."""
    revisions = {entry.space.id: entry.space.revision for entry in manifest.encoders}
    bridges = {}
    for entry in manifest.tuning.get(BRIDGES, ()):
        current = {name: revisions.get(name) for name in entry["revisions"]}
        if current == entry["revisions"]:
            bridge = _from_arrays(entry, arrays)
            if bridge is not None:
                bridges[bridge.source, bridge.target] = bridge
    return bridges


def to_tuning(bridges: Sequence[Bridge], spaces: Sequence[Space], anchors: int) -> Tuning:
    """What is published: a section of JSON, and arrays named ``bridge-...``."""
    import numpy as np

    from anysense.index.bridging.maps import AnchorMap, LinearMap
    from anysense.index.snapshots.manifest import Tuning

    revisions = {space.id: space.revision for space in spaces}
    section, arrays = [], {}
    for number, bridge in enumerate(bridges):
        name = f"bridge-{number}"
        for modality, mean in bridge.means.items():
            arrays[f"{name}-mean-{modality}"] = mean
        if isinstance(bridge.map, LinearMap):
            arrays[f"{name}-matrix"] = bridge.map.matrix
        elif isinstance(bridge.map, AnchorMap):
            # Half precision: the anchors come out of a cache that keeps no more.
            arrays[f"{name}-source"] = bridge.map.source.astype(np.float16)
            arrays[f"{name}-target"] = bridge.map.target.astype(np.float16)
        section.append(
            {
                "source": bridge.source,
                "target": bridge.target,
                "revisions": {name: revisions[name] for name in (bridge.source, bridge.target)},
                "method": bridge.choice.method,
                "parameter": bridge.choice.parameter,
                "scores": dict(bridge.choice.scores),
                "held_out": bridge.choice.held_out,
                "anchors": anchors,
                "arrays": name,
            }
        )
    return Tuning({BRIDGES: section}, arrays)


def kept_bridges(manifest: Manifest, arrays: Mapping[str, NDArray[Any]]) -> Tuning:
    """What was published of the bridges between spaces that a manifest names.

    Args:
        manifest: the tuning that was published, and the encoders that there will be.
        arrays: what was published beside the index.
    """
    from anysense.index.snapshots.manifest import Tuning

    usable = find_bridges(manifest, arrays)
    section = [
        entry
        for entry in manifest.tuning.get(BRIDGES, ())
        if (entry["source"], entry["target"]) in usable
    ]
    names = tuple(f"{entry['arrays']}-" for entry in section)
    return Tuning({BRIDGES: section}, {n: a for n, a in arrays.items() if n.startswith(names)})


def _from_arrays(entry: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Bridge | None:
    """One bridge as it was published; None if its arrays were lost with a damaged generation."""
    from anysense.index.bridging.maps import AnchorMap, Bridge, Choice, LinearMap, Map

    name, parameter = entry["arrays"], float(entry["parameter"])
    kept = {key: array for key, array in arrays.items() if array.size}
    means = {m: kept[f"{name}-mean-{m}"] for m in Modality if f"{name}-mean-{m}" in kept}
    fitted: Map
    try:
        if entry["method"] == "softmax":
            source, target = (kept[f"{name}-{end}"] for end in ("source", "target"))
            fitted = AnchorMap(source, target, parameter)
        else:
            fitted = LinearMap(kept[f"{name}-matrix"])
    except KeyError:
        return None
    choice = Choice(entry["method"], parameter, entry["scores"], entry["held_out"])
    return Bridge(entry["source"], entry["target"], fitted, means, choice)
