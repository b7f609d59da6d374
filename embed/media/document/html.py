"""The text of an HTML page, as a reader of the page would see it, and what it is made of.

libxml2's parser (through lxml) is fed part by part and calls back: there is no tree, its time and
memory stay proportional to the page also for pages built to exhaust a parser, and nothing that it
gives is long. What is read is in one stream, with marks where headings, code and tables begin and
end; each stretch between marks is brought to its form by itself.
"""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import regex

from anysense.embed.media.document.searching import change, in_parts, replace
from anysense.embed.media.structure.headings import (
    MOST_HEADINGS,
    Heading,
    heading_text,
    sections_under,
)
from anysense.embed.types import Block, Structure
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["HtmlPage", "html_page", "html_text"]

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
_MOST_MARKS = 8 * MOST_HEADINGS
"""A page of more is read as one without headings."""
_GAP_BETWEEN = "\n\n"
_CELL_SIGN = " | "
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_TITLE, _TEXT, _CODE, _TABLE = 0, -1, -2, -3  # of a stretch, where it is no heading's level
_SPACES = regex.compile(r"[ \t]{2,}")
_END_OF_LINE = regex.compile(r"(?<![ \t])[ \t]++(?=\n)")
_EDGE_OF_LINE = regex.compile(r"(?<![ \t])[ \t]++(?=\n)|(?<=\n)[ \t]++")


class HtmlPage(NamedTuple):
    """What a page says, and what that is made of; None where it has no headings and no blocks."""

    text: str
    structure: Structure | None


def html_text(page: str) -> str:
    """The title and the visible text of a page; paragraphs are parted by an empty line."""
    return html_page(page, lambda text: text).text


def html_page(page: str, clean: Callable[[str], str]) -> HtmlPage:
    """The title and the visible text of a page, with its headings, code and tables.

    Cells of a row are parted by a bar. The title is the outermost heading of a page that has none
    of the first level.

    Args:
        page: its HTML.
        clean: what is done to each stretch of its text.
    """
    from lxml import etree

    if not page:
        return HtmlPage("", None)
    target = _Reader()
    # A declaration of another encoding in the page does not count: these bytes are UTF-8.
    parser = etree.HTMLParser(target=target, encoding="utf-8", remove_pis=True, huge_tree=True)
    for part in in_parts(page, _is_kept_whole):
        check_waiter()
        parser.feed(part.encode("utf-8", "replace"))
    parser.close()
    return _assembled([(what, clean(text)) for what, text in target.stretches()])


def _assembled(stretches: Sequence[tuple[int, str]]) -> HtmlPage:
    """Stretches as one text, with the places of what they are."""
    has_first = any(what == 1 and text for what, text in stretches)
    texts, headings, blocks = [], [], []
    at = 0
    for what, text in stretches:
        if not text:
            continue
        end = at + len(text)
        if what > 0 or (what == _TITLE and not has_first and at == 0):
            words = heading_text(text)
            if words:
                headings.append(Heading(what, words, at, end))
        elif what in (_CODE, _TABLE):
            head = text.find("\n") + 1 if what == _TABLE else 0
            blocks.append(Block(at, end, has_rows=True, head_end=at + head if head else 0))
        texts.append(text)
        at = end + len(_GAP_BETWEEN)
    text = _GAP_BETWEEN.join(texts)
    if len(headings) > MOST_HEADINGS:
        headings = []
    sections = sections_under(headings, text) if headings else ()
    return HtmlPage(text, Structure(sections, tuple(blocks)) if sections or blocks else None)


class _Row:
    """How far a table is: how many rows it has had, and how many cells the last of them."""

    def __init__(self) -> None:
        self.rows = 0
        self.cells = 0


class _Reader:
    """Collects text from the parser's events, and marks in it: where what kind of stretch begins.

    A kind is the level of a heading, or one of `_TITLE`, `_TEXT`, `_CODE` and `_TABLE`.
    """

    def __init__(self) -> None:
        self._seen = io.StringIO()  # a list of all parts would take far more than their characters
        self._marks: list[tuple[int, int]] = [(0, _TEXT)]
        self._words_end = 0  # where the last word or sign was written
        self._cell_start = -1  # where the last cell of a table begins
        self._unseen = 0
        self._titles = 0
        self._verbatim = 0
        self._levels: list[int] = []  # of the headings that are open
        self._tables: list[_Row] = []

    def start(self, tag: str, _: Any) -> None:
        self._unseen += tag in _UNSEEN
        self._titles += tag == "title"
        self._verbatim += tag in _VERBATIM
        if tag in _HEADINGS:
            self._levels.append(_HEADINGS[tag])
        elif tag == "table":
            self._tables.append(_Row())
        self._break(tag)
        self._mark()

    def end(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN
        self._titles -= tag == "title"
        self._verbatim -= tag in _VERBATIM
        if tag in _HEADINGS and self._levels:
            self._levels.pop()
        elif tag == "table" and self._tables:
            self._tables.pop()
        self._mark()
        if tag in _PARAGRAPHS:
            self._break(tag)

    def data(self, data: str) -> None:
        if self._unseen == 0 or (self._titles and self._unseen == 1):
            words = data if self._verbatim else replace(_SPACE, " ", data)
            self._seen.write(words)
            if not words.isspace():
                self._words_end = self._seen.tell()

    def comment(self, _: str) -> None:
        pass

    def close(self) -> None:
        pass

    def _break(self, tag: str) -> None:
        if tag in _PARAGRAPHS:
            if tag == "table" or self._words_end > self._cell_start:
                self._seen.write("\n\n")
        elif tag in _CELLS or (tag == "tr" and self._tables):
            self._begin_cell(tag)
        elif tag in _LINES:
            self._seen.write("\n")

    def _begin_cell(self, tag: str) -> None:
        """Begin a row or a cell of one.

        Neither the end of a paragraph in the cell before counts, nor the beginning of one in this.
        """
        row = self._tables[-1] if self._tables else _Row()
        if tag == "tr":
            if row.rows:
                self._take_back()
            row.rows, row.cells = row.rows + 1, 0
            self._seen.write("\n")
            self._words_end = self._seen.tell()
            return
        row.cells += 1
        if row.cells > 1 and self._unseen == 0:
            self._take_back()
            self._seen.write(_CELL_SIGN)
            self._words_end = self._seen.tell()
        else:
            self._seen.write(" ")
        self._cell_start = self._seen.tell()

    def _take_back(self) -> None:
        """Take back the breaks after the last word, unless another stretch begins there."""
        if self._words_end >= self._marks[-1][0]:
            self._seen.seek(self._words_end)
            self._seen.truncate()

    def _mark(self) -> None:
        """Note what kind of stretch begins here, if it is another than before."""
        if self._unseen and not (self._titles and self._unseen == 1):
            return
        what = _TEXT
        if self._titles and self._unseen:
            what = _TITLE
        elif self._levels:
            what = self._levels[-1]
        elif self._tables:
            what = _TABLE
        elif self._verbatim:
            what = _CODE
        if what != self._marks[-1][1] and len(self._marks) <= _MOST_MARKS:
            self._marks.append((self._seen.tell(), what))

    def stretches(self) -> list[tuple[int, str]]:
        """The stretches of the text, each with its kind, in the form of a text."""
        text = self._seen.getvalue()
        if len(self._marks) > _MOST_MARKS:
            return [(_TEXT, _in_form(text, _TEXT))]
        places = [*self._marks, (len(text), _TEXT)]
        return [
            (what, _in_form(text[start:end], what)) for (start, what), (end, _) in pairwise(places)
        ]


def _in_form(text: str, what: int) -> str:
    """A stretch without needless white space; code keeps its own, but at the ends of lines."""
    if what == _CODE:
        return change(text, lambda part: replace(_END_OF_LINE, "", part), _joins_gap).strip("\n")
    text = change(text, _without_gaps, _joins_gap).strip(" \t\n")
    return replace(_SPACES, " ", text) if what == _TABLE else text


def _is_kept_whole(before: str, character: str) -> bool:
    """Whether a page is not cut at a place, as what is on both sides may be read together."""
    return before[-1] in _APART or character in _APART


def _joins_gap(_: str, character: str) -> bool:
    return character in " \t\n"


def _without_gaps(text: str) -> str:
    """A text with one empty line where there are more, and without spaces at the ends of lines."""
    return replace(_EDGE_OF_LINE, "", replace(_GAP, "\n\n", text))
