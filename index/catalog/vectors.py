"""The vectors of a catalog: as what an index is built from, and by segment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.index.catalog.reader import VECTORS_QUERY
from anysense.index.catalog.schema import vector_crc
from anysense.index.catalog.sqlite.connections import damaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from anysense.index.catalog.reader import Catalog
    from anysense.index.types import Ids, Partition


__all__ = ["CatalogVectors", "StoredVectors", "vector_sources"]

_BATCH = 4096  # vectors read at once: 4 MB of 512-d ones

_IDS_QUERY = "SELECT s.segment_pk FROM segments AS s WHERE s.space_pk = ? AND s.modality = ?"

_READ_QUERY = """
    SELECT s.space_pk, s.modality, s.segment_pk, v.vector, v.crc
    FROM json_each(?) AS wanted
    CROSS JOIN segments AS s ON s.segment_pk = wanted.value
    CROSS JOIN vectors AS v USING (segment_pk)
    WHERE s.space_pk = ? AND s.modality = ?
"""


class CatalogVectors:
    """The vectors of one partition, as a `VectorSource` of a FAISS index.

    Args:
        catalog: where they are.
        connection: inside a transaction, so that each pass reads the same.
        space_pk: the number of the space.
        modality: of the segments.
        count: how many there are.
    """

    def __init__(
        self,
        catalog: Catalog,
        connection: sqlite3.Connection,
        space_pk: int,
        modality: str,
        count: int,
    ) -> None:
        self._catalog = catalog
        self._connection = connection
        self._key = (space_pk, modality)
        self.count = count
        self.dimension = catalog.spaces[space_pk].dimension

    def batches(self) -> Iterator[tuple[Ids, NDArray[np.float16]]]:
        """Segment ids (n,) and float16 vectors (n, dimension), by id.

        Raises:
            CorruptCollectionError: vectors are missing or do not match their checksums.
        """
        query = f"{VECTORS_QUERY} WHERE s.space_pk = ? AND s.modality = ? ORDER BY s.segment_pk"
        cursor = self._connection.execute(query, self._key)
        path, size, seen = self._catalog.path, 2 * self.dimension, 0
        while rows := cursor.fetchmany(_BATCH):
            seen += len(rows)
            yield _checked(path, rows, size)
        if seen != self.count:
            raise damaged(path, f"it has {seen} vectors of {self._key} instead of {self.count}")


class StoredVectors:
    """The vectors of a catalog by segment: a `anysense.index.vectors.store.VectorReader`.

    It gives what is there when it is asked: what was removed is missing.
    """

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def ids(self, partition: Partition, until: int) -> Ids:
        query = f"{_IDS_QUERY} AND s.segment_pk <= ? ORDER BY s.segment_pk"
        with self._catalog.transaction() as connection:
            rows = connection.execute(query, (*self._key(partition), until)).fetchall()
        return np.fromiter((pk for (pk,) in rows), np.int64, len(rows))

    def count(self, partition: Partition, until: int) -> int:
        query = f"SELECT count(*) FROM ({_IDS_QUERY} AND s.segment_pk <= ?)"  # noqa: S608
        with self._catalog.transaction() as connection:
            row = connection.execute(query, (*self._key(partition), until)).fetchone()
        return int(row[0])

    def exist(self, ids: Ids) -> NDArray[np.bool_]:
        wanted = "SELECT value FROM json_each(?)"
        query = f"SELECT segment_pk FROM segments WHERE segment_pk IN ({wanted})"  # noqa: S608
        with self._catalog.transaction() as connection:
            rows = connection.execute(query, (json.dumps(ids.tolist()),)).fetchall()
        return np.isin(ids, np.fromiter((pk for (pk,) in rows), np.int64, len(rows)))

    def read(self, partition: Partition, ids: Ids) -> tuple[Ids, NDArray[np.float16]]:
        """As in the protocol.

        Raises:
            CorruptCollectionError: a vector does not match its checksum.
        """
        values = (json.dumps(ids.tolist()), *self._key(partition))
        with self._catalog.transaction() as connection:
            rows = connection.execute(_READ_QUERY, values).fetchall()
        return _checked(self._catalog.path, rows, self._size(partition))

    def batches(
        self, partition: Partition, until: int, allowed: Ids | None = None
    ) -> Iterator[tuple[Ids, NDArray[np.float16]]]:
        """As in the protocol; without `allowed`, all are of one state of the catalog.

        Raises:
            CorruptCollectionError: a vector does not match its checksum.
        """
        if allowed is not None:
            for start in range(0, len(allowed), _BATCH):
                part = allowed[start : start + _BATCH]
                yield self.read(partition, part[part <= until])
            return
        condition = "s.space_pk = ? AND s.modality = ? AND s.segment_pk <= ?"
        query = f"{VECTORS_QUERY} WHERE {condition} ORDER BY s.segment_pk"
        with self._catalog.transaction() as connection:
            cursor = connection.execute(query, (*self._key(partition), until))
            while rows := cursor.fetchmany(_BATCH):
                yield _checked(self._catalog.path, rows, self._size(partition))

    def _key(self, partition: Partition) -> tuple[int, str]:
        """The partition as rows of segments name it; a space that is not seen has none."""
        numbers = {space.id: pk for pk, space in self._catalog.spaces.items()}
        return numbers.get(partition.space, -1), partition.modality.value

    def _size(self, partition: Partition) -> int:
        sizes = {space.id: space.dimension for space in self._catalog.spaces.values()}
        return 2 * sizes.get(partition.space, 0)


def _checked(path: Path, rows: Sequence[Any], size: int) -> tuple[Ids, NDArray[np.float16]]:
    """The ids and the vectors of rows of `VECTORS_QUERY`, each of so many bytes.

    Raises:
        CorruptCollectionError: a vector does not match its checksum.
    """
    for _, _, pk, blob, crc in rows:
        if vector_crc(pk, blob) != crc or len(blob) != size:
            raise damaged(path, f"the vector {pk} does not match its checksum")
    ids = np.fromiter((row[2] for row in rows), np.int64, len(rows))
    vectors = np.frombuffer(b"".join(row[3] for row in rows), "<f2")
    return ids, vectors.reshape(len(rows), size // 2)


def vector_sources(
    catalog: Catalog, connection: sqlite3.Connection
) -> dict[Partition, CatalogVectors]:
    """What a FAISS index of the whole catalog is built from, in the transaction of a connection."""
    sources = {}
    for (space_pk, modality), rows in catalog.totals(connection).segments.items():
        if not catalog.sees(space_pk):
            continue
        partition = catalog.partition(space_pk, modality)
        sources[partition] = CatalogVectors(catalog, connection, space_pk, modality.value, rows)
    return dict(sorted(sources.items()))
