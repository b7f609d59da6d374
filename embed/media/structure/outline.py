"""The sections of a PDF, by its outline: the bookmarks that readers show beside the pages.

An entry names a page. Where its title stands there as a line of its own, the section begins after
it; else with the page, or with what is left of it.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.media.structure.headings import heading_text
from anysense.embed.types import Section, Structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pypdf import PdfReader

__all__ = ["OutlineEntry", "outline_entries", "page_structures"]

_log = logging.getLogger("anysense")

_MOST_ENTRIES = 5_000
_DEEPEST = 16
_MOST_DESTINATIONS = 100_000  # with names: a book has one for each of its references
_SEARCHED = 50_000  # characters of a page in which the title of an entry is looked for
_MOST_STEPS = 20_000_000  # characters looked at times words of a title, of the whole document
_NUMBER = r"(?:[A-Z\d]\d{0,3}(?:\.\d{1,4}){0,6}\.?[ \t]+)?"  # such as 2.3, or A.1


class OutlineEntry(NamedTuple):
    """An entry of an outline: how deep it is, from 1; its title; its page, from 0."""

    level: int
    title: str
    page: int


def outline_entries(reader: PdfReader, name: str) -> list[OutlineEntry]:
    """The entries of a document's outline by their pages; none where it has none or is broken.

    Args:
        reader: of the document.
        name: what a warning calls it.
    """
    from pypdf import apply_configuration

    try:
        with apply_configuration(
            outline_maximum_entries=_MOST_ENTRIES,
            outline_maximum_depth=_DEEPEST,
            named_destinations_maximum_entries=_MOST_DESTINATIONS,
        ):
            entries = list(_entries(reader, reader.outline, 1))
    except Exception as error:  # pypdf reads on demand, and broken objects raise anything
        _log.warning("%s: its outline is left out: %s", name, error)
        return []
    return sorted(entries, key=lambda entry: entry.page)


def _entries(reader: PdfReader, outline: Sequence[Any], level: int) -> Iterator[OutlineEntry]:
    """The entries of a list as pypdf has it, in which the children of one follow it as a list."""
    for entry in outline:
        if isinstance(entry, list):
            yield from _entries(reader, entry, level + 1)
            continue
        page, title = reader.get_destination_page_number(entry), heading_text(str(entry.title))
        if page is not None and page >= 0 and title:
            yield OutlineEntry(level, title, page)


def page_structures(
    texts: Sequence[str], entries: Sequence[OutlineEntry]
) -> Iterator[Structure | None]:
    """What each page is made of, one after the other; None where no section has begun.

    Args:
        texts: of all pages, normalised.
        entries: of the outline, by their pages.
    """
    path = _Path()
    rest = list(reversed(entries))
    for page, text in enumerate(texts):
        here = []
        while rest and rest[-1].page <= page:
            here.append(rest.pop())
        sections = tuple(_sections(text, here, path))
        is_plain = all(not section.heading for section in sections)
        yield None if is_plain else Structure(sections)


class _Path:
    """The headings that are in force at a place of a document, and the search for others."""

    def __init__(self) -> None:
        self._open: list[OutlineEntry] = []
        self._steps_left = _MOST_STEPS

    def find(self, entry: OutlineEntry, text: str, start: int) -> re.Match[str] | None:
        """The lines that are a title and nothing else but its number, in capitals or not.

        None as well when the document has taken all the steps that it may.
        """
        words = entry.title.split()
        end = min(start + _SEARCHED, len(text))
        self._steps_left -= (end - start) * len(words)
        if self._steps_left < 0:
            return None
        title = r"\s+".join(map(re.escape, words))
        pattern = re.compile(rf"^[ \t]*{_NUMBER}{title}[ \t]*$", re.IGNORECASE | re.MULTILINE)
        return pattern.search(text, start, end)

    def enter(self, entry: OutlineEntry) -> None:
        while self._open and self._open[-1].level >= entry.level:
            self._open.pop()
        self._open.append(entry)

    def above(self, entry: OutlineEntry) -> tuple[str, ...]:
        return tuple(e.title for e in self._open if e.level < entry.level)

    def titles(self) -> tuple[str, ...]:
        return tuple(entry.title for entry in self._open)


def _sections(text: str, entries: Sequence[OutlineEntry], path: _Path) -> Iterator[Section]:
    """The sections of a page; `path` is that of its beginning, and then that of its end."""
    at = 0
    later: list[OutlineEntry] = []
    has_entered = False
    for number, entry in enumerate(entries):
        found = path.find(entry, text, at)
        if found is None:
            if not has_entered or entry.level > entries[number - 1].level:
                path.enter(entry)
            else:  # where on the page it begins nobody knows
                later.append(entry)
            has_entered = True
            continue
        yield from _unless_blank(text, at, found.start(), path.titles())
        path.enter(entry)
        has_entered, at = True, found.end()
        following = entries[number + 1] if number + 1 < len(entries) else None
        after = path.find(following, text, at) if following is not None else None
        is_bare = not text[at : after.start() if after else len(text)].strip()
        if is_bare and (following is None or following.level <= entry.level):
            yield Section(found.start(), found.end(), path.above(entry))
    yield from _unless_blank(text, at, len(text), path.titles())
    for entry in later:
        path.enter(entry)


def _unless_blank(text: str, start: int, end: int, heading: tuple[str, ...]) -> Iterator[Section]:
    if text[start:end].strip():
        yield Section(start, end, heading)
