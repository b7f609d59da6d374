"""RTF documents whose letters are bytes of a code page, with these as numbers of Unicode instead.

pandoc reads such bytes as Windows-1252, whatever the document says.
"""

from __future__ import annotations

import codecs

import regex

from anysense.embed.media.document.searching import PART

__all__ = ["with_unicode"]

_CODE_PAGE = regex.compile(rb"\\ansicpg(\d{1,5})")
_HEAD_BYTES = 4096
_WESTERN = ("0", "1", "1252")
_BYTES = rb"(?:\\'[0-9a-fA-F]{2})"
# After a number of Unicode there is what readers show that do not know it.
_LETTERS = regex.compile(rb"(?P<known>\\u-?\d{1,6} ?" + _BYTES + rb"{0,2})|" + _BYTES + rb"+")


def with_unicode(document: bytes) -> bytes:
    """A document whose bytes of its code page are numbers of Unicode; as it is if it names none."""
    named = _CODE_PAGE.search(document[:_HEAD_BYTES])
    if named is None or named[1].decode() in _WESTERN:
        return document
    try:
        codec = codecs.lookup(f"cp{named[1].decode()}")
    except LookupError:
        return document
    return _LETTERS.sub(
        lambda match: match[0] if match["known"] else _escaped(match[0], codec),
        document,
        concurrent=len(document) > PART,
    )


def _escaped(letters: bytes, codec: codecs.CodecInfo) -> bytes:
    text = codec.decode(bytes.fromhex(letters.replace(b"\\'", b"").decode()), "replace")[0]
    units = text.encode("utf-16-le")
    numbers = (
        int.from_bytes(units[at : at + 2], "little", signed=True) for at in range(0, len(units), 2)
    )
    return b"{\\uc0" + b"".join(b"\\u%d " % number for number in numbers) + b"}"
