"""Pages of a search that fit together, although the index finds more the deeper it looks."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from anysense.embed.types import Modality
    from anysense.index.ranking.match import Match

__all__ = ["list_to", "page_of"]

_DEEPEST = 4  # times as deep as a page ends is looked for what a quota leaves room for


def page_of(
    search: Callable[[int], Iterable[Match]],
    k: int,
    offset: int = 0,
    *,
    per_modality_k: int | None = None,
    modalities: int = 1,
) -> list[Match]:
    """The k matches after the first `offset`, so that no page of a query repeats or skips one.

    A search for more of them scans more of a large index, and may find among the best what a search
    for fewer has missed. So the list is made in steps, each twice as long as the one before: what a
    step has put into the list stays there, and the next one puts behind it what is not there yet.
    The first step is the first page, and each page depends on its own place and k alone.

    Args:
        search: gives the merged list, best first, of so many matches.
        k: how many a page has; the same for each page.
        offset: where the page starts.
        per_modality_k: how many of a modality there may be in all pages.
        modalities: in how many the search looks.
    """
    listed = list_to(search, k, offset + k, per_modality_k=per_modality_k, modalities=modalities)
    return listed[offset : offset + k]


def list_to(
    search: Callable[[int], Iterable[Match]],
    k: int,
    end: int,
    *,
    per_modality_k: int | None = None,
    modalities: int = 1,
) -> list[Match]:
    """The list that pages are cut from, up to the end of one of them; see `page_of`."""
    listed: dict[int, Match] = {}
    of_modality: Counter[Modality] = Counter()
    size = k
    most = end if per_modality_k is None else min(end, modalities * per_modality_k)
    while True:
        matches = list(search(size))
        for match in matches:
            if len(listed) == size:
                break
            has_room = per_modality_k is None or of_modality[match.modality] < per_modality_k
            if match.item not in listed and has_room:
                listed[match.item] = match
                of_modality[match.modality] += 1
        # Where a quota is full, what others leave room for may lie deeper.
        looks_on = len(listed) < most and len(matches) >= size and size < _DEEPEST * end
        if size >= end and not looks_on:
            return list(listed.values())[:end]
        size *= 2
