"""The vectors of a catalog, as what a FAISS index is built from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from anysense.index.catalog.reader import VECTORS_QUERY
from anysense.index.catalog.schema import vector_crc
from anysense.index.catalog.sqlite.connections import damaged

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from anysense.index.catalog.reader import Catalog
    from anysense.index.types import Ids, Partition


__all__ = ["CatalogVectors", "vector_sources"]

_BATCH = 4096  # vectors read at once: 4 MB of 512-d ones


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
            for _, _, pk, blob, crc in rows:
                if vector_crc(pk, blob) != crc or len(blob) != size:
                    raise damaged(path, f"the vector {pk} does not match its checksum")
            seen += len(rows)
            ids = np.fromiter((row[2] for row in rows), np.int64, len(rows))
            vectors = np.frombuffer(b"".join(row[3] for row in rows), "<f2")
            yield ids, vectors.reshape(len(rows), self.dimension)
        if seen != self.count:
            raise damaged(path, f"it has {seen} vectors of {self._key} instead of {self.count}")


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
