"""The line of a picture's words that a hit shows: the one that the query's words stand in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from anysense.index.catalog.words.tokens import words_of_text

if TYPE_CHECKING:
    from collections.abc import Set

    from anysense.index.catalog.records import Segment

__all__ = ["matched_line"]


def matched_line(segment: Segment, words: Set[str]) -> Segment:
    """A segment of words in a picture, narrowed to the line that has most of some words.

    Others, and those none of whose lines has any, are returned as they are.

    Args:
        segment: what matched.
        words: folded, as `words_of_text` gives them.
    """
    boxes = segment.place.lines
    lines = (segment.text or "").split("\n")
    if len(boxes) < 2 or len(boxes) != len(lines):
        return segment
    counts = [len(words & set(words_of_text(line))) for line in lines]
    best = max(range(len(lines)), key=counts.__getitem__)
    if not counts[best]:
        return segment
    place = replace(segment.place, box=boxes[best], lines=(boxes[best],))
    return replace(segment, place=place, text=lines[best])
