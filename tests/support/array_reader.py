"""Vectors in memory as a store elsewhere reads them, in place of a catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from anysense.index.types import ArraySource, Ids, Partition


class ArrayReader:
    """A `VectorReader` of arrays; what is added and removed later can be said."""

    def __init__(self, sources: Mapping[Partition, ArraySource]) -> None:
        self._rows = {p: (s.ids, s.vectors.astype(np.float16)) for p, s in sources.items()}

    def add(self, partition: Partition, ids: Ids, vectors: Any) -> None:
        old = self._rows.get(partition, (ids[:0], vectors[:0].astype(np.float16)))
        rows = np.concatenate([old[1], vectors.astype(np.float16)])
        self._rows[partition] = (np.concatenate([old[0], ids]), rows)

    def remove(self, gone: Ids) -> None:
        for partition, (ids, rows) in self._rows.items():
            keep = ~np.isin(ids, gone)
            self._rows[partition] = (ids[keep], rows[keep])

    def ids(self, partition: Partition, until: int) -> Ids:
        ids = self._rows.get(partition, (np.empty(0, np.int64),))[0]
        return np.sort(ids[ids <= until])

    def count(self, partition: Partition, until: int) -> int:
        return len(self.ids(partition, until))

    def exist(self, ids: Ids) -> Any:
        return np.isin(ids, np.concatenate([known for known, _ in self._rows.values()]))

    def read(self, partition: Partition, ids: Ids) -> tuple[Ids, Any]:
        known, rows = self._rows[partition]
        keep = np.isin(known, ids)
        return known[keep], rows[keep]

    def batches(
        self, partition: Partition, until: int, allowed: Ids | None = None
    ) -> Iterator[tuple[Ids, Any]]:
        ids = self.ids(partition, until)
        yield self.read(partition, ids if allowed is None else np.intersect1d(ids, allowed))
