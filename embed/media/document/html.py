"""The text of an HTML page, as a reader of the page would see it.

libxml2's parser (through lxml) is fed once and calls back: there is no tree, and its time and
memory stay proportional to the page also for pages built to exhaust a parser.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["html_text"]

_UNSEEN = frozenset(
    ["head", "script", "style", "template", "noscript", "svg", "math", "iframe", "object", "select"]
)
# fmt: off
_PARAGRAPHS = frozenset([
    "address", "article", "aside", "blockquote", "body", "details", "div", "dl", "fieldset",
    "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr",
    "main", "nav", "ol", "p", "pre", "section", "summary", "table", "title", "ul",
])
# fmt: on
_LINES = frozenset(["br", "dd", "dt", "figcaption", "legend", "li", "option", "tr", "caption"])
_CELLS = frozenset(["td", "th"])
_VERBATIM = frozenset(["pre", "textarea"])
_SPACE = re.compile(r"[ \t\n\r\f]+")
_GAP = re.compile(r"(?<![ \t])[ \t]*\n[ \t]*(?:\n[ \t]*)+")


def html_text(page: str) -> str:
    """The title and the visible text of a page; paragraphs are parted by an empty line."""
    from lxml import etree

    target = _Reader()
    parser = etree.HTMLParser(target=target, encoding="utf-8", remove_pis=True, huge_tree=True)
    # A declaration of another encoding in the page does not count: these bytes are UTF-8.
    etree.fromstring(page.encode("utf-8", "replace"), parser)
    return target.text()


class _Reader:
    """Collects text from the parser's events."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._unseen = 0
        self._titles = 0
        self._verbatim = 0

    def start(self, tag: str, _: Any) -> None:
        self._unseen += tag in _UNSEEN
        self._titles += tag == "title"
        self._verbatim += tag in _VERBATIM
        self._break(tag)

    def end(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        self._titles -= tag == "title"
        self._verbatim -= tag in _VERBATIM
        if tag in _PARAGRAPHS:
            self._break(tag)

    def data(self, data: str) -> None:
        if self._unseen == 0 or (self._titles and self._unseen == 1):
            self._parts.append(data if self._verbatim else _SPACE.sub(" ", data))

    def comment(self, _: str) -> None:
        pass

    def close(self) -> None:
        pass

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._parts.append("\n\n")
        elif tag in _LINES:
            self._parts.append("\n")
        elif tag in _CELLS:
            self._parts.append(" ")

    def text(self) -> str:
        text = _GAP.sub("\n\n", "".join(self._parts))
        lines = (line.strip(" \t") for line in text.split("\n"))
        return "\n".join(lines).strip("\n")
