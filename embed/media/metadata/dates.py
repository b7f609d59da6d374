"""When something was made, as its file says it: in the form in which dates compare as texts."""

from __future__ import annotations

import re
from datetime import datetime

__all__ = ["local_time", "year_of"]

_FIRST_YEAR = 1826
"""Of the oldest photo that is left; what is said to be older has a clock that was never set."""
_TIME = re.compile(
    r"\s*(\d{4})[:\-./]?(\d\d)[:\-./]?(\d\d)"
    r"(?:[T ]+(\d\d):?(\d\d)(?::?(\d\d))?(?:[.,]\d+)?)?\s*(?:Z|[+-]\d\d:?\d\d)?[\s\0]*"
)
_YEAR = re.compile(r"\s*(\d{4})(?!\d)")


def local_time(text: object) -> str | None:
    """A time as ``2024-05-01T18:30:00``, by the clock where it was; a day alone as ``2024-05-01``.

    EXIF writes ``2024:05:01 18:30:00``, XMP ISO 8601 with or without a zone, IPTC ``20240501``.
    A time zone is left out, so that all compare with each other: by what clocks have shown. None
    where it is no time, or one that cannot be, such as of the year 0000.
    """
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    numbers = [int(number) for number in match.groups() if number is not None]
    try:
        time = datetime(*numbers)  # type: ignore[arg-type]
    except ValueError:
        return None
    if time.year < _FIRST_YEAR:
        return None
    return time.isoformat() if match[4] else time.date().isoformat()


def year_of(text: object) -> int | None:
    """The year with which a date begins; None where there is none, or it cannot be."""
    match = _YEAR.match(text) if isinstance(text, str) else None
    year = int(match[1]) if match is not None else 0
    return year if year >= _FIRST_YEAR else None
