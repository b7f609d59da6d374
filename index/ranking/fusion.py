"""From one ranked list for each route to one list, in which each item stands once."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from anysense.index.ranking.hit import HitSegment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import FloatArray
    from anysense.index.ranking.hit import Hit

__all__ = ["FUSIONS", "distinct", "fuse"]

FUSIONS = ("calibrated", "rrf", "round_robin")
RRF_K = 60  # Cormack, Clarke and Büttcher, SIGIR 2009
MATCHED_WELL = 1.0
"""A further segment is told if it scores so high: as one unrelated segment in ten does."""
MOST_SEGMENTS = 8
"""So many further segments of an item are told."""


def fuse(lists: Sequence[Sequence[Hit]], fusion: str) -> list[Hit]:
    """Merge lists, each best first; what was in order stays so.

    An item that is in several of them becomes one hit: its segment with the best score leads, and
    the others that matched well are told with it.

    Args:
        lists: one for each route.
        fusion: ``calibrated`` orders by score, equal scores by rank; ``rrf``, reciprocal-rank
            fusion, by the sum over the lists of what each rank is worth, equal sums by cosine;
            ``round_robin`` lets the lists take turns, the one with the best score first.
    """
    if fusion == "round_robin":
        lists = sorted(lists, key=lambda hits: -max((h.score for h in hits), default=0.0))
    # For each item: its hits, each with its rank and the place of its list.
    ranked: dict[str, list[tuple[int, int, Hit]]] = {}
    for turn, hits in enumerate(lists):
        for rank, hit in enumerate(hits):
            ranked.setdefault(hit.id, []).append((rank, turn, hit))
    merged = []
    for entries in ranked.values():
        rank, _, best = min(entries, key=lambda entry: (-entry[2].score, entry[0]))
        if fusion == "calibrated":
            order = (-best.score, float(rank))
        elif fusion == "rrf":
            order = (-sum(1 / (RRF_K + rank + 1) for rank, _, _ in entries), 0.0)
        else:
            order = min((float(rank), float(turn)) for rank, turn, _ in entries)
        merged.append((order, -best.raw_score, best.id, _joined(best, entries)))
    return [hit for *_, hit in sorted(merged, key=lambda entry: entry[:3])]


def _joined(best: Hit, entries: Sequence[tuple[int, int, Hit]]) -> Hit:
    """One hit of an item, with its further segments from all lists."""
    others = [segment for _, _, hit in entries for segment in hit.segments]
    others += [_segment_of(hit) for _, _, hit in entries if hit is not best]
    if not others:
        return best
    others.sort(key=lambda segment: -segment.score)
    matching = [segment for segment in others if segment.score >= MATCHED_WELL]
    return replace(best, segments=tuple(matching[:MOST_SEGMENTS]))


def _segment_of(hit: Hit) -> HitSegment:
    """The segment that leads a hit."""
    return HitSegment(**{field.name: getattr(hit, field.name) for field in fields(HitSegment)})


def distinct(vectors: FloatArray, threshold: float, most: int) -> list[int]:
    """The places of vectors that are no near-duplicates of an earlier one that is kept.

    Args:
        vectors: (n, d) of length 1, best first.
        threshold: the cosine from which on two are near-duplicates.
        most: how many are kept at most.
    """
    kept: list[int] = []
    for place in range(len(vectors)):
        if len(kept) == most:
            break
        if not kept or float((vectors[kept] @ vectors[place]).max()) < threshold:
            kept.append(place)
    return kept
