"""A Milvus server in memory, as far as an index sees of one: for tests of what asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import EngineUnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from anysense.index.types import Ids
    from anysense.index.vectors.milvus.client import Milvus
    from anysense.index.vectors.milvus.layout import Place

ADDRESS = "milvus://memory:19530"


class MemoryEngine:
    """What all connections to one server share.

    Attributes:
        rows: the vector of each id, by collection and partition.
        is_away: whether it does not answer.
        most: so many rows it finds at most, however many are asked for.
    """

    address = ADDRESS

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[int, Any]]] = {}
        self.is_away = False
        self.most = 16_384
        self.searches = 0

    def names(self) -> set[str]:
        return set(self.rows)

    def drop(self, names: Iterable[str]) -> None:
        for name in list(names):
            del self.rows[name]

    def connect(self, milvus: Milvus) -> MemoryRemote:
        """What stands in for `anysense.index.vectors.milvus.remote.Remote`."""
        return MemoryRemote(self, milvus)


class MemoryRemote:
    def __init__(self, engine: MemoryEngine, milvus: Milvus) -> None:
        self._engine = engine
        self._address = milvus.address

    @property
    def version(self) -> tuple[int, int]:
        self.ping()
        return (2, 3)

    @property
    def _rows(self) -> dict[str, dict[str, dict[int, Any]]]:
        self.ping()
        return self._engine.rows

    def ping(self) -> None:
        if self._engine.is_away:
            raise EngineUnavailableError(f"The Milvus server at {self._address} does not answer.")

    def names(self, prefix: str) -> list[str]:
        return sorted(name for name in self._rows if name.startswith(prefix))

    def exists(self, collection: str) -> bool:
        return collection in self._rows

    def create(self, place: Place) -> None:
        self._rows.setdefault(place.collection, {})

    def create_partition(self, place: Place) -> None:
        self._of(place.collection).setdefault(place.name, {})

    def add(self, place: Place, ids: Ids, vectors: Any) -> None:
        halves = vectors.astype(np.float16).astype(np.float32)
        partition = self._of(place.collection)[place.name]
        partition.update(zip(ids.tolist(), halves, strict=True))

    def finish(self, collection: str, added: int) -> None:
        self._of(collection)

    def check_count(self, place: Place) -> None:
        count = len(self._of(place.collection)[place.name])
        if count < place.count:
            raise EngineUnavailableError(f"It holds {count} of {place.count}.")

    def delete(self, collection: str, ids: Ids) -> None:
        for rows in self._of(collection).values():
            for i in ids.tolist():
                rows.pop(i, None)

    def drop(self, collections: Iterable[str]) -> None:
        for name in list(collections):
            self._rows.pop(name, None)

    def search(self, place: Place, queries: Any, k: int, ef: int) -> list[Ids]:
        assert k <= ef
        assert k <= 16_384
        rows = self._of(place.collection)[place.name]
        self._engine.searches += 1
        ids = np.fromiter(rows, np.int64, len(rows))
        if not len(ids):
            return [ids for _ in queries]
        scores = queries @ np.stack(list(rows.values())).T
        return [ids[np.argsort(-row)[: min(k, self._engine.most)]] for row in scores]

    def present(self, place: Place, ids: Ids) -> Ids:
        rows = self._of(place.collection)[place.name]
        return np.array(sorted(i for i in set(ids.tolist()) if i in rows), np.int64)

    def _of(self, collection: str) -> dict[str, dict[int, Any]]:
        if collection not in self._rows:
            raise EngineUnavailableError(f"The server has the index no more: {collection}.")
        return self._rows[collection]
