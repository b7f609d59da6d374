"""The words of a text, as they are searched.

Words are folded: letters as models get them (`anysense.embed.encoders.letters`), without case, and
without accents in the scripts in which these only change a letter. What is joined by signs, such as
``ERR_2041``, ``node.js`` or ``C++``, is a word as a whole, and so is each of its parts; so is
``getUserName``. A path is one, and so is each name in it, with its suffix and without. In scripts
without spaces each run of two characters is a word, and of three where the characters are letters
(Nie et al., "On the use of words and n-grams for Chinese information retrieval", IRAL 2000), and
shorter ones too, so that one character finds something.

A change of what is a word changes `VERSION`; so does another version of Unicode's tables.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

import regex

from anysense.embed.encoders.letters import plain_letters

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "JOINING",
    "MOST_CHARACTERS",
    "VERSION",
    "Asked",
    "asked_words",
    "with_names_of_paths",
    "words_of_name",
    "words_of_text",
]

VERSION = f"1-{unicodedata.unidata_version}-{regex.__version__}"
"""Of these rules, and of the Unicode tables of Python and of `regex`, which do not say theirs.

Words that were made by others are made anew: what is taken away must be what was put in.
"""

JOINING = "_-.:/'@&+#$"
"""The signs of ASCII that may stand in a word."""

MOST_CHARACTERS = 64
"""Of a word. Nobody types a longer one; it is found by its parts."""

_MOST_KEPT = 128  # characters of a joined word whose parts are remembered

_BY_TWO = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Bopomofo}\u30fc\uff70"
_BY_THREE = r"\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}"
_LETTER = rf"[\p{{L}}\p{{N}}\p{{M}}\p{{Co}}--[{_BY_TWO}{_BY_THREE}]]"
_PIECES = regex.compile(
    rf"(?V1)(?P<two>[{_BY_TWO}]+)|(?P<three>[{_BY_THREE}]+)"
    # In `_*+` nothing is given back, and no run of underscores is begun in the middle: a ruled line
    # is passed over in linear time.
    rf"|(?P<joined>(?<!_)_*+{_LETTER}+(?:[_\-.:/'’@&+#]{{1,4}}{_LETTER}+)*(?:_++|[+#]{{1,2}})?)"
    r"|(?P<sign>[\p{So}\p{Sc}])"
)
_PART = regex.compile(rf"(?V1){_LETTER}+")
_CAMEL = regex.compile(r"(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{Lu})(?=\p{Lu}\p{Ll})", regex.V1)
_DIGITS = regex.compile(r"(?<=\p{L})(?=\p{N})|(?<=\p{N})(?=\p{L})", regex.V1)
# Marks that only change a letter. In other scripts they are its vowels.
_ACCENTS = regex.compile(
    r"(?<=[\p{Latin}\p{Greek}\p{Cyrillic}\p{Mn}])[\u0300-\u036f]+"
    r"|[\u0591-\u05bd\u05bf\u05c1\u05c2\u0610-\u061a\u064b-\u065f\u0670]+"
)


class Asked(NamedTuple):
    """A word of a query.

    Attributes:
        whole: as it was written, folded.
        parts: what stands for it where no text has it as a whole; none if it has no parts.
    """

    whole: str
    parts: tuple[str, ...] = ()


def words_of_text(text: str) -> list[str]:
    """The words of a text in their order, with the parts of each behind it."""
    return [word for piece in _pieces(text) for word in piece.indexed()]


def words_of_name(name: str) -> list[str]:
    """The words of the name of a file: as of a text, and numbers without letters beside them."""
    words = words_of_text(name)
    apart = _DIGITS.sub(" ", plain_letters(name))
    known = set(words)
    return words + [word for word in words_of_text(apart) if word not in known]


def asked_words(text: str) -> list[Asked]:
    """The different words that a query asks for, in their order."""
    return list(dict.fromkeys(asked for piece in _pieces(text) for asked in piece.asked()))


def with_names_of_paths(text: str) -> str:
    """A query with the last part of each path in it behind it, as the names of items have no more.

    >>> with_names_of_paths("media/ducks.ogg at dawn")
    'media/ducks.ogg at dawn ducks.ogg'
    """
    words = [word.replace("\\", "/").rstrip("/") for word in text.split()]
    return " ".join([text, *(word.rpartition("/")[2] for word in words if "/" in word)])


class _Piece(NamedTuple):
    """A run of a text between spaces: of a script that writes none, or joined words."""

    text: str
    size: int  # of the runs of characters that are words of it; 0 if it is joined words

    def indexed(self) -> Iterator[str]:
        if self.size:
            for size in range(1, self.size + 1):
                yield from _runs(self.text, size)
            return
        whole, parts = _split(self.text)
        if whole:
            yield whole
        if parts:
            yield from _names(self.text)
        yield from parts

    def asked(self) -> Iterator[Asked]:
        if self.size:
            yield from map(Asked, _runs(self.text, min(self.size, len(self.text))))
            return
        whole, parts = _split(self.text)
        if whole:
            yield Asked(whole, parts)
        else:
            yield from map(Asked, parts)


def _pieces(text: str) -> Iterator[_Piece]:
    for match in _PIECES.finditer(plain_letters(text)):
        kind = match.lastgroup
        if kind in ("two", "three"):
            yield _Piece(_folded(match[0]), 2 if kind == "two" else 3)
        else:
            yield _Piece(match[0], 0)


def _runs(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(len(text) - size + 1))


def _split(written: str) -> tuple[str, tuple[str, ...]]:
    """A joined word as a whole, empty if it is too long, and its parts if it has several."""
    return _split_short(written) if len(written) <= _MOST_KEPT else _split_anew(written)


def _split_anew(written: str) -> tuple[str, tuple[str, ...]]:
    whole = _folded(written.replace("’", "'"))
    parts = [part for run in _PART.findall(written) for part in _CAMEL.split(run)]
    folded = tuple(_folded(part)[:MOST_CHARACTERS] for part in parts)
    if len(whole) > MOST_CHARACTERS:
        return "", folded
    return whole, () if folded == (whole,) else folded


def _names(written: str) -> Iterator[str]:
    """The names in a joined word that is a path or the like, and those without their suffixes."""
    pieces = [piece.strip("-.'’&+#") for piece in re.split("[/:@]+", written)]
    for piece in pieces:
        stem, dot, _ = piece.rpartition(".")
        for name in (piece, stem) if dot else (piece,):
            is_joined = _PART.fullmatch(name) is None
            if name and name != written and is_joined and len(name) <= MOST_CHARACTERS:
                yield _folded(name.replace("’", "'"))


_split_short = functools.lru_cache(maxsize=1 << 14)(_split_anew)


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    apart = unicodedata.normalize("NFD", text.casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", apart))
