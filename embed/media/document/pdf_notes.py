"""What was filled into a PDF's form, and what readers wrote on its pages.

Neither is in the text layer: the values of fields and the words of notes are in annotations, each
of which belongs to a page.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pypdf import PageObject

__all__ = ["MOST_CHARACTERS", "MOST_NOTES", "NoteReader"]

MOST_NOTES = 10_000
"""The most annotations of a document that are looked at: more are no form, and no notes."""

MOST_CHARACTERS = 10_000_000
"""Of all of them."""

_log = logging.getLogger("anysense")

_COMPARED = 100_000  # characters of a page in which a value may stand already
_DEEPEST = 32  # fields above a field
_HIDDEN = 0b100010  # PDF 2.0, table 167: flags 2 (hidden) and 6 (no view)
_PASSWORD, _PUSH_BUTTON = 1 << 13, 1 << 16  # tables 231 and 229: flags 14 and 17
# fmt: off
_NOTES = frozenset([
    "/Caret", "/Circle", "/FileAttachment", "/FreeText", "/Highlight", "/Ink", "/Line", "/Polygon",
    "/PolyLine", "/Popup", "/Square", "/Squiggly", "/Stamp", "/StrikeOut", "/Text", "/Underline",
])
# fmt: on


class NoteReader:
    """Reads the annotations of one document's pages, up to a number of them.

    Args:
        name: what a warning calls the document.
        most: so many annotations are looked at, on all pages together.
        characters: so many characters are read of them.
    """

    def __init__(
        self, name: str, most: int = MOST_NOTES, characters: int = MOST_CHARACTERS
    ) -> None:
        self._name = name
        self._left = most
        self._characters_left = characters

    def with_notes(self, page: PageObject, text: str) -> str:
        """The text of a page, followed by the words of its annotations that it does not have yet.

        Annotations that are hidden or broken are passed over: this never raises an error.
        """
        lines = [text] if text else []
        plain_text = f" {_plain(text[:_COMPARED])} "
        seen = {""}
        for words in self._words(page):
            plain = _plain(words)
            if plain not in seen and f" {plain} " not in plain_text:
                seen.add(plain)
                lines.append(words)
        return "\n".join(lines)

    def _words(self, page: PageObject) -> Iterator[str]:
        if self._left < 0:
            return
        annotations: Any = ()
        with suppress(Exception):  # pypdf reads on demand, and broken objects raise anything
            annotations = page.get("/Annots", ())
            annotations = annotations.get_object() if annotations else ()
        for reference in annotations if isinstance(annotations, list) else ():
            texts: list[str] = []
            with suppress(Exception):
                texts = list(_words_of(reference.get_object()))
            self._left -= 1
            self._characters_left -= sum(map(len, texts))
            if self._left < 0 or self._characters_left < 0:
                self._left = -1
                _log.warning("%s: further notes and fields are left out: too many", self._name)
                return
            yield from texts


def _words_of(annotation: Any) -> Iterator[str]:
    if int(annotation.get("/F", 0)) & _HIDDEN:
        return
    subtype = annotation.get("/Subtype")
    if subtype in _NOTES:
        yield _text(annotation.get("/Contents"))
    elif subtype == "/Widget":
        yield from _field_words(annotation)


def _field_words(widget: Any) -> Iterator[str]:
    """The value of a field; of a ticked box what a reader is told that it means."""
    kind, flags = _inherited(widget, "/FT"), int(_inherited(widget, "/Ff") or 0)
    value = _inherited(widget, "/V")
    if kind == "/Tx" and not flags & _PASSWORD:
        yield _text(value)
    elif kind == "/Ch":
        shown = dict(_choices(_inherited(widget, "/Opt")))
        for choice in value if isinstance(value, list) else [value]:
            words = _text(choice)
            yield shown.get(words, words)
    elif kind == "/Btn" and not flags & _PUSH_BUTTON and widget.get("/AS", "/Off") != "/Off":
        yield _text(_inherited(widget, "/TU"))


def _inherited(field: Any, key: str) -> Any:
    """An entry of a field, or of the nearest field above it that has it."""
    for _ in range(_DEEPEST):
        if field.get(key) is not None:
            return field[key]  # resolved, if it is a reference
        if field.get("/Parent") is None:
            return None
        field = field["/Parent"]
    return None


def _choices(options: Any) -> Iterator[tuple[str, str]]:
    """What is stored for a choice, with what is shown for it, where the two differ."""
    for option in options if isinstance(options, list) else ():
        option = option.get_object()
        if isinstance(option, list) and len(option) == 2:
            yield _text(option[0]), _text(option[1])


def _text(value: Any) -> str:
    """A string, or the stream that a long value may be; empty for anything else."""
    value = value.get_object() if hasattr(value, "get_object") else value
    if hasattr(value, "get_data"):
        value = value.get_data()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    from pypdf.generic import NameObject

    return value if isinstance(value, str) and not isinstance(value, NameObject) else ""


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
