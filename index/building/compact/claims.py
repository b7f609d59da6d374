"""The texts beside files whose words belong to these: which of the packed entries they are."""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from collections.abc import Set
from typing import TYPE_CHECKING

import numpy as np

from anysense.index.building.compact.packed import as_array

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from anysense.index.building.compact.packed import Entries, Places

__all__ = ["Claims"]


class Claims(Set[str]):
    """The paths of texts that lie beside some files and belong to them: a set, made by folders.

    Args:
        files: those that texts belong to, if any lie beside them.
        unreadable: paths of those that no text belongs to.
    """

    def __init__(self, files: Entries, unreadable: Collection[str] = ()) -> None:
        self._packed = files.packed
        self._claimants: defaultdict[int, array[int]] = defaultdict(lambda: array("Q"))
        self._last: tuple[int, frozenset[str]] = (-1, frozenset())
        for place in _both(self._packed.with_sidecars, files.places):
            if not unreadable or self._packed.path(place) not in unreadable:
                self._claimants[self._packed.in_folder[place]].append(place)

    @classmethod
    def _from_iterable(cls, paths: Iterable[str]) -> frozenset[str]:  # type: ignore[override]
        return frozenset(paths)

    def __contains__(self, path: object) -> bool:
        if not self._claimants or not isinstance(path, str):
            return False
        cut = path.rfind(os.sep) + 1
        number = self._packed.number_of(path[:cut])
        if number is None or number not in self._claimants:
            return False
        return path[cut:] in self._names(number)

    def __iter__(self) -> Iterator[str]:
        for number in self._claimants:
            folder = self._packed.folders[number]
            yield from (folder + name for name in self._names(number))

    def __len__(self) -> int:
        return sum(len(self._names(number)) for number in self._claimants)

    def _names(self, folder: int) -> frozenset[str]:
        """The names of the texts of a folder, of which one after the other is looked at."""
        if self._last[0] != folder:
            self._last = (folder, frozenset(self._named(self._claimants[folder])))
        return self._last[1]

    def _named(self, places: Iterable[int]) -> Iterator[str]:
        for place in places:
            for sidecar in self._packed.sidecars(place):
                yield sidecar.name

    def claimed(self, entries: Entries) -> Places:
        """The places of those entries that are such texts, but what a table names is an item."""
        packed = self._packed
        in_folder = np.frombuffer(packed.in_folder, np.uint32)
        places = entries.as_array()
        wanted = np.fromiter(self._claimants, np.uint32, len(self._claimants))
        places = places[np.isin(in_folder[places], wanted)]
        # Folder by folder, as their names are known one folder at a time.
        claimed = (
            place
            for place in places[np.argsort(in_folder[places], kind="stable")].tolist()
            if not packed.is_row(place)
            and packed.name(place) in self._names(packed.in_folder[place])
        )
        return np.sort(np.fromiter(claimed, np.int64))


def _both(some: Sequence[int], places: Sequence[int]) -> Iterable[int]:
    """Those places among some that are among others too."""
    if not some or isinstance(places, range):  # which looks nothing through
        return (place for place in some if place in places)
    both: list[int] = np.intersect1d(as_array(some), as_array(places)).tolist()
    return both
