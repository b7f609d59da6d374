"""One list from the hits of several folders."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from anysense.index.hits.hits import Hits

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from anysense.index.hits.hit import Hit

__all__ = ["merged"]


def merged(
    lists: Sequence[Hits],
    *,
    k: int,
    offset: int = 0,
    per_modality_k: int | None = None,
    fusion: str = "calibrated",
) -> Hits:
    """Merge lists into one, in which each file stands once; scores compare between collections.

    Args:
        lists: the first hits of each folder, at least `k` + `offset` where there are so many.
        k: how many hits at most.
        offset: leave out so many of the best.
        per_modality_k: at most so many hits of each modality.
        fusion: ``calibrated`` orders by score; the others by rank, equal ranks by score.
    """
    ranked = [(rank, hit) for hits in lists for rank, hit in enumerate(hits)]
    if fusion == "calibrated":
        ranked.sort(key=lambda entry: (-entry[1].score, entry[0]))
    else:
        ranked.sort(key=lambda entry: (entry[0], -entry[1].score))
    found = list(_allowed((hit for _, hit in ranked), per_modality_k))
    return Hits(found[offset : offset + k], no_match=all(hits.no_match for hits in lists))


def _allowed(hits: Iterable[Hit], per_modality_k: int | None) -> Iterable[Hit]:
    """Each file once, and no more of a modality than are asked for."""
    sources: set[str] = set()
    numbers: Counter[str] = Counter()
    for hit in hits:
        if hit.source in sources:
            continue
        sources.add(hit.source)
        numbers[hit.modality] += 1
        if per_modality_k is None or numbers[hit.modality] <= per_modality_k:
            yield hit
