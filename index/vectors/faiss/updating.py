"""Making an index from the lists of another: without what is gone, with what is new."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.index.vectors.arrays import as_ids, pad
from anysense.index.vectors.faiss.assigning import assigner, encode
from anysense.index.vectors.faiss.filling import ListsInMemory, empty_index, map_file, new_file
from anysense.index.vectors.layout import PartitionLayout, padded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from anysense.index.types import Codes, Ids, Partition
    from anysense.index.vectors.faiss.filling import Filling
    from anysense.index.vectors.faiss.lists import Lists

__all__ = ["update_index"]


def update_index(
    old: Lists,
    add: Mapping[Partition, tuple[Ids, NDArray[Any]]],
    remove: Iterable[int] | Ids,
    path: Path | None = None,
) -> tuple[Any, list[PartitionLayout]]:
    """An index with segments added and removed, its lists as they were trained, and its layout.

    Args:
        old: the lists as they are.
        add: ids and vectors for each partition.
        remove: ids of segments.
        path: a file that is to hold the lists; None for memory.

    Raises:
        UsageError: a vector is not finite, too large for fp16 or of the wrong length.
        StorageError: the disk refused.
    """
    gone = np.concatenate([as_ids(remove), *(as_ids(ids) for ids, _ in add.values())])
    entries = dict(old.layout)
    first = sum(entry.lists for entry in entries.values())
    for partition in sorted(set(add) - set(entries)):
        dimension = int(np.shape(add[partition][1])[-1])
        entries[partition] = PartitionLayout(partition, dimension, first, 1, 0, 0)
        first += 1
    width = padded(max((entry.dimension for entry in entries.values()), default=1))
    index = empty_index([pad(old.centroids(p), width) for p in old.layout], width, first)
    changes = [_Changes(old, index, entry, gone, add) for entry in entries.values()]
    if path is None:
        for change in changes:
            change.apply(ListsInMemory(index))
    else:
        sizes = np.concatenate([change.sizes for change in changes] or [np.zeros(1, np.int64)])
        with new_file(index, sizes, path) as filling:
            for change in changes:
                change.apply(filling)
        index = map_file(path)
    return index, [change.entry for change in changes]


class _Changes:
    """What becomes of the lists of one partition.

    Attributes:
        entry: its place in the new index.
        sizes: how many vectors each list has there: (lists,).
    """

    def __init__(
        self,
        old: Lists,
        index: Any,
        entry: PartitionLayout,
        gone: Ids,
        add: Mapping[Partition, tuple[Ids, NDArray[Any]]],
    ) -> None:
        """Find out what is to be done.

        Args:
            old: the lists as they are.
            index: the new index, without vectors.
            entry: the partition's place there, with the number of segments that it has here.
            gone: ids of segments that go from here.
            add: ids and vectors that come, by partition.
        """
        self._old = old
        self._width = int(index.code_size)
        self._lists, self._offsets = (np.empty(0, np.int32) for _ in range(2))
        self.sizes = np.zeros(entry.lists, dtype=np.int64)
        if entry.partition in old.layout:
            places = old.id_map(entry.partition)
            rows = places.present(gone)
            self._lists, self._offsets = places.lists[rows], places.offsets[rows]
            self.sizes += places.sizes - np.bincount(self._lists, minlength=entry.lists)
        self._new: tuple[Ids, Ids, Codes] | None = None
        if entry.partition in add:
            ids, vectors = as_ids(add[entry.partition][0]), add[entry.partition][1]
            codes = encode(index, entry, ids, vectors)
            numbers = assigner(index, entry)(codes) if len(ids) else ids
            self.sizes += np.bincount(numbers - entry.first_list, minlength=entry.lists)
            self._new = numbers, ids, codes
        self.entry = replace(entry, count=int(self.sizes.sum()))

    def apply(self, filling: Filling) -> None:
        """Copy the lists without what goes, and append what comes."""
        if self.entry.partition in self._old.layout:
            touched = set(self._lists.tolist())
            for number in range(self.entry.lists):
                ids, codes = self._old.read_list(self.entry.first_list + number)
                if number in touched:
                    keep = np.ones(len(ids), dtype=bool)
                    keep[self._offsets[self._lists == number]] = False
                    ids, codes = ids[keep], codes[keep]
                filling.extend(self.entry.first_list + number, ids, pad(codes, self._width))
        if self._new is not None and len(self._new[1]):
            filling.add(*self._new)
