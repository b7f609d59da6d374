"""Files of kinds that are not read: how many there are of which suffix.

A named pipe, a socket and a device are counted as that, whatever their names, and never opened: a
pipe would block for ever, and a device can do anything.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = [
    "UnreadFiles",
    "is_packed_tar",
    "packed_tars",
    "special_kind",
    "special_kind_at",
    "suffix_of",
]

_PACKED_TARS = (
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tbz2",
    ".tar.xz",
    ".txz",
    ".tar.zst",
    ".tzst",
)
_LONGEST_SUFFIX = 12  # with its dot
_MOST_SUFFIXES = 10_000


class UnreadFiles:
    """Counts files by their suffix, in memory that does not grow with their number.

    Where sources overlap, and may so come upon a file twice, each file takes a number.

    Args:
        tell: called with the path of each file.
        may_repeat: whether a file may be noted more than once.
        most_suffixes: so many are told apart; files of further ones count as without a suffix.
    """

    def __init__(
        self,
        tell: Callable[[str], None] | None = None,
        *,
        may_repeat: bool = False,
        most_suffixes: int = _MOST_SUFFIXES,
    ) -> None:
        self._tell = tell
        self._most_suffixes = most_suffixes
        self._noted: set[int] | None = set() if may_repeat else None
        self._by_suffix: Counter[str] = Counter()

    def note(self, paths: Iterable[str], kind: str | None = None) -> None:
        """Note files by their paths.

        Args:
            paths: of the files.
            kind: what they are, where that is not told by their suffixes: see `special_kind`.
        """
        for path in paths:
            if self._noted is not None:
                mark = hash(path)
                if mark in self._noted:
                    continue
                self._noted.add(mark)
            self._by_suffix[kind or self._counted_as(path)] += 1
            if self._tell is not None:
                self._tell(path)

    def by_suffix(self) -> dict[str, int]:
        """How many there are of each suffix, the most first."""
        return dict(self._by_suffix.most_common())

    def _counted_as(self, path: str) -> str:
        """The suffix of a path, or the empty text once there are too many different ones."""
        suffix = suffix_of(path)
        if len(self._by_suffix) >= self._most_suffixes and suffix not in self._by_suffix:
            return ""
        return suffix


def special_kind(mode: int) -> str | None:
    """What something is that is neither a file nor a folder nor a link; None of those.

    Args:
        mode: of the file system, as `os.stat_result.st_mode`.
    """
    if stat.S_ISFIFO(mode):
        return "named pipe"
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        return "device"
    return None


def special_kind_at(path: str) -> str | None:
    """What is at a path, if that is no file; None also where nothing is. It is not opened."""
    try:
        return special_kind(os.lstat(path).st_mode)
    except (OSError, ValueError):
        return None


def suffix_of(path: str) -> str:
    """The suffix of a file's name in small letters; the empty text if that is none of a kind.

    That of a compressed tar is the whole of it: ``.tar.gz``.
    """
    if is_packed_tar(path):
        return next(suffix for suffix in _PACKED_TARS if path.lower().endswith(suffix))
    suffix = PurePath(path).suffix.lower()
    is_kind = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= _LONGEST_SUFFIX
    return suffix if is_kind else ""


def is_packed_tar(name: str) -> bool:
    """Whether a name is that of a compressed tar, in which nothing is found by where it is."""
    return name.lower().endswith(_PACKED_TARS)


def packed_tars(kinds: Mapping[str, int]) -> int:
    """How many of some files are compressed tars.

    Args:
        kinds: how many files there are of each suffix.
    """
    return sum(kinds.get(suffix, 0) for suffix in _PACKED_TARS)
