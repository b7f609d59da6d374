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
_BLOCK = 1 << 16
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
    counts = {encoding: _count_ascii(data, encoding, is_whole) for encoding in _ENCODINGS}
    ascii_counts = {encoding: count for encoding, count in counts.items() if count is not None}
    if not ascii_counts:
        return None
    best = max(ascii_counts, key=lambda encoding: ascii_counts[encoding])
    most, total = ascii_counts.pop(best), len(data) // 2
    if most <= _TIMES_MORE * sum(ascii_counts.values()):
        return None
    return best if 2 * most >= total or total >= _FEWEST_CHARACTERS else None


def _count_ascii(data: bytes, encoding: str, is_whole: bool) -> int | None:
    """How many characters are ASCII in one order of bytes; None if nobody writes some of them.

    Block by block, so that other threads go on in between.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    count = 0
    for start in range(0, len(data), _BLOCK):
        try:
            text = decoder.decode(
                data[start : start + _BLOCK], final=is_whole and start + _BLOCK >= len(data)
            )
        except UnicodeDecodeError:
            return None
        if not all(map(_is_written, set(text))):
            return None
        count += sum(map(str.isascii, text))
    return count


def _is_written(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cc":
        return character in _WRITTEN_CONTROLS
    return category not in _UNWRITTEN
