"""Globs as sources."""

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
from anysense.index.building.sources.paths import is_under

if TYPE_CHECKING:
    from collections.abc import Iterator

    from anysense.index.building.sources.base import Listing
    from anysense.index.building.sources.entries import FileEntry

__all__ = ["GlobSource", "open_glob"]


def open_glob(name: str, path: Path) -> Source:
    """A glob as a source: `name` as it was given, `path` with the home folder in its place.

    Raises:
        UsageError: the folder before its first wildcard does not exist, or it is no glob.
    """
    parts = path.parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed]) if fixed else Path()
    if not base.is_dir():
        raise UsageError(f"{name}: there is no folder {base}.")
    return GlobSource(name, os.path.realpath(base), _translate(parts[fixed:]))


def _translate(parts: tuple[str, ...]) -> re.Pattern[str]:
    """A pattern of relative paths; a folder that matches stands for everything in it."""
    patterns = ["(?:[^/]+/)*" if part == "**" else _translate_name(part) + "/" for part in parts]
    patterns[-1] = ".*" if parts[-1] == "**" else _translate_name(parts[-1])
    try:
        return re.compile(f"{''.join(patterns)}(?:/.*)?", re.DOTALL)
    except re.error as error:
        raise UsageError(f"{'/'.join(parts)} is not a glob: {error}.") from None


def _translate_name(part: str) -> str:
    """One name of a glob as a regular expression: no wildcard of it matches a slash."""
    pattern, position = "", 0
    while position < len(part):
        char = part[position]
        end = part.find("]", position + 2)
        if char == "[" and end > 0:
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

    def find(self, listing: Listing) -> Iterator[FileEntry]:
        entries = walk(self.root, listing, self.covers, self.name)
        return (entry for entry in entries if self.covers(entry.path))

    def covers(self, path: str) -> bool:
        if not is_under(path, self.root):
            return False
        relative = os.path.relpath(path, self.root).replace(os.sep, "/")
        return self.pattern.fullmatch(relative) is not None
