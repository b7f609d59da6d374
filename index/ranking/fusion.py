"""From one ranked list for each route to one list, in which each item stands once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import FloatArray
    from anysense.index.ranking.match import Match, SegmentMatch

__all__ = ["FUSIONS", "distinct", "fuse"]

FUSIONS = ("calibrated", "rrf", "round_robin")
RRF_K = 60  # Cormack, Clarke and Büttcher, SIGIR 2009
MATCHED_WELL = 1.0
"""A further segment is told if it scores so high: as one unrelated segment in ten does."""
MOST_SEGMENTS = 8
"""So many further segments of an item are told."""


def fuse(lists: Sequence[Sequence[Match]], fusion: str) -> list[Match]:
    """Merge lists, each best first; what was in order stays so.

    An item that is in several of them becomes one match: its segment with the best score leads, and
    the others that matched well are told with it.

    Args:
        lists: one for each route.
        fusion: ``calibrated`` orders by score, equal scores by rank; ``rrf``, reciprocal-rank
            fusion, by the sum over the lists of what each rank is worth, equal sums by cosine;
            ``round_robin`` lets the lists take turns, the one with the best score first. What is
            equal in all that stands in the order in which it was added.
    """
    if fusion == "round_robin":
        lists = sorted(lists, key=lambda matches: -max((m.best.score for m in matches), default=0))
    # For each item: its matches, each with its rank and the place of its list.
    ranked: dict[int, list[tuple[int, int, Match]]] = {}
    for turn, matches in enumerate(lists):
        for rank, match in enumerate(matches):
            ranked.setdefault(match.item, []).append((rank, turn, match))
    merged = []
    for item, entries in ranked.items():
        rank, _, leading = min(entries, key=lambda entry: (-entry[2].best.score, entry[0]))
        if fusion == "calibrated":
            order = (-leading.best.score, float(rank))
        elif fusion == "rrf":
            order = (-sum(1 / (RRF_K + rank + 1) for rank, _, _ in entries), 0.0)
        else:
            order = min((float(rank), float(turn)) for rank, turn, _ in entries)
        joined = _joined(leading, [match for _, _, match in entries])
        merged.append((order, -leading.best.raw_score, item, joined))
    return [match for *_, match in sorted(merged, key=lambda entry: entry[:3])]


def _joined(leading: Match, matches: Sequence[Match]) -> Match:
    """One match of an item, with its further segments from all lists, each once."""
    found = [segment for match in matches for segment in (match.best, *match.segments)]
    found.sort(key=lambda segment: -segment.score)
    others: dict[int, SegmentMatch] = {}
    for segment in found:
        if segment.id != leading.best.id and segment.score >= MATCHED_WELL:
            others.setdefault(segment.id, segment)
    return replace(leading, segments=tuple(others.values())[:MOST_SEGMENTS])


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
