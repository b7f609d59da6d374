"""From the bytes of a text to its characters, without guessing wrong in silence.

In order: a byte order mark, the zeros of UTF-16, UTF-8, the encoding that the user names; or else
UTF-8 with a few damaged bytes, the encoding that an HTML page declares, and what `detect_text` can
tell. UTF-8 is tried strictly, and other text is hardly ever valid UTF-8. What cannot be told is
refused, with the advice to convert it or to name its encoding.
"""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING

import regex

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError, UsageError
from anysense.embed.media.document.damaged import repair_utf8
from anysense.embed.media.document.detection import detect_text, western_text
from anysense.embed.media.document.searching import PART, decode_in_parts
from anysense.embed.media.formats.marks import byte_order_mark
from anysense.embed.media.formats.utf16 import unmarked_utf16

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["check_encoding", "declared_charset", "decode_text"]

_DECLARED = re.compile(
    rb"""<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s*=\s*["']?([\w.:-]{2,40})""", re.I
)
# Browsers read these names as the larger encodings (WHATWG Encoding Standard, 4.2).
_LARGER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
}
_SHIFT = regex.compile(rb"\x1b(?:[$(]|\$[()])[@A-Z]")
"""An escape of ISO-2022, whose texts are ASCII bytes and so valid UTF-8."""
_C1_CONTROLS = regex.compile("[\x80-\x84\x86-\x9f]")
"""Which nobody writes: a text that has them was read in a wrong encoding."""


def decode_text(
    data: bytes,
    name: str,
    charset: str | None = None,
    encoding: str | None = None,
    *,
    is_phrase: bool = False,
) -> str:
    """The characters of a text.

    Args:
        data: the bytes of the whole text.
        name: what errors call it.
        charset: the encoding that the text itself names, if it does.
        encoding: the encoding that the user says texts are in that are not Unicode.
        is_phrase: it is a name or a title, which is taken for Western where it can be.

    Raises:
        CorruptMediaError: it is not what its byte order mark or the user says, or holds NUL
            characters.
        UnsupportedMediaError: its encoding cannot be told.
    """
    text = _decode(data, name, charset, encoding, is_phrase)
    if "\0" in text:
        raise CorruptMediaError(name, "holds NUL characters, so it is not a text")
    return text


def declared_charset(head: bytes) -> str | None:
    """The encoding that the first kilobyte of an HTML page or XML document names, if it does."""
    match = _DECLARED.search(head[:1024])
    return match.group(1).decode("ascii", "ignore") if match else None


def check_encoding(encoding: str | None) -> None:
    """Refuse what is no name of an encoding in which ASCII is ASCII.

    Raises:
        UsageError: it is none.
    """
    if encoding is None:
        return
    try:
        is_usable = b"a".decode(encoding) == "a" and "a".encode(encoding) == b"a"
    except (LookupError, ValueError):  # unknown, or not of texts; not of single bytes
        is_usable = False
    if not is_usable:
        raise UsageError(
            f"{encoding[:80]!r} is no encoding of texts that anysense reads: give one such as "
            "cp1250, cp1251, iso8859-2, koi8-r, shift_jis or gb18030."
        )


def _decode(
    data: bytes, name: str, charset: str | None, encoding: str | None, is_phrase: bool
) -> str:
    text = _decode_unicode(data, name)
    if text is not None:
        return text
    if encoding is not None:
        return _decode_as(data, encoding, name)
    for text in _readings(data, charset, is_phrase):
        if text is not None:
            return text
    raise UnsupportedMediaError(
        name,
        "is text in an encoding that cannot be told: convert it to UTF-8, or name its encoding "
        "with --encoding",
    )


def _decode_unicode(data: bytes, name: str) -> str | None:
    """A text with a byte order mark, or in UTF-16 without one; None if it is neither."""
    marked = byte_order_mark(data)
    if marked is not None:
        mark, unicode = marked
        content = data[len(mark) :]
        try:
            return decode_in_parts(content, unicode)
        except UnicodeDecodeError as error:
            text = repair_utf8(content, is_marked=True) if unicode == "utf-8" else None
            if text is not None:
                return text
            raise CorruptMediaError(
                name, f"begins like a text in {unicode.upper()}, but is damaged or truncated"
            ) from error
    if b"\0" not in data:
        return None
    unmarked = unmarked_utf16(data, is_whole=True)
    if unmarked is None:
        raise CorruptMediaError(name, "holds NUL characters, so it is not a text")
    return decode_in_parts(data, unmarked)


def _readings(data: bytes, charset: str | None, is_phrase: bool) -> Iterator[str | None]:
    """What a text may be, the surest first; None where it is not in that encoding."""
    if _SHIFT.search(data, concurrent=len(data) > PART):
        yield _attempt(data, charset)
        yield detect_text(data) if data.isascii() else None
    yield _attempt(data, "utf-8")
    yield repair_utf8(data)
    yield _attempt(data, charset)
    yield western_text(data) if is_phrase else None
    yield detect_text(data)


def _decode_as(data: bytes, encoding: str, name: str) -> str:
    """A text in the encoding that the user names, or in UTF-8, if it is that.

    Of a folder with both, those in UTF-8 need no telling. What is all ASCII may shift.
    """
    if not data.isascii():
        text = _attempt(data, "utf-8")
        if text is not None:
            return text
    codec = _codec(encoding)
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise CorruptMediaError(
            name,
            f"is not in {encoding}: line {line:,} holds bytes that mean nothing in it (the first "
            f"is {data[error.start]:#04x}); name another encoding, or convert it to UTF-8",
        ) from error


def _attempt(data: bytes, encoding: str | None) -> str | None:
    if encoding is None:
        return None
    try:
        codec = _codec(encoding)
        if not _is_of_bytes(codec):
            return None
        text = decode_in_parts(data, codec)
    except (LookupError, ValueError):  # unknown, not a text encoding, or not this one
        return None
    if encoding != "utf-8" and _C1_CONTROLS.search(text, concurrent=len(text) > PART):
        return None
    return text


def _is_of_bytes(codec: str) -> bool:
    """Whether a text may be in an encoding although its name for it could be read as ASCII.

    Pages that say UTF-16 so are in another one (WHATWG HTML Standard, 13.2.3.2), and nearly any
    bytes are valid UTF-16.
    """
    return not codec.startswith(("utf-16", "utf-32"))


def _codec(encoding: str) -> str:
    standard = codecs.lookup(encoding).name
    return _LARGER.get(standard, standard)
