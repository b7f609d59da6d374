"""Places in items, as people read them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from anysense.embed.types import Origin, Unit

if TYPE_CHECKING:
    from anysense.embed.types import Place

__all__ = ["one_line", "show_place", "show_time"]

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Signs that turn the direction of writing, and so what a line seems to say."""


def one_line(name: str) -> str:
    """A name as a part of one line: none can look like a line of its own, or like another name."""
    shown = (" " if c.isspace() else c for c in name if c.isspace() or c.isprintable())
    return " ".join("".join(c for c in shown if c not in _DIRECTIONS).split())


def show_time(seconds: float) -> str:
    """A time as m:ss, or h:mm:ss from an hour on."""
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def show_place(place: Place, origin: Origin | None = None) -> str:
    """Where in an item a segment is: a range of time or of characters, a page, or its caption.

    Of words that were recognised it says so, and where.
    """
    if origin is Origin.CAPTION:
        return str(origin)
    if origin not in (None, Origin.CONTENT):
        return ", ".join(filter(None, (show_place(place), str(origin))))
    if place.start is None or place.end is None:
        return ""
    if place.unit is Unit.SECONDS:
        return f"{show_time(place.start)}-{show_time(math.ceil(place.end))}"
    page = "" if place.page is None else f"page {place.page:,}"
    if place.unit is Unit.PAGES:
        return page
    characters = f"{int(place.start):,}-{int(place.end):,}"
    return f"{page}, {characters}" if page else characters
