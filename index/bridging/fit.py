"""Fitting the bridges that a collection needs, to captions that both ends of each can read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from anysense.embed.errors import UsageError
from anysense.embed.types import Modality
from anysense.index.bridging.published import needed_bridges, to_tuning

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import Encoder, FloatArray, Space
    from anysense.index.bridging.maps import Bridge
    from anysense.index.snapshots.manifest import Tuning
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["BridgeReport", "CaptionProgress", "fit_bridges"]

CaptionProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with a space's id, the captions encoded so far, and the number of all."""

_MEAN_SAMPLE = 4_096  # vectors of the collection that tell where a modality lies


@dataclass(frozen=True)
class BridgeReport:
    """What was fitted.

    Attributes:
        bridges: each that was fitted, both directions apart.
        anchors: how many captions there were.
        encode_seconds: what encoding the captions took.
        fit_seconds: what fitting and choosing took, for all together.
        generation: what they were published with; 0 before that.
    """

    bridges: Sequence[Bridge]
    anchors: int
    encode_seconds: float
    fit_seconds: float
    generation: int = 0


def fit_bridges(
    snapshot: Snapshot,
    encoders: Callable[[], Sequence[Encoder]],
    captions: Sequence[str],
    progress: CaptionProgress | None = None,
) -> tuple[Tuning, BridgeReport]:
    """Fit every bridge that the spaces of a snapshot need.

    Args:
        snapshot: of a collection with items.
        encoders: gives those of the collection; asked only where a bridge is needed.
        captions: the anchors; see `anysense.index.bridging.captions.read_anchors`.
        progress: called with a space's id, the captions encoded so far, and the number of all.

    Returns:
        What is to be published, and what was fitted.

    Raises:
        UsageError: no two of the spaces are in need of a bridge, or the snapshot is empty.
        EncoderError: a model cannot be used.
    """
    import time

    from anysense.index.bridging.captions import encode_anchors
    from anysense.index.bridging.maps import fit_bridge

    spaces = [entry.space for entry in snapshot.manifest.encoders]
    pairs = needed_bridges(spaces)
    if not pairs:
        raise UsageError(_no_need(spaces))
    if not snapshot.partitions:
        folder = snapshot.catalog.path.parent
        raise UsageError(f"{folder} is empty: build it first, then fit the bridge.")
    started = time.perf_counter()
    joined = list(dict.fromkeys(space for pair in pairs for space in pair))
    by_space = {encoder.space.id: encoder for encoder in encoders()}
    anchors, means = {}, {}
    for space in joined:
        encoder = by_space[space.id]
        tell = None if progress is None else _of_space(progress, space.id)
        anchors[space.id] = encode_anchors(encoder, captions, tell)
        means[space.id] = _means(snapshot, encoder, anchors[space.id].mean(axis=0))
    encoded = time.perf_counter()
    bridges = [
        fit_bridge(a.id, b.id, (anchors[a.id], anchors[b.id]), means[a.id]) for a, b in pairs
    ]
    fitted = time.perf_counter()
    report = BridgeReport(bridges, len(captions), encoded - started, fitted - encoded)
    return to_tuning(bridges, joined, len(captions)), report


def _of_space(progress: CaptionProgress, space: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(space, done, total)


def _means(snapshot: Snapshot, encoder: Encoder, texts: FloatArray) -> dict[Modality, FloatArray]:
    """Where each modality but text lies in a space."""
    from anysense.index.background.bank import background, modality_key
    from anysense.index.bridging.maps import modality_mean
    from anysense.index.types import Partition

    means: dict[Modality, FloatArray] = {}
    bank = background(encoder)
    for modality in sorted(encoder.space.modalities - {Modality.TEXT}):
        sample = snapshot.sample(Partition(encoder.space.id, modality), _MEAN_SAMPLE)
        means[modality] = modality_mean(sample, bank[modality_key(modality)], texts)
    return means


def _no_need(spaces: Sequence[Space]) -> str:
    names = ", ".join(space.id for space in spaces)
    if any(len(space.modalities) == len(Modality) for space in spaces):
        return f"No bridge is needed: a space of this collection ({names}) has every modality."
    return (
        f"Nothing to join: a bridge leads between a space of texts and images and one of texts and "
        f"sounds, and this collection has {names}."
    )
