"""Texts in UTF-16 without a byte order mark, as some programs of Windows write them.

Half the bytes of its ASCII characters, such as a space or the end of a line, are zeros. Read with
its bytes in the right order a text holds nothing but characters that people write, and more of
ASCII than in the other order. Data holds numbers that no character has.
"""

from __future__ import annotations

import codecs
import unicodedata

__all__ = ["unmarked_utf16"]

_ENCODINGS = ("utf-16-le", "utf-16-be")
_TIMES_MORE = 4
_FEWEST_CHARACTERS = 32  # of a text that is mostly not ASCII
_UNWRITTEN = ("Cn", "Co", "Cs")  # unassigned, private, halves of pairs
_WRITTEN_CONTROLS = "\t\n\r\f"


def unmarked_utf16(data: bytes, *, is_whole: bool) -> str | None:
    """Which UTF-16 some bytes without a mark are a text in; None if they are none.

    Args:
        data: a text, or how one begins.
        is_whole: whether that is all of it; otherwise it may end within a character.
    """
    readings = {encoding: _reading(data, encoding, is_whole) for encoding in _ENCODINGS}
    ascii_counts = {e: _count_ascii(text) for e, text in readings.items() if text is not None}
    if not ascii_counts:
        return None
    best = max(ascii_counts, key=lambda encoding: ascii_counts[encoding])
    most, total = ascii_counts.pop(best), len(data) // 2
    if most <= _TIMES_MORE * sum(ascii_counts.values()):
        return None
    return best if 2 * most >= total or total >= _FEWEST_CHARACTERS else None


def _reading(data: bytes, encoding: str, is_whole: bool) -> str | None:
    """The characters of a text in one order of bytes; None if nobody writes some of them."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data, final=is_whole)
    except UnicodeDecodeError:
        return None
    return text if all(map(_is_written, set(text))) else None


def _count_ascii(text: str) -> int:
    return sum(map(str.isascii, text))


def _is_written(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cc":
        return character in _WRITTEN_CONTROLS
    return category not in _UNWRITTEN
