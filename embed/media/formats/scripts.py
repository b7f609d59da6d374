"""Documents that are texts themselves, or begin as one: PDF, RTF, PostScript, SVG.

Their first letters are quoted in notes about them, so more of their structure must be there.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from anysense.embed.media.formats.markup import is_drawing

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["foreign_script", "is_pdf", "is_rtf", "is_svg"]

_JUNK_BYTES = 1024
"""PDF readers allow so much before a document: a mail's or a server's headers, a line break."""
_TAIL_BYTES = 65536
_BLANKS = b"\xef\xbb\xbf\0 \t\r\n"
_PDF_HEADER = re.compile(rb"%PDF-(\d\.\d)?")
_PDF_OBJECT = re.compile(rb"\b\d+\s+\d+\s+obj\b")
_PDF_START = re.compile(rb"%PDF-\d\.\d\s+(?:%[^\r\n]*\s+)?\d+\s+\d+\s+obj\b")
_POSTSCRIPT_HEADER = re.compile(rb"\x04?%!PS(?:-Adobe-\d\.\d[^\r\n]{0,80})?[ \t]*[\r\n]")
_POSTSCRIPT = re.compile(rb"^%%[A-Z]\w+|\bshowpage\b", re.M)


def is_pdf(file: BinaryIO, head: bytes, suffix: str, *, could_be_text: bool) -> bool:
    """Whether a file is a PDF document, and not a text in which one is mentioned.

    What is no text is one if it has the header of a PDF and objects. A text also ends as a PDF
    does, and begins as one if it is named like a text; without a name, one that begins with a
    header and an object may have lost its end. A file that is named like a PDF needs the header
    alone. Leaves the file at its beginning.

    Args:
        file: the file.
        head: how it begins.
        suffix: of its name, in lower case; empty if it does not tell.
        could_be_text: whether it is text as far as `head` goes.
    """
    header = _PDF_HEADER.search(head[: _JUNK_BYTES + 8])
    if header is None:
        return False
    if suffix == ".pdf":
        return True
    has_objects = header[1] is not None and _PDF_OBJECT.search(head, header.end()) is not None
    if not could_be_text:
        return has_objects or header.start() == 0
    begins_so = not head[: header.start()].strip(_BLANKS)
    if suffix and not begins_so:
        return False
    is_cut_off = not suffix and begins_so and _PDF_START.match(head, header.start()) is not None
    return has_objects and (is_cut_off or _tail(file).endswith(b"%%EOF"))


def is_rtf(file: BinaryIO, head: bytes, suffix: str) -> bool:
    """Whether a file is an RTF document, and not a text in which one is quoted.

    Leaves the file at its beginning.
    """
    if head[:5] != b"{\\rtf":
        return False
    return suffix == ".rtf" or (head[5:6].isdigit() and _tail(file).endswith(b"}"))


def is_svg(file: BinaryIO, head: bytes, suffix: str) -> bool:
    """Whether a file is an SVG drawing, and not a text that begins with one.

    Leaves the file at its beginning.
    """
    is_named = suffix == ".svg" and head.lstrip(_BLANKS)[:1] == b"<"
    return is_named or is_drawing(head, _tail(file))


def foreign_script(head: bytes, suffix: str) -> str | None:
    """What a file is, in words, if it is a document in a language for pages that is not read."""
    is_named = suffix in (".ps", ".eps") and head.startswith((b"%!", b"\x04%!"))
    if is_named or (_POSTSCRIPT_HEADER.match(head) and _POSTSCRIPT.search(head)):
        return "a PostScript document"
    return None


def _tail(file: BinaryIO) -> bytes:
    """The end of a file, without the blanks after it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL_BYTES))
    tail = file.read(_TAIL_BYTES)
    file.seek(0)
    return tail.rstrip(_BLANKS)
