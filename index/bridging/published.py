"""The bridges of a collection: which it needs, fitting them, and keeping them with it.

They are published with a generation: the section ``bridge`` of the manifest says from which space
to which, of which revisions, and how each was chosen; the arrays beside the index hold the maps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from anysense.embed.types import Encoder, FloatArray, Space
    from anysense.index.bridging.maps import Bridge
    from anysense.index.collection import Collection
    from anysense.index.snapshots.manifest import Manifest, Tuning
    from anysense.index.snapshots.snapshot import Snapshot

    Progress = Callable[[str, int, int], None]

__all__ = ["SECTION", "BridgeReport", "find_bridge", "find_bridges", "fit_bridges", "needed"]

SECTION = "bridge"
_MEAN_SAMPLE = 4_096  # vectors of the collection that tell where a modality lies


@dataclass(frozen=True)
class BridgeReport:
    """What was fitted.

    Attributes:
        bridges: each way that was fitted, both directions apart.
        anchors: how many captions there were.
        encode_seconds: what encoding the captions took.
        fit_seconds: what fitting and choosing took, for all together.
        generation: what they were published with.
    """

    bridges: Sequence[Bridge]
    anchors: int
    encode_seconds: float
    fit_seconds: float
    generation: int


def needed(spaces: Sequence[Space]) -> list[tuple[Space, Space]]:
    """The pairs (source, target) of spaces that join two modalities no space has both of.

    For each two modalities that is the first source and the first target, in the order given, that
    have text as well.
    """
    others = [m for m in Modality if m is not Modality.TEXT]
    pairs = []
    for asked in others:
        for wanted in others:
            if asked is wanted or any({asked, wanted} <= s.modalities for s in spaces):
                continue
            source = _first(spaces, {Modality.TEXT, asked})
            target = _first(spaces, {Modality.TEXT, wanted})
            if source is not None and target is not None:
                pairs.append((source, target))
    return list(dict.fromkeys(pairs))


def _first(spaces: Sequence[Space], modalities: set[Modality]) -> Space | None:
    return next((space for space in spaces if modalities <= space.modalities), None)


def find_bridge(snapshot: Snapshot, source: str, target: str) -> Bridge | None:
    """The bridge from one space to another.

    None if none was fitted, or if it was fitted to vectors of another revision of a space.
    """
    return find_bridges(snapshot.manifest, snapshot.arrays).get((source, target))


def find_bridges(
    manifest: Manifest, arrays: Mapping[str, NDArray[Any]]
) -> dict[tuple[str, str], Bridge]:
    """Every bridge that was published and is of the revisions that the manifest names."""
    revisions = {entry.space.id: entry.space.revision for entry in manifest.encoders}
    found = {}
    for entry in manifest.tuning.get(SECTION, ()):
        current = {name: revisions.get(name) for name in entry["revisions"]}
        if current == entry["revisions"]:
            bridge = _from_arrays(entry, arrays)
            if bridge is not None:
                found[bridge.source, bridge.target] = bridge
    return found


def fit_bridges(
    collection: Collection, captions: Sequence[str], progress: Progress | None = None
) -> BridgeReport:
    """Fit every bridge that a collection needs, and publish them with it.

    Args:
        collection: one with items; its encoders are loaded.
        captions: the anchors; see `anysense.index.bridging.captions.read_anchors`.
        progress: called with a space's id, the captions encoded so far, and the number of all.

    Raises:
        UsageError: no two of its spaces are in need of a bridge, or it is empty.
        CollectionLockedError: another process is writing.
        EncoderError: a model cannot be used.
    """
    import time

    from anysense.index.bridging.captions import encode_anchors
    from anysense.index.bridging.maps import fit_bridge

    pairs = needed(collection.spaces)
    snapshot = collection.snapshot()
    if not pairs:
        raise UsageError(_no_need(collection.spaces))
    if not snapshot.partitions:
        raise UsageError(f"{collection.path} is empty: build it first, then fit the bridge.")
    started = time.perf_counter()
    spaces = list(dict.fromkeys(space for pair in pairs for space in pair))
    loaded = {encoder.space.id: encoder for encoder in collection.encoders()}
    anchors, means = {}, {}
    for space in spaces:
        told = None if progress is None else _of_space(progress, space.id)
        anchors[space.id] = encode_anchors(loaded[space.id], captions, told)
        means[space.id] = _means(snapshot, loaded[space.id], anchors[space.id].mean(axis=0))
    encoded = time.perf_counter()
    bridges = [
        fit_bridge(a.id, b.id, (anchors[a.id], anchors[b.id]), means[a.id]) for a, b in pairs
    ]
    fitted = time.perf_counter()
    tuning = to_tuning(bridges, spaces, len(captions))
    number = collection.publish(tune=lambda new: _with_others(tuning, new, collection.encoders()))
    return BridgeReport(bridges, len(captions), encoded - started, fitted - encoded, number)


def _of_space(progress: Progress, space: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(space, done, total)


def _means(snapshot: Snapshot, encoder: Encoder, texts: FloatArray) -> dict[Modality, FloatArray]:
    """Where each modality but text lies in a space."""
    from anysense.index.background.bank import background
    from anysense.index.bridging.maps import modality_mean
    from anysense.index.types import Partition

    means: dict[Modality, FloatArray] = {}
    for modality, vectors in background(encoder).items():
        if modality is not Modality.TEXT:
            sample = snapshot.sample(Partition(encoder.space.id, modality), _MEAN_SAMPLE)
            means[modality] = modality_mean(sample, vectors, texts)
    return means


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
    return Tuning({SECTION: section}, arrays)


def _with_others(tuning: Tuning, new: Snapshot, encoders: Sequence[Encoder]) -> Tuning:
    """The same with the calibrations, and with empty arrays in place of former bridges' arrays."""
    import numpy as np

    from anysense.index.calibration.routes import fit_tuning

    calibrated = fit_tuning(new, encoders)
    emptied = {name: np.empty(0, np.float16) for name in new.arrays if name.startswith("bridge-")}
    return replace(
        calibrated,
        sections={**calibrated.sections, **tuning.sections},
        arrays={**emptied, **calibrated.arrays, **tuning.arrays},
    )


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


def _no_need(spaces: Sequence[Space]) -> str:
    names = ", ".join(space.id for space in spaces)
    if any(len(space.modalities) == len(Modality) for space in spaces):
        return f"No bridge is needed: a space of this collection ({names}) has every modality."
    return (
        f"Nothing to join: a bridge leads between a space of texts and images and one of texts and "
        f"sounds, and this collection has {names}."
    )
