"""The entries of a scan, packed: some 50 bytes a file beside its name, where objects take 1,000.

A folder's path is kept once, numbers stand in arrays, and an entry is made anew whenever it is
asked for. What a table says of an item is kept as it is.
"""

from __future__ import annotations

import os
from array import array
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias, overload

import numpy as np

from anysense.index.building.sources.entries import Entry, FileEntry, LazyEntry, RowEntry
from anysense.index.catalog.records import read_sidecars, write_sidecars

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    import numpy.typing as npt

    from anysense.index.building.sources.entries import Holder
    from anysense.index.catalog.records import Sidecar

__all__ = ["Entries", "PackedEntries", "PathView", "Places", "as_array"]

Places: TypeAlias = "npt.NDArray[np.int64]"
"""Where entries stand among those that are packed."""

CHUNK = 65536
"""So many places are looked through at once."""


class PackedEntries:
    """Entries in the order in which they are added, by their places: 0, 1, 2 and so on.

    Attributes:
        folders: the paths that the names of entries follow, each with its separator.
        in_folder: the number of each entry's folder.
        with_sidecars: the places of entries beside which texts lie.
    """

    def __init__(self) -> None:
        self.folders: list[str] = []
        self.in_folder = array("I")
        self.with_sidecars = array("Q")
        self._folder_numbers: dict[str, int] = {}
        self._texts = bytearray()  # names, and behind zeros sidecars and keys that are texts
        self._ends = array("Q")
        self._sizes = array("q")
        self._times = array("q")
        self._changes = array("q")
        self._hashes = array("q")
        self._in_holder = array("I")  # 0 of what is a file of its own
        self._holders: list[tuple[type[LazyEntry], Holder]] = []
        self._rows: dict[int, Entry] = {}

    def __len__(self) -> int:
        return len(self._sizes)

    def append(self, entry: Entry) -> None:
        path = entry.path
        cut = path.rfind(os.sep) + 1
        folder = path[:cut]
        number = self._folder_numbers.get(folder)
        if number is None:
            number = self._folder_numbers[folder] = len(self.folders)
            self.folders.append(folder)
        texts, holder, changed = [path[cut:]], 0, 0
        if isinstance(entry, RowEntry) or (isinstance(entry, FileEntry) and entry.item is not None):
            self._rows[len(self)] = entry
        if not isinstance(entry, RowEntry) and entry.sidecars:
            texts.append(write_sidecars(entry.sidecars) or "")
            self.with_sidecars.append(len(self))
        if isinstance(entry, FileEntry):
            changed = entry.changed_ns
        elif isinstance(entry, LazyEntry):
            holder = self._number_of_holder(entry)
            if isinstance(entry.key, int):
                changed = entry.key
            else:
                texts = [*[*texts, ""][:2], entry.key]
        self._texts += "\0".join(texts).encode("utf-8", "surrogatepass")
        self.in_folder.append(number)
        self._in_holder.append(holder)
        self._ends.append(len(self._texts))
        self._times.append(entry.stamp)
        self._changes.append(changed)
        self._hashes.append(hash(path))
        self._sizes.append(entry.size)

    def _number_of_holder(self, entry: LazyEntry) -> int:
        """The number of the kind and the holder of an entry, from 1 on; they follow each other."""
        kind = type(entry)
        if (
            not self._holders
            or self._holders[-1][0] is not kind
            or self._holders[-1][1] is not entry.holder
        ):
            self._holders.append((kind, entry.holder))
        return len(self._holders)

    def number_of(self, folder: str) -> int | None:
        """The number of a folder, if it is one of `folders`."""
        return self._folder_numbers.get(folder)

    def name(self, place: int) -> str:
        """The name of an entry in its folder."""
        return self._text(place)[0]

    def path(self, place: int) -> str:
        return self.folders[self.in_folder[place]] + self._text(place)[0]

    @property
    def has_rows(self) -> bool:
        """Whether any entry is a row of a table, or named by one."""
        return bool(self._rows)

    @property
    def has_items(self) -> bool:
        """Whether what holds any entry says what its item is."""
        return bool(self._rows or self._holders)

    def is_row(self, place: int) -> bool:
        """Whether an entry is a row of a table, or named by one."""
        return place in self._rows

    def has_item(self, place: int) -> bool:
        """Whether what holds an entry says what its item is: a table, or a tar."""
        return place in self._rows or self._in_holder[place] > 0

    def sidecars(self, place: int) -> tuple[Sidecar, ...]:
        """The texts beside an entry."""
        return read_sidecars(self._text(place)[1])

    def at(self, place: int) -> Entry:
        """The entry of a place."""
        row = self._rows.get(place)
        if row is not None:
            return row
        name, sidecars, key = self._text(place)
        path = self.folders[self.in_folder[place]] + name
        size, time, changed = self._sizes[place], self._times[place], self._changes[place]
        beside, holder = read_sidecars(sidecars), self._in_holder[place]
        if not holder:
            return FileEntry(path, size, time, None, beside, changed)
        own_key: int | str = changed if key is None else key
        kind, held_by = self._holders[holder - 1]
        return kind(path, size, time, held_by, own_key, beside)

    def _text(self, place: int) -> tuple[str, str, str | None]:
        """The name of an entry, its sidecars, and its key if that is a text."""
        start = self._ends[place - 1] if place else 0
        text = self._texts[start : self._ends[place]].decode("utf-8", "surrogatepass")
        if "\0" not in text:
            return text, "", None
        name, sidecars, *key = text.split("\0", 2)
        return name, sidecars, key[0] if key else None

    def hashes(self) -> npt.NDArray[np.int64]:
        """Python's hashes of the paths, by place. Nothing may be added while they are looked at."""
        return np.frombuffer(self._hashes, np.int64)

    def once_each(self) -> Sequence[int]:
        """Places so that each path stands once, where it came first.

        Of several entries of a path the last counts of which something is said, or else the first.
        """
        if not len(self):
            return range(0)
        hashes = self.hashes()
        ordered = np.sort(hashes)
        repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
        del ordered
        if not len(repeated):
            return range(len(self))
        by_path: defaultdict[str, list[int]] = defaultdict(list)
        for place in np.flatnonzero(np.isin(hashes, repeated)).tolist():
            by_path[self.path(place)].append(place)
        places = np.arange(len(self))
        is_kept = np.ones(len(self), bool)
        for group in by_path.values():
            described = [place for place in group if self.has_item(place)]
            places[group[0]] = described[-1] if described else group[0]
            is_kept[group[1:]] = False
        return array("Q", places[is_kept].tobytes())


class Entries(Sequence[Entry]):
    """Some entries of those that are packed, in an order.

    Args:
        packed: all.
        places: of these.
    """

    def __init__(self, packed: PackedEntries, places: Sequence[int] = ()) -> None:
        self.packed = packed
        self.places = places

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[Entry]:
        return map(self.packed.at, self.places)

    @overload
    def __getitem__(self, index: int) -> Entry: ...

    @overload
    def __getitem__(self, index: slice) -> Entries: ...

    def __getitem__(self, index: int | slice) -> Entry | Entries:
        if isinstance(index, slice):
            return Entries(self.packed, self.places[index])
        return self.packed.at(self.places[index])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    @property
    def has_rows(self) -> bool:
        """Whether any is a row of a table, or named by one."""
        return self.packed.has_rows and any(map(self.packed.is_row, self.places))

    def paths(self) -> Iterator[str]:
        return map(self.packed.path, self.places)

    def without(self, places: Places) -> Entries:
        """Those that are not at some places."""
        if not len(places):
            return self
        kept = self.as_array()
        kept = kept[~np.isin(kept, places)]
        return Entries(self.packed, array("Q", kept.tobytes()))

    def as_array(self) -> Places:
        """Their places."""
        return as_array(self.places)

    def among(self, paths: Collection[str]) -> Iterator[Entry]:
        """Those whose paths are among some; quick where these are few."""
        if not paths:
            return
        wanted = np.fromiter(map(hash, paths), np.int64, len(paths))
        for start in range(0, len(self), CHUNK):
            places = as_array(self.places[start : start + CHUNK])
            for place in places[np.isin(self.packed.hashes()[places], wanted)].tolist():
                if self.packed.path(place) in paths:
                    yield self.packed.at(place)

    def hashes(self) -> npt.NDArray[np.int64]:
        """Python's hashes of the paths."""
        if isinstance(self.places, range) and len(self.places) == len(self.packed):
            return self.packed.hashes()
        return self.packed.hashes()[self.as_array()]

    @staticmethod
    def of(entries: Iterable[Entry]) -> Entries:
        """Entries, packed."""
        packed = PackedEntries()
        for entry in entries:
            packed.append(entry)
        return Entries(packed, range(len(packed)))


class PathView(Sequence[str]):
    """The paths of entries."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return self._entries.paths()

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> PathView: ...

    def __getitem__(self, index: int | slice) -> str | PathView:
        if isinstance(index, slice):
            return PathView(self._entries[index])
        return self._entries.packed.path(self._entries.places[index])


def as_array(places: Sequence[int]) -> Places:
    """Places to calculate with."""
    if isinstance(places, range):
        return np.arange(places.start, places.stop, places.step)
    return np.array(places, np.int64)
