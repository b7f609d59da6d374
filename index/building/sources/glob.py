"""Globs as sources; in braces as shells and WebDatasets write them, too: ``{000..099}.tar``."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.index.building.sources.base import Source
from anysense.index.building.sources.files import walk
from anysense.index.building.sources.paths import holder_of, is_under

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.sources.base import Listing
    from anysense.index.building.sources.entries import Entry

__all__ = ["GlobSource", "has_braces", "has_wildcard", "open_glob", "translate_glob"]

_BRACES = re.compile(r"\{(?:(\d+)\.\.(\d+)|([^{}/]*,[^{}/]*))\}")
_MOST_DIGITS = 18


def has_wildcard(name: str) -> bool:
    """Whether a name may stand for several files."""
    return glob.has_magic(name) or has_braces(name)


def has_braces(name: str) -> bool:
    """Whether braces in a name stand for several: a range of numbers, or words."""
    return _BRACES.search(name) is not None


def open_glob(name: str, path: Path) -> Source:
    """A glob as a source: `name` as it was given, `path` with the home folder in its place.

    Folders whose names are there as they stand, such as ``photos [2019]``, are no wildcards.

    Raises:
        UsageError: the folder before its first wildcard does not exist, or it is no glob, or it has
            no wildcard after all.
    """
    base, parts = Path(), list(path.parts)
    while len(parts) > 1 and (not has_wildcard(parts[0]) or _is_folder(base / parts[0])):
        base /= parts.pop(0)
    if not _is_folder(base):
        raise UsageError(f"{name}: there is no folder {base}.")
    if len(parts) == 1 and not has_wildcard(parts[0]):
        raise UsageError(f"{name}: no such file or folder.")
    return GlobSource(name, os.path.realpath(base), translate_glob(tuple(parts)))


def _is_folder(path: Path) -> bool:
    return os.path.isdir(path)  # noqa: PTH112 - which takes a name of any length, as braces have


def translate_glob(parts: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of relative paths; a folder that matches stands for everything in it.

    Raises:
        UsageError: they are no glob.
    """
    patterns = ["(?:[^/]+/)*" if part == "**" else _translate_name(part) + "/" for part in parts]
    patterns[-1] = ".*" if parts[-1] == "**" else _translate_name(parts[-1])
    try:
        return re.compile(f"{''.join(patterns)}(?:/.*)?", re.DOTALL)
    except re.error as error:
        raise UsageError(f"{'/'.join(parts)} is not a glob: {error}.") from None


def _translate_name(part: str) -> str:
    """One name of a glob as a regular expression: no wildcard of it matches a slash.

    Brackets are a set of characters, or what stands in a name: ``[2019]`` matches ``[2019]`` too.
    """
    braces = _BRACES.search(part)
    if braces is not None:
        before, after = part[: braces.start()], part[braces.end() :]
        first, last, words = braces.groups()
        if words is not None:
            inner = "|".join(map(_translate_name, words.split(",")))
        else:
            inner = _translate_range(first, last)
        return f"{_translate_name(before)}(?:{inner}){_translate_name(after)}"
    pattern, literal = _translate_sets(part, True), _translate_sets(part, False)
    return pattern if pattern == literal else f"(?:{pattern}|{literal})"


def _translate_range(first: str, last: str) -> str:
    """The numbers from one to another as a regular expression, with as many digits as these."""
    if int(first) > int(last) or len(last) > _MOST_DIGITS:
        raise UsageError(f"{{{first}..{last}}} is no range of numbers, the smaller first.")
    by_length = []
    for length in range(len(first), max(len(first), len(last)) + 1):
        low = first if length == len(first) else "1".ljust(length, "0")
        high = last.zfill(length) if length >= len(last) else "9" * length
        by_length.append(_digits_between(low, high))
    return "|".join(by_length)


def _digits_between(low: str, high: str) -> str:
    """The texts of digits between two of one length."""
    if not low:
        return ""
    if low[0] == high[0]:
        return low[0] + _digits_between(low[1:], high[1:])
    rest = len(low) - 1
    parts = [low[0] + _digits_between(low[1:], "9" * rest)]
    if int(high[0]) - int(low[0]) > 1:
        parts.append(f"[{int(low[0]) + 1}-{int(high[0]) - 1}]" + "[0-9]" * rest)
    parts.append(high[0] + _digits_between("0" * rest, high[1:]))
    return f"(?:{'|'.join(parts)})"


def _translate_sets(part: str, has_sets: bool) -> str:
    """One name of a glob as a regular expression, with brackets as sets or as they stand."""
    pattern, position = "", 0
    while position < len(part):
        char = part[position]
        end = part.find("]", position + 2)
        if char == "[" and end > 0 and has_sets:
            inner = re.sub(r"([\\\[&~|^])", r"\\\1", part[position + 1 : end])
            pattern += f"[^{inner[1:]}/]" if inner.startswith("!") else f"[{inner}]"
            position = end
        else:
            pattern += {"*": "[^/]*", "?": "[^/]"}.get(char, re.escape(char))
        position += 1
    return pattern


@dataclass(frozen=True)
class GlobSource(Source):
    pattern: re.Pattern[str]

    def find(self, listing: Listing) -> Iterator[Entry]:
        entries = walk(self.root, listing, self.covers, self.name)
        return (entry for entry in entries if self.covers(entry.path))

    def covers(self, path: str) -> bool:
        if not is_under(path, self.root):
            return False
        path = holder_of(path) or path  # a file stands for everything in it, as a folder does
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        return self.pattern.fullmatch(relative) is not None
