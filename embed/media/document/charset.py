"""From the bytes of a text to its characters, without guessing wrong in silence.

In order: a byte order mark, UTF-8, the encoding that an HTML page declares, Windows-1252 (of which
Latin-1 is a part). UTF-8 is tried strictly, and other text is hardly ever valid UTF-8. Anything can
be read as Windows-1252, so the result must look like a language written in it; what does not is
refused with the advice to convert it.
"""

from __future__ import annotations

import codecs
import re

from anysense.embed.errors import CorruptMediaError, UnsupportedMediaError

__all__ = ["declared_charset", "decode_text"]

_MARKS = (  # UTF-32's little-endian mark begins with UTF-16's
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
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
_MOST_FOREIGN_LETTERS = 0.5
"""Of a text's letters: far more than any Western language has outside ASCII, far fewer than there
are in Cyrillic, Greek or Chinese that is misread as Western."""
_MOST_MISPLACED = 0.1
"""Of its characters outside ASCII."""
_FOREIGN_LETTER = re.compile(r"[À-ÖØ-öø-ÿŒœŠšŽžŸƒ]")
_LETTER = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸƒ]")
# Signs between letters of one word: there they are letters of another encoding.
_MISPLACED = re.compile(r"(?<=[a-zß-öø-ÿ])[¡-¬®-´¶¸-¿×÷€‚„†‡ˆ‰‹›˜™](?=[a-zß-öø-ÿ])")
_FOREIGN = re.compile(r"[\x80-\U0010ffff]")


def decode_text(data: bytes, name: str, charset: str | None = None) -> str:
    """The characters of a text.

    Args:
        data: the bytes of the whole text.
        name: what errors call it.
        charset: the encoding that the text itself names, if it does.

    Raises:
        CorruptMediaError: it is not what its byte order mark says, or holds NUL characters.
        UnsupportedMediaError: its encoding cannot be told.
    """
    text = _decode(data, name, charset)
    if "\0" in text:
        raise CorruptMediaError(name, "holds NUL characters, so it is not a text")
    return text


def declared_charset(head: bytes) -> str | None:
    """The encoding that the first kilobyte of an HTML page or XML document names, if it does."""
    match = _DECLARED.search(head[:1024])
    return match.group(1).decode("ascii", "ignore") if match else None


def _decode(data: bytes, name: str, charset: str | None) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding)
            except UnicodeDecodeError as error:
                raise CorruptMediaError(
                    name, f"begins like a text in {encoding.upper()}, but is damaged or truncated"
                ) from error
    shifts = b"\x1b" in data  # ISO-2022 encodings are ASCII bytes with escapes: valid UTF-8
    for candidate in (charset, "utf-8") if shifts else ("utf-8", charset):
        attempt = _attempt(data, candidate)
        if attempt is not None:
            return attempt
    western = _attempt(data, "cp1252")
    if western is None or not _looks_western(western):
        raise UnsupportedMediaError(
            name, "is text in an encoding that cannot be told: convert it to UTF-8"
        )
    return western


def _attempt(data: bytes, encoding: str | None) -> str | None:
    if encoding is None:
        return None
    try:
        standard = codecs.lookup(encoding).name
        return data.decode(_LARGER.get(standard, standard))
    except (LookupError, ValueError):  # unknown, not a text encoding, or not this one
        return None


def _looks_western(text: str) -> bool:
    letters, foreign = len(_LETTER.findall(text)), len(_FOREIGN_LETTER.findall(text))
    if foreign > _MOST_FOREIGN_LETTERS * letters and foreign > 1:
        return False
    signs = len(_FOREIGN.findall(text))
    return len(_MISPLACED.findall(text)) <= _MOST_MISPLACED * signs
