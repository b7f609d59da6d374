"""From headings to the sections under them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.types import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LONGEST_HEADING", "MOST_HEADINGS", "Heading", "heading_text", "sections_under"]

MOST_HEADINGS = 10_000
"""A text of more is none that anybody has divided: it is cut as one without headings."""

LONGEST_HEADING = 200
"""Characters of a heading that a path holds; a longer one stays a part of the text as well."""


class Heading(NamedTuple):
    """A heading of a text: its level, 1 being the outermost; its words; where its lines are."""

    level: int
    words: str
    start: int
    end: int


def heading_text(written: str) -> str:
    """A heading as a path holds it: in one line, without what goes over the length of one."""
    words = " ".join(written[: 4 * LONGEST_HEADING].split())
    return words if len(words) <= LONGEST_HEADING else words[: LONGEST_HEADING - 1].rstrip() + "…"


def sections_under(headings: Sequence[Heading], text: str, title: str = "") -> tuple[Section, ...]:
    """The sections of a text, each under its path of headings.

    A heading is no part of its section, whose passages have it in their path. One that has nothing
    under it, not even another heading, is a section of its own under those above it, so that it is
    found.

    Args:
        headings: in order.
        text: all of it.
        title: of the text: the outermost heading of all, unless there is one of the first level.
    """
    top = (heading_text(title),) if title and all(h.level > 1 for h in headings) else ()
    sections = []
    path: list[tuple[int, str]] = []
    ends = [*(heading.start for heading in headings), len(text)][1:]
    first = headings[0].start if headings else len(text)
    if not text[:first].isspace():
        sections.append(Section(0, first, top))
    for at, (heading, end) in enumerate(zip(headings, ends, strict=True)):
        while path and path[-1][0] >= heading.level:
            path.pop()
        above = (*top, *(words for _, words in path))
        path.append((heading.level, heading.words))
        is_bare = text[heading.end : end].isspace() or heading.end >= end
        is_last = at + 1 == len(headings) or headings[at + 1].level <= heading.level
        if heading.words.endswith("…"):
            sections.append(Section(heading.start, end, (*above, heading.words)))
        elif not is_bare:
            sections.append(Section(heading.end, end, (*above, heading.words)))
        elif is_last:
            sections.append(Section(heading.start, end, above))
    return tuple(section for section in sections if section.start < section.end)
