"""A text in the letters that models know; what is stored and filtered stays as it is written.

PDFs hold ligatures, East Asian texts wide letters, posts in social media mathematical ones in place
of bold type; to a model these are unknown characters. Soft hyphens and characters of no width cut a
word into pieces that are no words.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["plain_letters"]

_NOWHERE_SEEN = "\u034f\u180e\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
# Joiners and spaces of no width mean something in many scripts and in emoji, but not in these.
_ALPHABETIC = "A-Za-z\u00c0-\u052f"
_WORDS_UNSPACED = "\u0e00-\u109f\u1780-\u17ff"
_INVISIBLE = re.compile(
    rf"\u00ad(?:[ \t]*\n[ \t]*)?|[{_NOWHERE_SEEN}]"
    rf"|(?<=[{_ALPHABETIC}])[\u200b-\u200d]+"
    rf"|(?<![\u200b-\u200d])[\u200b-\u200d]+(?=[{_ALPHABETIC}])"  # not anew inside of a run
    rf"|(?<![{_WORDS_UNSPACED}])\u200b"
)
_RAISED = "\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089"
_FRAMED = (
    "\u00bc-\u00be\u2150-\u215f\u2189\u2460-\u249b\u24ea\u3251-\u325f\u32b1-\u32bf"
    "\U0001f100-\U0001f10a"
)
_BETWEEN_NUMBERS = re.compile(
    rf"(?<=\d)(?=[{_RAISED}{_FRAMED}])|(?<=[{_RAISED}{_FRAMED}])(?=\d)"
    rf"|(?<=[{_RAISED}])(?=[{_FRAMED}])|(?<=[{_FRAMED}])(?=[{_RAISED}{_FRAMED}])"
)
# White letters on black circles and squares, of which Unicode does not say what letters they are.
_ON_BLACK = {start + at: chr(0x41 + at) for start in (0x1F150, 0x1F170) for at in range(26)}
_SIGNS = frozenset({0x1F170, 0x1F171, 0x1F17E, 0x1F17F})
"""Blood types and parking: emoji, where they stand alone."""
_ALONE = {code: letter for code, letter in _ON_BLACK.items() if code not in _SIGNS}
# Letters that Unicode takes for letters of their own, in words that are written in nothing else.
_SMALL_CAPITALS = str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz")
_STYLED = _SMALL_CAPITALS | _ON_BLACK
_STYLED_LETTERS = "".join(map(chr, _STYLED))
# There is no small capital of s that all fonts have, nor any of x and q.
_STYLED_WORD = re.compile(f"[{_STYLED_LETTERS}][{_STYLED_LETTERS}sxq]*[{_STYLED_LETTERS}]")


def plain_letters(text: str) -> str:
    """A text with ordinary letters in place of their variants, and without what is not seen.

    That is Unicode's NFKC, but for accents that stand alone, and numbers stay what they are: 10² is
    "10 2" and 1½ is "1 1/2"; and words in small capitals. A text that is in NFKC and has neither
    these nor anything invisible comes back as it is.
    """
    if text.isascii():
        return text
    plain = _INVISIBLE.sub("", text)
    plain = _STYLED_WORD.sub(lambda word: word[0].translate(_STYLED), plain).translate(_ALONE)
    if not unicodedata.is_normalized("NFKC", plain):
        plain = _BETWEEN_NUMBERS.sub(" ", plain)
        accents = "".join(filter(_is_lone_accent, set(plain)))
        parts = re.split(f"([{re.escape(accents)}])", plain) if accents else [plain]
        plain = "".join(part if part in accents else _compatible(part) for part in parts)
    return plain if plain.strip() else text


def _compatible(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("\N{FRACTION SLASH}", "/")


def _is_lone_accent(character: str) -> bool:
    """Whether NFKC makes a space with a combining mark of it, which would part a word."""
    return not character.isspace() and unicodedata.normalize("NFKC", character).startswith(" ")
