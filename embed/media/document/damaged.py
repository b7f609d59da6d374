"""UTF-8 of which some bytes are damaged: a cut character, a stray byte, a line of another encoding.

Valid characters of several bytes hardly come about by chance, so where these far outnumber what is
damaged, the text is UTF-8, and the damage shows as U+FFFD: never as a text of other letters.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from anysense.embed.media.document.searching import PART
from anysense.embed.waiting import check_waiter

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["is_partly_utf8", "repair_utf8"]

_VALID_PER_DAMAGED = 2
"""Texts in other encodings have at most one valid character of several bytes for each byte that is
none, and mostly far fewer (benchmarks/charsets.py)."""

# A character outside the first plane as two surrogates of three bytes: CESU-8, as Java writes it.
_SURROGATES = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
# Dots, quotes and dashes of every Windows encoding, which begin no character of UTF-8.
_STRAY_SIGN = re.compile(rb"(?<![\x80-\xff])[\x85\x91-\x97](?![\x80-\xff])")
_CUT_END = re.compile(rb"(?:[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z")
# Of a character cut after one byte too little is left: this may be the é of Windows-1252.
_SURELY_CUT_END = re.compile(rb"(?:[\xc2-\xc5]|[\xe0-\xf4][\x80-\xbf]{1,2})\Z")
# Half of such a pair, of a text that was cut between the two.
_HALF = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
# Where neither a character nor what is searched for above goes on: before ASCII; before what begins
# a character, unless a stray sign or the first of two surrogates may stand before it; and within
# bytes of which none can belong to another.
_BORDER = re.compile(
    rb"[\x00-\x7f]"
    rb"|(?:(?<=[\x00-\x7f])|(?<=[\x80-\xff]{2}))[\xc0-\xec\xee-\xff]"
    rb"|(?<=[\x80-\x9f\xb0-\xff][\x80-\xff])\xed|(?<=[\x80-\xff]{2})\xed(?![\xb0-\xbf])"
    rb"|(?<=[\x80-\xbf]{3})[\x80-\xbf](?=[\x80-\xff])"
)
_FEW = 2
# What a few damaged bytes may stand beside: signs, and letters that would be an Ã with a sign
# behind it, which no word has.
_SURE = re.compile("[\u00c0-\u00ff\u2010-\u2044\u20ac]")
_BYTES_PER_DAMAGED = 100  # at the least, of a text that a byte order mark says to be UTF-8
_EUROPEAN = re.compile("[\u00a0-\u024f\u2010-\u2044\u20ac]")
_VALID = re.compile("[^\x00-\x7f\ufffd]")


def repair_utf8(data: bytes, *, is_marked: bool = False) -> str | None:
    """The characters of a text in UTF-8 with some damage; None if it is no such text.

    A stray dot, quote or dash of Windows becomes what it means, and so do pairs of surrogates that
    were encoded one by one.

    Args:
        data: the text.
        is_marked: whether it had a byte order mark, so that little damage leaves no doubt.
    """
    cut = _CUT_END.search(data[-3:])
    whole = data[: len(data) - len(cut[0])] if cut else data
    parts, counts = [], Counter[str]()
    for part in _parts(whole):
        check_waiter()
        text = _read(part, counts)
        counts["valid"] += len(_VALID.findall(text))
        counts["lost"] += text.count("\ufffd")
        counts["sure"] += len(_SURE.findall(text))
        parts.append(text)
    strays, halves = counts["strays"], counts["halves"]
    valid, lost = counts["valid"] - strays, counts["lost"] - halves
    if is_marked and (lost - 1) * _BYTES_PER_DAMAGED <= len(data):
        pass
    elif valid + halves == 0:
        if lost + strays or not _SURELY_CUT_END.search(data[-3:]):
            return None
    elif valid + halves < _VALID_PER_DAMAGED * (lost + strays) and not (
        lost <= _FEW and lost <= valid == counts["sure"] - strays
    ):
        return None
    return "".join([*parts, "\ufffd"] if cut else parts)


def _parts(data: bytes) -> Iterator[bytes]:
    """A text in parts that are read each as in the whole; short ones, unless nobody writes so."""
    start = 0
    while start < len(data):
        border = _BORDER.search(data, start + PART)
        end = border.start() if border else len(data)
        yield data[start:end]
        start = end


def _read(part: bytes, counts: Counter[str]) -> str:
    """The characters of a part, of which strays and halves of pairs are counted."""
    part = _SURROGATES.sub(lambda pair: _joined(pair[0]), part)
    part, halves = _HALF.subn("\ufffd".encode(), part)
    part, strays = _STRAY_SIGN.subn(lambda sign: sign[0].decode("cp1252").encode(), part)
    counts.update(halves=halves, strays=strays)
    return part.decode("utf-8", "replace")


def is_partly_utf8(data: bytes) -> bool:
    """Whether so much of a text with Latin letters is UTF-8 that it is in two encodings.

    Read as one of them the other part is garbled. Counted are the letters and signs of Europe.
    """
    text = data.decode("utf-8", "replace")
    return 2 * len(_EUROPEAN.findall(text)) >= text.count("\ufffd")


def _joined(surrogates: bytes) -> bytes:
    pair = surrogates.decode("utf-8", "surrogatepass")
    return pair.encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()
