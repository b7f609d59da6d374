"""What a text of tags is: its first element says it, not tags that occur somewhere in it."""

from __future__ import annotations

import re

__all__ = ["is_drawing", "is_page"]

_MISCELLANY = re.compile(
    rb"""\s+
    | <\?.*?\?>                               # the XML declaration, other instructions
    | <!--.*?-->
    | <!doctype\b (?:[^>\[]|\[[^\]]*\])* >    # with the entities of an XML document
    """,
    re.I | re.S | re.X,
)
_ELEMENT = re.compile(rb"<(?:[\w.-]+:)?([a-z][\w.-]*)", re.I)
_HTML_TYPE = re.compile(rb"\s*<!doctype\s+html\b", re.I)
_PAGE_ELEMENTS = frozenset({b"html", b"head"})
_DRAWING_TAG = re.compile(rb"<(/?)(?:[\w.-]+:)?svg\b([^<>]*)>", re.I)
_DRAWING_END = re.compile(rb"</(?:[\w.-]{1,40}:)?svg\s*>\Z", re.I)
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def is_page(head: bytes) -> bool:
    """Whether a text is an HTML page, by its document type or its first element."""
    head = head.removeprefix(_BYTE_ORDER_MARK)
    return _HTML_TYPE.match(head) is not None or _root(head)[1] in _PAGE_ELEMENTS


def is_drawing(head: bytes, tail: bytes) -> bool:
    """Whether a text is an SVG drawing: it begins with such an element, and nothing comes after it.

    A page or a Markdown text may begin with a drawing, such as a logo, and go on.

    Args:
        head: how the text begins.
        tail: how it ends, without white space after it.
    """
    head = head.removeprefix(_BYTE_ORDER_MARK)
    start, root = _root(head)
    if root != b"svg":
        return False
    depth = 0
    for tag in _DRAWING_TAG.finditer(head, start):
        if tag[1]:
            depth -= 1
        elif not tag[2].endswith(b"/"):
            depth += 1
        if depth <= 0:
            return _after_miscellany(head, tag.end()) == len(head)
    return _DRAWING_END.search(tail) is not None


def _root(head: bytes) -> tuple[int, bytes]:
    """Where the first element begins, and its name in lower case without a prefix; else empty."""
    start = _after_miscellany(head, 0)
    element = _ELEMENT.match(head, start)
    return start, element[1].lower() if element is not None else b""


def _after_miscellany(head: bytes, at: int) -> int:
    """Where white space, comments, instructions and document types end that begin here."""
    while (match := _MISCELLANY.match(head, at)) is not None:  # one by one: in linear time
        at = match.end()
    return at
