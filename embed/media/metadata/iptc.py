"""The words in the IPTC-IIM records of a picture, which news agencies and archives write.

A record is a list of data sets: 0x1C, record, number, length in two bytes, value (IIM 4.2, 1.5).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.embed.media.metadata.dates import local_time
from anysense.embed.media.phrases import decode_tag

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["iptc_facts", "iptc_texts"]

_MARKER = 0x1C
_APPLICATION = 2  # the record of what describes the picture
_TITLE, _KEYWORD, _HEADLINE, _CAPTION = 5, 25, 105, 120
_DATE, _TIME = 55, 60
_EXTENDED = 0x8000  # a value over 32 KiB, as no text of interest has
_MOST_SETS = 1000


def iptc_texts(data: bytes) -> list[str]:
    """Title, headline and caption, and the keywords as one text; none where the data is broken.

    The encoding that data set 1:90 states does not matter: it is UTF-8, which shows by itself, or
    one of those that nobody used, and without it most wrote Latin-1 or Windows-1252.
    """
    texts: dict[int, list[str]] = {number: [] for number in (_TITLE, _HEADLINE, _CAPTION, _KEYWORD)}
    for number, value in _application_sets(data):
        if number in texts:
            texts[number].append(decode_tag(value).strip())
    texts[_KEYWORD] = [", ".join(filter(None, texts[_KEYWORD]))]
    return [text for values in texts.values() for text in values if text]


def iptc_facts(data: bytes) -> dict[str, Any]:
    """Title, keywords and when it was taken, as metadata; nothing where the data is broken."""
    values: dict[int, list[str]] = {}
    for number, value in _application_sets(data):
        values.setdefault(number, []).append(decode_tag(value).strip())
    facts: dict[str, Any] = {"keywords": values.get(_KEYWORD, [])}
    if _TITLE in values:
        facts["title"] = values[_TITLE][0]
    date, time = (values.get(number, [""])[0] for number in (_DATE, _TIME))
    taken = local_time(f"{date}T{time}") or local_time(date)
    return {**facts, "taken": taken} if taken is not None else facts


def _application_sets(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers and values of the data sets of record 2, up to where the data is broken."""
    start = data.find(_MARKER)
    for _ in range(_MOST_SETS):
        if start < 0 or start + 5 > len(data) or data[start] != _MARKER:
            return
        record, number = data[start + 1], data[start + 2]
        length = int.from_bytes(data[start + 3 : start + 5], "big")
        end = start + 5 + length
        if length & _EXTENDED or end > len(data):
            return
        if record == _APPLICATION:
            yield number, data[start + 5 : end]
        start = end
