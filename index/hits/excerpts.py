"""What of an item a hit is about: its segments that matched, those that touch as one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from anysense.embed.types import HEADING_SIGN, Modality, Origin, Place, Unit
from anysense.index.hits.places import one_line, show_place

if TYPE_CHECKING:
    from anysense.index.hits.hit import Hit, HitSegment

__all__ = ["Excerpt", "excerpts_of", "heading_of"]

_GAP = {Unit.CHARACTERS: 2.0, Unit.SECONDS: 0.01}
"""What may lie between two segments that touch: passages have no white space at their ends."""


@dataclass(frozen=True)
class Excerpt:
    """A part of an item that matched.

    Attributes:
        modality: what it is.
        origin: its content, or what it was derived from.
        place: where in the item it is.
        heading: the path of headings that a passage stands under, the outermost first.
        score: the best of its segments'.
        text: the passage, of a text.
    """

    modality: Modality
    origin: Origin
    place: Place
    score: float
    heading: tuple[str, ...] = ()
    text: str | None = None


def excerpts_of(hit: Hit, most: int | None = None) -> list[Excerpt]:
    """What matched of an item, in the order in which it stands there.

    Segments of one modality that overlap, or lie side by side, are one.

    Args:
        hit: of the item.
        most: so many of its segments, the best ones; all of them if None.
    """
    further = hit.segments if most is None else hit.segments[: most - 1]
    excerpts = [_excerpt(hit), *map(_excerpt, further)]
    excerpts.sort(key=_position)
    merged: list[Excerpt] = []
    for excerpt in excerpts:
        if merged and _touch(merged[-1], excerpt):
            merged[-1] = _merge(merged[-1], excerpt)
        else:
            merged.append(excerpt)
    return merged


def heading_of(number: int, hit: Hit, excerpts: list[Excerpt]) -> str:
    """A line that cites a hit: its number, source, headings, places, kind and score."""
    places = map(_shown, excerpts)
    parts = [one_line(hit.source), "; ".join(dict.fromkeys(filter(None, places)))]
    about = f"{hit.kind}, score {hit.score:.2f}"
    return f"[{number}] {', '.join(filter(None, parts))} ({about})"


def _shown(excerpt: Excerpt) -> str:
    heading = one_line(HEADING_SIGN.join(excerpt.heading))
    return ", ".join(filter(None, (heading, show_place(excerpt.place, excerpt.origin))))


def _excerpt(segment: Hit | HitSegment) -> Excerpt:
    origin = segment.origin or Origin.CONTENT
    return Excerpt(
        segment.modality, origin, segment.place, segment.score, segment.heading, segment.text
    )


def _position(excerpt: Excerpt) -> tuple[str, str, int, float, float]:
    place = excerpt.place
    start = -1.0 if place.start is None else place.start
    end = start if place.end is None else place.end
    return excerpt.origin.value, excerpt.modality.value, place.page or 0, start, -end


def _touch(one: Excerpt, other: Excerpt) -> bool:
    if (one.modality, one.origin, one.heading) != (other.modality, other.origin, other.heading):
        return False
    a, b = one.place, other.place
    if (a.unit, a.page, a.box) != (b.unit, b.page, b.box) or a.unit not in _GAP:
        return one == replace(other, score=one.score)  # the same segment in two spaces
    if a.end is None or b.start is None:
        return False
    return b.start <= a.end + _GAP[a.unit]


def _merge(one: Excerpt, other: Excerpt) -> Excerpt:
    """Two that touch, of which the second begins later, or at the same place."""
    a, b = one.place, other.place
    score = max(one.score, other.score)
    if a.end is None or b.start is None or b.end is None or b.end <= a.end:
        return replace(one, score=score)
    text = one.text
    if one.text is not None and other.text is not None:
        gap = int(b.start - a.end)
        text = one.text + (other.text[-gap:] if gap < 0 else "\n" * gap + other.text)
    return replace(one, place=replace(a, end=b.end), score=score, text=text)
