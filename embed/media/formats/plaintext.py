"""Whether some bytes are a text, whatever letters they begin with.

Formats of data begin with letters that begin notes too: "BM", "ID3", "%PDF-". What follows tells:
in data there are bytes that no text has.
"""

from __future__ import annotations

import codecs
import re

from anysense.embed.media.formats.marks import byte_order_mark
from anysense.embed.media.formats.utf16 import unmarked_utf16

__all__ = ["could_be_text", "is_text"]

_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # ESC colours logs
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BYTES_PER_STRAY = 200
"""A text may hold a stray control character, as from a terminal, but compressed data has one among
ten bytes."""


def is_text(head: bytes, *, is_whole: bool) -> bool:
    """Whether these bytes begin a text in UTF-8 or 16, or have the mark of 16 or 32, sound or not.

    Args:
        head: how the file begins.
        is_whole: whether that is all of it; otherwise it may end within a character.
    """
    if _marked_encoding(head) is not None or _is_sound(head, "utf-8", is_whole):
        return True
    return unmarked_utf16(head, is_whole=is_whole) is not None


def could_be_text(head: bytes, *, is_whole: bool) -> bool:
    """Whether these bytes begin a text in any encoding of the usual ones, and so are no data.

    Eight-bit encodings cannot be told from one another, but all leave the control characters alone.
    """
    if b"\0" not in head:
        strays = len(_CONTROL_BYTES.findall(head))
        return strays * _BYTES_PER_STRAY <= len(head)
    encoding = _marked_encoding(head)
    return encoding is not None and _is_sound(head, encoding, is_whole)


def _marked_encoding(head: bytes) -> str | None:
    """The encoding of which there is a byte order mark, but for UTF-8's."""
    mark = byte_order_mark(head)
    return None if mark is None or mark[1] == "utf-8" else mark[1]


def _is_sound(head: bytes, encoding: str, is_whole: bool) -> bool:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head, final=is_whole)
    except UnicodeDecodeError:
        return False
    return _CONTROLS.search(text) is None
