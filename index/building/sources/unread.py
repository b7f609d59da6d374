"""Files of kinds that are not read: how many there are of which suffix."""

from __future__ import annotations

from collections import Counter
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["UnreadFiles", "suffix_of"]

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

    def note(self, paths: Iterable[str]) -> None:
        """Note files by their paths."""
        for path in paths:
            if self._noted is not None:
                mark = hash(path)
                if mark in self._noted:
                    continue
                self._noted.add(mark)
            self._by_suffix[self._counted_as(path)] += 1
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


def suffix_of(path: str) -> str:
    """The suffix of a file's name in small letters; the empty text if that is none of a kind."""
    suffix = PurePath(path).suffix.lower()
    is_kind = suffix[1:].isascii() and suffix[1:].isalnum() and len(suffix) <= _LONGEST_SUFFIX
    return suffix if is_kind else ""
