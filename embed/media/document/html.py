"""The text of an HTML page, as a reader of the page would see it.

libxml2's parser (through lxml) is fed part by part and calls back: there is no tree, its time and
memory stay proportional to the page also for pages built to exhaust a parser, and nothing that it
gives is long.
"""

from __future__ import annotations

import io
from typing import Any

import regex

from anysense.embed.media.document.searching import change, in_parts, replace
from anysense.embed.waiting import check_waiter

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
_APART = " \t\n\r\f&;<>"
_SPACE = regex.compile(r"[ \t\n\r\f]+")
_GAP = regex.compile(r"(?<![ \t])[ \t]*\n[ \t]*(?:\n[ \t]*)+")
_EDGE_OF_LINE = regex.compile(r"(?<![ \t])[ \t]++(?=\n)|(?<=\n)[ \t]++")


def html_text(page: str) -> str:
    """The title and the visible text of a page; paragraphs are parted by an empty line."""
    from lxml import etree

    if not page:
        return ""
    target = _Reader()
    # A declaration of another encoding in the page does not count: these bytes are UTF-8.
    parser = etree.HTMLParser(target=target, encoding="utf-8", remove_pis=True, huge_tree=True)
    for part in in_parts(page, _is_kept_whole):
        check_waiter()
        parser.feed(part.encode("utf-8", "replace"))
    parser.close()
    return target.text()


class _Reader:
    """Collects text from the parser's events."""

    def __init__(self) -> None:
        self._seen = io.StringIO()  # a list of all parts would take far more than their characters
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
            self._seen.write(data if self._verbatim else replace(_SPACE, " ", data))

    def comment(self, _: str) -> None:
        pass

    def close(self) -> None:
        pass

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            self._seen.write("\n\n")
        elif tag in _LINES:
            self._seen.write("\n")
        elif tag in _CELLS:
            self._seen.write(" ")

    def text(self) -> str:
        return change(self._seen.getvalue(), _without_gaps, _joins_gap).strip(" \t\n")


def _is_kept_whole(before: str, character: str) -> bool:
    """Whether a page is not cut at a place, as what is on both sides may be read together."""
    return before[-1] in _APART or character in _APART


def _joins_gap(_: str, character: str) -> bool:
    return character in " \t\n"


def _without_gaps(text: str) -> str:
    """A text with one empty line where there are more, and without spaces at the ends of lines."""
    return replace(_EDGE_OF_LINE, "", replace(_GAP, "\n\n", text))
