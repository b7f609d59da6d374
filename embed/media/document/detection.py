"""Texts that name no encoding and are not Unicode: told by their letters, or not at all.

chardet compares a text with models of many languages in many encodings, and is right most often.
What it finds likeliest has to look written as well: its letters are those of one language, letters
of two scripts do not stand in one word, no signs stand between the letters of a word, and no
capitals follow its small ones. What does not look so is passed over, for what is nearly as likely;
then the text is refused. Figures in docs/decisions.md, by benchmarks/charsets.py.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anysense.embed.media.document.alphabets import count_outside
from anysense.embed.media.document.damaged import is_partly_utf8
from anysense.embed.media.document.searching import decode_in_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["detect_text", "western_text"]

# fmt: off
# What people's old files are in. Those of mainframes, of single printers and of one typewriter are
# left out: they would only take texts from these.
_ENCODINGS = (
    "big5hkscs", "cp850", "cp852", "cp866", "cp932", "cp949", "cp1250", "cp1251", "cp1252",
    "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "euc_jis_2004", "gb18030",
    "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_ext", "iso2022_kr", "iso8859-2", "iso8859-5",
    "iso8859-6", "iso8859-7", "iso8859-8", "iso8859-13", "iso8859-15", "koi8-r", "koi8-u",
    "mac-cyrillic", "mac-roman", "shift_jis_2004", "tis-620",
)
_LATIN_ENCODINGS = frozenset([
    "cp850", "cp852", "cp1250", "cp1252", "cp1254", "cp1257", "cp1258", "iso8859-2", "iso8859-13",
    "iso8859-15", "mac-roman",
])
# fmt: on
_SAMPLE_BYTES = 200_000
_WESTERN = ("cp1252", "iso8859-15")
# chardet takes all encodings for equally frequent; Western ones are more so. How much likelier that
# makes them:
_FOREIGN_BONUS = 0.5  # of one foreign character; with their number it becomes less
_SIGNS_BONUS = 1.0  # where there are signs and no foreign letters
_FEW_SIGNS = 2  # of which chardet can tell nothing
_MOST_FOREIGN_SIGNS = 0.25  # of all characters
_LONG = 150  # characters, from which on a bonus decides nothing: what it would change is refused
_NEARLY = 0.6  # of the greatest likelihood
_NEARLY_WESTERN = 0.4
_MOST_OUTSIDE = 0.1  # of the foreign characters, as the next two
_MOST_MIXED = 0.1
_MOST_SIGNS = 0.05  # within words, and so many capitals
_MOST_CONTROLS = 0.005  # of all characters, and one

_FOREIGN = re.compile(r"[^\x00-\x7f]")
_UNWRITTEN = re.compile("[\x80-\x84\x86-\x9f\ue000-\uf8ff\ufffd¤]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")
_LATIN = r"[A-Za-zÀ-ɏ]"
# Not East Asian, where Latin words need no spaces around them.
_OTHER_SCRIPT = r"[^\W\d_\x00-\u024f\u1e00-\u1eff\u3000-\uffff]"
_MIXED = re.compile(rf"{_LATIN}(?={_OTHER_SCRIPT})|(?<={_OTHER_SCRIPT}){_LATIN}")
# Signs that stand within a word, as apostrophes, hyphens and marks over letters may.
_WRITTEN_WITHIN = (
    r"\w\s\x00-\x7f\u00ad\u00b7\u0300-\u036f\u0591-\u05c7\u0600-\u06ff\u0e00-\u0e7f\u200c\u200d"
    r"\u2010-\u2015\u2018\u2019\u2026\u3000-\u30ff\uff00-\uffef"
)
_SIGN_WITHIN = re.compile(rf"(?<=[^\W\d_])[^{_WRITTEN_WITHIN}](?=[^\W\d_])")
# An accent or a fraction beside a letter, an opening sign that follows one, or a bar that begins a
# word: nobody writes these.
_MISPLACED = re.compile(
    r"(?<=[^\W\d_¹-¾])[¨¯¸ˆˇ˘˙˛˝¹¼-¾‚„¡¿]|[¨¯¸ˆˇ˘˙˛˝¹¼-¾](?=[^\W\d_¹-¾])|(?<!\S)¦(?=[^\W\d_])"
)
_CASED = [chr(code) for code in range(0xC0, 0x530)]  # Latin, Greek, Cyrillic
_SMALL = "a-z" + "".join(filter(str.islower, _CASED))
_CAPITAL_WITHIN = re.compile(f"(?<=[{_SMALL}])[{''.join(filter(str.isupper, _CASED))}]")


@dataclass(frozen=True)
class _Reading:
    """A text as one encoding reads it, how likely that is, and how much in it is not ASCII."""

    encoding: str
    confidence: float
    bonus: float
    sample: str
    foreign: int

    @property
    def likelihood(self) -> float:
        return self.confidence * (1 + self.bonus)

    @property
    def looks_written(self) -> bool:
        """Whether its letters and signs are as people write them; Western words are borrowed."""
        sample, foreign = self.sample, self.foreign
        return (
            count_outside(sample) <= (self.encoding in _WESTERN) + _MOST_OUTSIDE * foreign
            and len(_MIXED.findall(sample)) <= _MOST_MIXED * foreign
            and len(_SIGN_WITHIN.findall(sample)) <= _MOST_SIGNS * foreign
            and len(_CAPITAL_WITHIN.findall(sample)) <= _MOST_SIGNS * foreign
            and _MISPLACED.search(sample) is None
        )


def detect_text(data: bytes) -> str | None:
    """The characters of a text in an encoding that is not stated; None where it cannot be told."""
    sample = _sample(data)
    reading = _with_few_signs(sample) or _choose(list(_readings(sample)))
    if reading is None:
        return None
    try:
        return decode_in_parts(data, reading.encoding)
    except UnicodeDecodeError:
        return None


def western_text(data: bytes) -> str | None:
    """The characters of a phrase in Windows-1252, if it looks written in it: a name, a title.

    For what is in that encoding more often than in any other; chardet can tell little of a phrase.
    """
    text = _decoded(data, _WESTERN[0])
    if text is None:
        return None
    letters, foreign = sum(map(str.isalpha, text)), len(_FOREIGN.findall(text))
    is_written = _Reading(_WESTERN[0], 1.0, 0.0, text, foreign).looks_written
    return text if is_written and foreign <= max(1, letters // 2) else None


def _with_few_signs(sample: bytes) -> _Reading | None:
    """The Western reading of a text with one or two signs, if it is one."""
    text = _decoded(sample, _WESTERN[0])
    if text is None or not _has_signs_alone(text):
        return None
    reading = _Reading(_WESTERN[0], 1.0, 0.0, text, len(_FOREIGN.findall(text)))
    return reading if reading.foreign <= _FEW_SIGNS and reading.looks_written else None


def _choose(readings: list[_Reading]) -> _Reading | None:
    """The likeliest reading that looks written, if it is sure enough."""
    written = [reading for reading in readings if reading.looks_written]
    if not written:
        return None
    best = max(written, key=lambda reading: reading.likelihood)
    likeliest = max(reading.likelihood for reading in readings)
    if best.likelihood < likeliest * (_NEARLY_WESTERN if best.encoding in _WESTERN else _NEARLY):
        return None
    by_model = max(written, key=lambda reading: reading.confidence)
    return best if best is by_model or len(best.sample) < _LONG else None


def _readings(sample: bytes) -> Iterator[_Reading]:
    """What a text reads as, each set of characters once."""
    import chardet

    seen = set()
    is_mixed = is_partly_utf8(sample)
    for guess in chardet.detect_all(
        sample, ignore_threshold=True, include_encodings=_ENCODINGS, compat_names=False
    ):
        encoding = guess["encoding"]
        text = _decoded(sample, encoding) if encoding is not None else None
        if encoding is None or text is None or text in seen:
            continue
        if is_mixed and encoding in _LATIN_ENCODINGS:
            continue
        seen.add(text)
        foreign = len(_FOREIGN.findall(text))
        bonus = 0.0
        if encoding in _WESTERN and foreign:
            bonus = _SIGNS_BONUS if _has_signs_alone(text) else _FOREIGN_BONUS / foreign**1.5
        yield _Reading(encoding, guess["confidence"], bonus, text, foreign)


def _has_signs_alone(text: str) -> bool:
    """Whether what is not ASCII in a text are a few signs: quotes, dashes, a degree, a currency."""
    foreign = _FOREIGN.findall(text)
    is_little = 0 < len(foreign) <= _MOST_FOREIGN_SIGNS * len(text)
    return is_little and not any(map(str.isalpha, foreign))


def _decoded(sample: bytes, encoding: str) -> str | None:
    try:
        text = sample.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None
    if _UNWRITTEN.search(text) or len(_CONTROLS.findall(text)) > 1 + _MOST_CONTROLS * len(text):
        return None
    return unicodedata.normalize("NFC", text)  # of cp1258, which has marks apart


def _sample(data: bytes) -> bytes:
    """Whole lines of a long text, from where it is no longer ASCII."""
    if len(data) <= _SAMPLE_BYTES:
        return data
    match = re.search(rb"[\x1b\x80-\xff]", data)
    first = match.start() if match else 0
    start = data.rfind(b"\n", max(0, first - 2000), first) + 1 or first
    end = data.rfind(b"\n", start, start + _SAMPLE_BYTES) + 1
    return data[start : end if end > first else start + _SAMPLE_BYTES]
