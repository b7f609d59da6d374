"""Which files of a folder are left out because a pattern says so: --exclude, .ignore, .gitignore.

Patterns have gitignore's syntax and meaning: the last of a file that fits decides, one with ``!``
takes back in, and what is in a folder that is left out cannot be taken back in. Of several files
the first of these that says anything decides:

1. the patterns given to a build, which start at each of its sources;
2. ``.ignore``, that of the nearest folder first;
3. ``.gitignore``, that of the nearest folder first, whether or not there is a repository around;
4. ``.git/info/exclude`` of a repository.

Of the folders above a source, those of the repository that it is in count, and no others: nobody
looks for an ignore file further away, and git's own settings of a user and of a machine are not
read, so that a folder gives the same collection to everyone. A repository inside of another one
does not know the ``.gitignore`` around it. A source is named, so it is read: where the files above
it leave it out themselves, they do not count in it.
"""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.index.building.sources.patterns import parse_pattern, spec_of

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pathspec import GitIgnoreSpec

__all__ = ["EXCLUDE", "IGNORE_FILES", "Patterns", "Rules", "check_patterns", "rules_at"]

_log = logging.getLogger("anysense")

EXCLUDE = "--exclude"
"""What a report calls the patterns that a build was given."""

_IGNORE, _GITIGNORE, _REPOSITORY = ".ignore", ".gitignore", ".git"
IGNORE_FILES = (_GITIGNORE, _IGNORE)
_MOST_BYTES = 1 << 17  # of an ignore file: that many short patterns take seconds to be read


@dataclass(frozen=True)
class Patterns:
    """Patterns of one file, or those given to a build.

    Attributes:
        name: the file's path, or `EXCLUDE`.
        folder: where they start.
        spec: what they mean.
    """

    name: str
    folder: str
    spec: GitIgnoreSpec

    def decide(self, path: str, is_folder: bool) -> bool | None:
        """Whether a path inside of the folder is left out; None where no pattern fits it."""
        relative = path[len(self.folder) :].lstrip(os.sep).replace(os.sep, "/")
        return self.spec.check_file(f"{relative}/" if is_folder else relative).include


@dataclass(frozen=True)
class Rules:
    """The patterns that hold in one folder of a walk, the ones that decide first foremost.

    Attributes:
        given: those given to a build.
        ignores: those of ``.ignore``, the nearest first.
        gitignores: those of ``.gitignore``, the nearest first, and of the repository.
        reads_files: whether ignore files count at all.
    """

    given: tuple[Patterns, ...] = ()
    ignores: tuple[Patterns, ...] = ()
    gitignores: tuple[Patterns, ...] = ()
    reads_files: bool = True

    def left_out_by(self, path: str, is_folder: bool) -> str | None:
        """The name of the patterns that leave a path out; None where it is not left out."""
        for patterns in (*self.given, *self.ignores, *self.gitignores):
            decision = patterns.decide(path, is_folder)
            if decision is not None:
                return patterns.name if decision else None
        return None

    def inside(self, folder: str, names: Collection[str]) -> Rules:
        """The rules in a folder below, or at the start of a walk.

        Args:
            folder: its path.
            names: of what is in it.
        """
        if not self.reads_files:
            return self
        rules = self
        if _REPOSITORY in names:
            rules = replace(rules, gitignores=_read(Path(folder, ".git/info/exclude"), folder))
        if _GITIGNORE in names:
            found = _read(Path(folder, _GITIGNORE), folder)
            rules = replace(rules, gitignores=found + rules.gitignores)
        if _IGNORE in names:
            found = _read(Path(folder, _IGNORE), folder)
            rules = replace(rules, ignores=found + rules.ignores)
        return rules


def rules_at(
    folder: str,
    given: Sequence[str] = (),
    *,
    reads_files: bool = True,
) -> Rules:
    """The rules that hold around a folder that is a source, before its own ignore files are read.

    Args:
        folder: its real path.
        given: patterns that start there.
        reads_files: whether ignore files count.
    """
    own = (Patterns(EXCLUDE, folder, check_patterns(given)),) if given else ()
    rules = Rules(own, reads_files=reads_files)
    if not reads_files:
        return rules
    around = Rules()
    for above, below in pairwise(_steps_from_repository(folder)):
        names = (_REPOSITORY, _GITIGNORE, _IGNORE)
        there = [name for name in names if os.path.lexists(os.path.join(above, name))]  # noqa: PTH118
        around = around.inside(above, there)
        if around.left_out_by(below, is_folder=True):
            return rules
    return replace(rules, ignores=around.ignores, gitignores=around.gitignores)


def check_patterns(patterns: Sequence[str]) -> GitIgnoreSpec:
    """What patterns mean.

    Raises:
        UsageError: one of them is none, is empty, or too long.
    """
    parsed = []
    for line in patterns:
        pattern = parse_pattern(line)
        if pattern is None or not line.strip():
            raise UsageError(
                f"{line[:200]!r} is no pattern of what to leave out: write it as in .gitignore, "
                "such as '*.tmp.jpg', 'drafts/' or '/private'."
            )
        parsed.append(pattern)
    return spec_of(parsed)


def _steps_from_repository(folder: str) -> list[str]:
    """The folders from the one of the repository that a folder is in down to it, with both."""
    steps: list[str] = []
    for step in (Path(folder), *Path(folder).parents):
        steps.insert(0, str(step))
        if os.path.lexists(step / _REPOSITORY):
            return steps
    return []


def _read(path: Path, folder: str) -> tuple[Patterns, ...]:
    """The patterns of a file, which start at a folder; nothing, with a warning, if it is broken."""
    try:
        if path.is_symlink():  # as git has it: what it leads to is none of this folder's
            _log.warning("%s leaves nothing out: it is a link", path)
            return ()
        if not path.is_file():
            return ()
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        _log.warning("%s leaves nothing out: %s", path, error.strerror or error)
        return ()
    if len(data) > _MOST_BYTES:
        _log.warning("%s leaves nothing out: it has over %d bytes", path, _MOST_BYTES)
        return ()
    # Names that are not UTF-8 have surrogates in Python's paths, and so they have in here.
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape")
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return (Patterns(str(path), folder, _spec_of(path, lines)),)


def _spec_of(path: Path, lines: Sequence[str]) -> GitIgnoreSpec:
    """What the lines of a file mean; those that are no patterns are warned of, and mean nothing."""
    patterns = []
    for number, line in enumerate(lines, start=1):
        pattern = parse_pattern(line)
        if pattern is None:
            _log.warning("%s: line %d is no pattern and leaves nothing out", path, number)
        else:
            patterns.append(pattern)
    return spec_of(patterns)
