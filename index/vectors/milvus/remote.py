"""The collections of an index on a server: made, filled, counted, searched, dropped.

Rows are only ever added to a collection that is in use: ids are the catalog's keys, which are never
used twice, so a call that is repeated changes nothing, and what a killed publishing has left lies
over the high-water mark of the layout, where no search looks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import EngineUnavailableError
from anysense.index.vectors.milvus import dialect
from anysense.index.vectors.milvus.client import CALL_SECONDS, SEARCH_SECONDS, Milvus
from anysense.index.vectors.milvus.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from anysense.embed.types import FloatArray
    from anysense.index.types import Ids
    from anysense.index.vectors.milvus.layout import Place

__all__ = ["Remote"]

_ID, _VECTOR = "segment_id", "vector"
_INDEXED = 1_024  # rows; Milvus makes no index of fewer, and compares them one by one
STANDSTILL_SECONDS = 1_800.0
"""So long a server may work without getting on, before it is given up."""

FLUSH_SECONDS = 600.0
"""How long a server may take to write down what it has in memory, which is never much."""

_TAKEN_UP_SECONDS = 30.0
_LOOKED_UP = 1_000  # ids in one condition: a server reads 1,000 in 7 ms, 10,000 in 140 ms


class Remote:
    """The collections of one server."""

    def __init__(self, milvus: Milvus) -> None:
        self.milvus = milvus

    @property
    def version(self) -> tuple[int, int]:
        """The server's; see `Milvus.version`."""
        return self.milvus.version

    def ping(self) -> None:
        """See that the server answers.

        Raises:
            EngineUnavailableError: it does not.
        """
        _ = self.version

    def names(self, prefix: str) -> list[str]:
        """The collections whose names begin with a text."""
        names = self.milvus.call("list_collections", timeout=SEARCH_SECONDS)
        return sorted(name for name in names if name.startswith(prefix))

    def exists(self, collection: str) -> bool:
        return bool(self.milvus.call("has_collection", collection, timeout=SEARCH_SECONDS))

    def create(self, place: Place) -> None:
        """Make the collection of a space, if it is not there.

        It has its index from the start, so that a server indexes the first rows of many while the
        next are sent.
        """
        if self.exists(place.collection):
            return
        client = self.milvus.library
        schema = client.MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field(_ID, client.DataType.INT64, is_primary=True)
        schema.add_field(_VECTOR, client.DataType[place.vectors], dim=place.dimension)
        self.milvus.call("create_collection", place.collection, schema=schema, timeout=CALL_SECONDS)
        index = client.MilvusClient.prepare_index_params()
        index.add_index(_VECTOR, index_name=_VECTOR, **dialect.INDEX)
        self.milvus.call("create_index", place.collection, index, timeout=CALL_SECONDS, sync=False)

    def create_partition(self, place: Place) -> None:
        """Make the partition of a modality, if it is not there."""
        there = self.milvus.call(
            "has_partition", place.collection, place.name, timeout=SEARCH_SECONDS
        )
        if not there:
            self.milvus.call("create_partition", place.collection, place.name, timeout=CALL_SECONDS)

    def add(self, place: Place, ids: Ids, vectors: NDArray[Any]) -> None:
        """Add rows: ids (n,) and vectors (n, d). Those of an id that is there are replaced."""
        size = dialect.rows_per_call(place.dimension)
        for start in range(0, len(ids), size):
            part = slice(start, start + size)
            # Rounded as the catalog has them.
            sent = dialect.as_sent(vectors[part].astype(np.float16), place.vectors)
            numbers = ids[part].tolist()
            self.milvus.call(
                "upsert",
                place.collection,
                [{_ID: i, _VECTOR: v} for i, v in zip(numbers, sent, strict=True)],
                partition_name=place.name,
                timeout=CALL_SECONDS,
            )

    def finish(self, collection: str, added: int) -> None:
        """Index and load what was added; searches find all of it when this returns.

        However long it takes, it is waited for while the server gets on with it.

        Args:
            collection: which.
            added: how many rows are new.

        Raises:
            EngineUnavailableError: the server does not answer, or has come to a standstill.
        """
        if added >= _INDEXED:
            self.milvus.call("flush", collection, timeout=FLUSH_SECONDS)
            self._wait(lambda: self._unindexed(collection), f"indexing {collection}")
        self.milvus.call("load_collection", collection, timeout=CALL_SECONDS, _async=True)
        self._wait(lambda: self._unloaded(collection), f"loading {collection}")
        if added >= _INDEXED:
            # Until it searches by the index, it finds other rows than it will. What it has not done
            # by then it does later.
            wait_for(lambda: self._unused(collection), _TAKEN_UP_SECONDS)

    def _wait(self, left: Callable[[], tuple[float, ...]], what: str) -> None:
        if not wait_for(left, STANDSTILL_SECONDS):
            raise EngineUnavailableError(
                f"The Milvus server at {self.milvus.address} has come to a standstill at {what}: "
                "look at its log, and publish the collection again."
            )

    def _unindexed(self, collection: str) -> tuple[float, ...]:
        """How many rows are in no index yet, and how many there are."""
        told = self.milvus.call("describe_index", collection, _VECTOR, timeout=CALL_SECONDS)
        return told["pending_index_rows"], told["total_rows"]

    def _unloaded(self, collection: str) -> tuple[float, ...]:
        """How much of a collection is not loaded yet: a percentage, over 0 until it is all."""
        told = self.milvus.call("get_load_state", collection, timeout=CALL_SECONDS)
        if told["state"].name == "Loaded":
            return (0,)
        return (max(1, 100 - int(told.get("progress", 0))),)

    def _unused(self, collection: str) -> tuple[float, ...]:
        """How many rows a server does not search by their index yet, though they have one."""
        total = self._unindexed(collection)[1]
        segments = self.milvus.call("list_loaded_segments", collection, timeout=CALL_SECONDS)
        used = sum(s.num_rows for s in segments if s.num_rows < _INDEXED or s.index_name)
        return (max(0, total - used),)

    def check_count(self, place: Place) -> None:
        """See that a partition has at least the rows that it is to have.

        It is asked with Milvus' strongest consistency, which waits until all that was written
        before can be found, so that later searches need not.

        Raises:
            EngineUnavailableError: it has fewer.
        """
        rows = self.milvus.call(
            "query",
            place.collection,
            filter="",
            output_fields=["count(*)"],
            partition_names=[place.name],
            consistency_level="Strong",
            timeout=CALL_SECONDS,
        )
        count = int(rows[0]["count(*)"])
        if count < place.count:
            raise EngineUnavailableError(
                f"The Milvus server at {self.milvus.address} holds {count} of {place.count} "
                f"segments of {place.partition}: publish the collection again."
            )

    def delete(self, collection: str, ids: Ids) -> None:
        """Delete rows; ids that are not there do no harm."""
        for start in range(0, len(ids), dialect.ROWS_PER_CALL):
            part = ids[start : start + dialect.ROWS_PER_CALL].tolist()
            self.milvus.call("delete", collection, ids=part, timeout=CALL_SECONDS)

    def drop(self, collections: Iterable[str]) -> None:
        for name in collections:
            self.milvus.call("drop_collection", name, timeout=CALL_SECONDS)

    def search(self, place: Place, queries: FloatArray, k: int, ef: int) -> list[Ids]:
        """The ids of the k best rows of each query (q, d), best first; there may be fewer.

        Consistency is Milvus' "Bounded", which waits for nothing: what was published was waited
        for then (`check_count`), and what is newer is not in Milvus at all.
        """
        found = self.milvus.call(
            "search",
            place.collection,
            data=dialect.as_sent(queries, place.vectors),
            anns_field=_VECTOR,
            limit=k,
            search_params={"metric_type": "IP", "params": {"ef": max(ef, k)}},
            partition_names=[place.name],
            consistency_level="Bounded",
            timeout=SEARCH_SECONDS,
        )
        return [np.asarray(hits.ids, dtype=np.int64).reshape(-1) for hits in found]

    def present(self, place: Place, ids: Ids) -> Ids:
        """Those of some ids that a partition has, ascending."""
        found: list[int] = []
        for start in range(0, len(ids), _LOOKED_UP):
            part = ids[start : start + _LOOKED_UP].tolist()
            rows = self.milvus.call(
                "query",
                place.collection,
                filter=f"{_ID} in {part}",
                output_fields=[_ID],
                partition_names=[place.name],
                consistency_level="Bounded",
                timeout=CALL_SECONDS,
            )
            found += [int(row[_ID]) for row in rows]
        return np.sort(np.asarray(found, dtype=np.int64))
