"""Which letters beyond ASCII the languages with Latin letters write, to tell their encodings apart.

A text that was read in the wrong encoding has letters that no one language has together: Turkish
read as Western has ð and þ, as Icelandic has, beside ç and ü, which Icelandic has not.
"""

from __future__ import annotations

import re
from collections import Counter

__all__ = ["count_outside"]

_VIETNAMESE = "àáâãèéêìíòóôõùúýăđĩũơư" + "".join(map(chr, range(0x1EA0, 0x1EFA)))
_ALPHABETS = (  # with the letters of words that they have borrowed
    "àçèéíïòóúü",  # Catalan
    "áčďéěíňóřšťúůýž",  # Czech
    "âêîôûŵŷ",  # Welsh
    "æøåéòôó",  # Danish, Norwegian
    "äöüß",  # German
    "éèêëïçàâôöñ",  # English, with French and German words
    "ĉĝĥĵŝŭ",  # Esperanto
    "áéíñóúü",  # Spanish
    "äõöüšž",  # Estonian
    "äöåšž",  # Finnish
    "àâæçèéêëîïôœùûüÿ",  # French
    "áéíóú",  # Irish
    "àèìòù",  # Gaelic
    "čćđšž",  # Croatian, Slovene, Serbian
    "áéíóöőúüű",  # Hungarian
    "áæðéíóöþúý",  # Icelandic
    "àèéìíîòóùú",  # Italian
    "ąčęėįšųūž",  # Lithuanian
    "āčēģīķļņšūž",  # Latvian
    "àċġħż",  # Maltese
    "àáèéëïíóöüĳ",  # Dutch
    "ąćęłńóśźż",  # Polish
    "àáâãçéêíóôõúü",  # Portuguese
    "ăâîșțşţ",  # Romanian, with the cedillas of encodings that have no commas
    "áäčďéíĺľňóôŕšťúýž",  # Slovak
    "çë",  # Albanian
    "åäöé",  # Swedish
    "çəğıöşüâîûİ",  # Turkish, Azerbaijani
    _VIETNAMESE,
)
_SETS = tuple(frozenset(letters + letters.upper()) for letters in _ALPHABETS)
_LATIN_LETTER = re.compile("[ªµºÀ-ÖØ-öø-ɏḀ-ỿ]")


def count_outside(text: str) -> int:
    """How many of a text's Latin letters beyond ASCII are not of the alphabet that has most."""
    letters = Counter(_LATIN_LETTER.findall(text))
    return min(
        sum(count for letter, count in letters.items() if letter not in alphabet)
        for alphabet in _SETS
    )
