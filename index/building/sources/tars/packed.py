"""What says something of the items of a tar, packed: some 30 bytes a member and its group's name.

A scan holds this of all of its tars until their items are made, and of a large data set that is
millions of members, which as objects would take 400 bytes each.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from anysense.index.building.sources.tars.groups import Words

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PackedWords"]


class PackedWords:
    """The members that say something of the items of each group, by the group's key.

    Args:
        words: of each group.
    """

    def __init__(self, words: Mapping[str, tuple[Words, ...]]) -> None:
        self._keys = bytearray()  # in the order of their bytes, one after the other
        self._key_ends = array("Q")
        self._firsts = array("I", [0])  # of the words of each key, and where the last ones end
        self._starts, self._sizes = array("Q"), array("Q")
        self._endings = array("I")
        self._ending_names: list[str] = []
        numbers: dict[str, int] = {}
        for key, name in sorted((name.encode("utf-8", "surrogatepass"), name) for name in words):
            self._keys += key
            self._key_ends.append(len(self._keys))
            for each in words[name]:
                self._starts.append(each.start)
                self._sizes.append(each.size)
                self._endings.append(numbers.setdefault(each.ending, len(numbers)))
            self._firsts.append(len(self._starts))
        self._ending_names += numbers

    def of(self, key: str) -> tuple[Words, ...]:
        """What says something of the items of a group, captions first; nothing for other keys."""
        wanted = key.encode("utf-8", "surrogatepass")
        low, high = 0, len(self._key_ends)
        while low < high:
            middle = (low + high) // 2
            if self._key(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        if low == len(self._key_ends) or self._key(low) != wanted:
            return ()
        return tuple(map(self._words, range(self._firsts[low], self._firsts[low + 1])))

    def _key(self, at: int) -> bytes:
        start = self._key_ends[at - 1] if at else 0
        return bytes(self._keys[start : self._key_ends[at]])

    def _words(self, at: int) -> Words:
        ending = self._ending_names[self._endings[at]]
        return Words(ending, self._starts[at], self._sizes[at])
