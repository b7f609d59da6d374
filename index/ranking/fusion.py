"""From one ranked list for each route to one list."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.embed.types import FloatArray
    from anysense.index.ranking.hit import Hit

__all__ = ["FUSIONS", "distinct", "fuse"]

FUSIONS = ("calibrated", "rrf", "round_robin")
RRF_K = 60  # Cormack, Clarke and Büttcher, SIGIR 2009


def fuse(lists: Sequence[Sequence[Hit]], fusion: str) -> list[Hit]:
    """Merge lists of different items, each best first; what was in order stays so.

    The start of the merged list depends on the starts of the lists alone, so that pages fit
    together.

    Args:
        lists: one for each route.
        fusion: ``calibrated`` orders by score, equal scores by rank; ``rrf``, reciprocal-rank
            fusion, by rank alone, equal ranks by cosine; ``round_robin`` lets the lists take turns,
            the one with the best score first.
    """
    if fusion == "calibrated":
        merged = [(-hit.score, rank, hit) for found in lists for rank, hit in enumerate(found)]
        return [h for _, _, h in sorted(merged, key=lambda e: (*e[:2], -e[2].raw_score, e[2].id))]
    if fusion == "round_robin":
        lists = sorted(lists, key=lambda found: -max((h.score for h in found), default=0.0))
        placed = [
            (rank, turn, hit) for turn, found in enumerate(lists) for rank, hit in enumerate(found)
        ]
        return [hit for _, _, hit in sorted(placed, key=lambda entry: entry[:2])]
    ranked = [(1 / (RRF_K + rank + 1), hit) for found in lists for rank, hit in enumerate(found)]
    return [h for _, h in sorted(ranked, key=lambda e: (-e[0], -e[1].raw_score, e[1].id))]


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
