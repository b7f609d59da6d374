"""Patterns of gitignore's syntax, of which none takes ages to be matched.

pathspec makes a regular expression of each. Python's try all ways to share a name among several
stars before they give up, which takes hours for ``*a*a*a*a*a*b`` and a long name, and a folder may
come from anybody. Here all stars of a segment but the last take the first place that fits, and do
not try another one: if that leads to nothing, neither does a later one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pathspec import GitIgnoreSpec
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["parse_pattern", "spec_of"]

_LONGEST = 4096
_STAR, _SIGN = "[^/]*", "[^/]"
_AHEAD, _BETWEEN = "^(?:.+/)?", "(?:/.+)?"
"""What pathspec writes for ``*``, ``?``, and for ``**`` at the beginning and in the middle. Nothing
else in a pattern becomes any of these, as it holds no slash or is escaped."""


class _Pattern(GitIgnoreSpecPattern):
    __slots__ = ()

    @classmethod
    def pattern_to_regex(cls, pattern: Any) -> tuple[Any, bool | None]:
        regex, include = super().pattern_to_regex(pattern)
        return (None if regex is None else _without_retries(regex)), include


def parse_pattern(line: str) -> GitIgnoreSpecPattern | None:
    """A line as a pattern, be it one that says nothing; None if it is none."""
    if len(line) > _LONGEST:
        return None
    try:
        return _Pattern(line)
    except (ValueError, re.error):  # the second of them by [z-a]
        return None


def spec_of(patterns: Iterable[GitIgnoreSpecPattern]) -> GitIgnoreSpec:
    """What patterns mean together, the later ones foremost."""
    return GitIgnoreSpec(patterns, backend="simple")


def _without_retries(regex: str) -> str:
    """A regular expression of pathspec that matches the same, and tries less."""
    begins_anywhere = regex.startswith(_AHEAD)
    first, *others = regex.removeprefix(_AHEAD).split(_BETWEEN)
    chunks = [(_AHEAD, "^(?:.+?/)??", first)] if begins_anywhere else [("", "", first)]
    chunks += [(_BETWEEN, "(?:/.+?)??", chunk) for chunk in others]
    parts = []
    for place, (greedy, lazy, chunk) in enumerate(chunks):
        bound = _with_bound_stars(chunk, f"c{place}")
        if place == len(chunks) - 1 or not lazy:
            parts.append(greedy + bound)
        else:  # a whole number of segments: the first place that fits is as good as any
            parts.append(_once(f"{lazy}{bound}(?=/)", f"c{place}"))
    return "".join(parts)


def _with_bound_stars(chunk: str, name: str) -> str:
    first, *others = chunk.split(_STAR)
    parts = [first]
    for place, text in enumerate(others):
        is_last = place == len(others) - 1 or "/" in text.replace(_SIGN, "")
        parts.append(_STAR + text if is_last else _once(f"{_STAR}?{text}", f"{name}s{place}"))
    return "".join(parts)


def _once(regex: str, name: str) -> str:
    """An expression whose first match counts: an atomic group, which Python 3.10 does not have."""
    return f"(?=(?P<{name}>{regex}))(?P={name})"
