"""Bringing what is on a server to another state: what is newer is added, the rest is made anew."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from anysense.embed.errors import CorruptCollectionError
from anysense.index.vectors.arrays import as_ids, as_vectors, check_unique
from anysense.index.vectors.milvus import dialect
from anysense.index.vectors.milvus.layout import Place

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

    from anysense.index.types import Ids, Partition, Progress, VectorSource
    from anysense.index.vectors.milvus.layout import MilvusLayout
    from anysense.index.vectors.milvus.remote import Remote

__all__ = ["Filling"]


class Filling:
    """Adds to the collections of an index, and makes those that are not there.

    Args:
        remote: the server.
        base: the index that is added to.
        renew: partitions whose spaces get new collections.
        name: what the names of new collections begin with.

    Attributes:
        high_water: the highest id that was added, or was there.
    """

    def __init__(
        self, remote: Remote, base: MilvusLayout, renew: Collection[Partition], name: str
    ) -> None:
        self._remote = remote
        self._base = base
        self._renewed = {partition.space for partition in renew}
        self._name = name
        self._vectors = dialect.vector_type(remote.version)
        self._added: dict[str, int] = {}
        self.high_water = base.high_water

    def run(
        self, sources: Mapping[Partition, VectorSource], progress: Progress | None
    ) -> dict[Partition, Place]:
        """Bring the index to the state of sources; returns where each partition is."""
        total = sum(source.count for source in sources.values())
        places, done = dict(self._base.places), 0
        filled = {}
        for partition, source in sources.items():
            place = self._place(partition, source.dimension, places)
            places[partition] = filled[partition] = replace(place, count=source.count)
            is_new = place.collection not in self._base.collections
            given = 0
            for ids, vectors in source.batches():
                newer = slice(None) if is_new else ids > self._base.high_water
                self._store(place, as_ids(ids)[newer], np.asarray(vectors)[newer])
                given += len(ids)
                if progress is not None:
                    progress(done + given, total)
            if given != source.count:
                raise CorruptCollectionError(
                    f"The catalog gave {given} vectors of {partition} where it announced "
                    f"{source.count}; check it with `anysense verify`."
                )
            done += given
        self._finish(filled)
        return filled

    def add(
        self,
        places: Mapping[Partition, Place],
        new: Mapping[Partition, tuple[Ids, NDArray[Any]]],
    ) -> dict[Partition, Place]:
        """Add arrays to partitions; returns where each is then."""
        result = dict(places)
        for partition, (ids, vectors) in sorted(new.items()):
            place = self._place(partition, int(np.shape(vectors)[-1]), result)
            check_unique(as_ids(ids))
            again = as_ids(ids)[as_ids(ids) <= self._base.high_water]
            known = len(self._remote.present(place, again)) if len(again) else 0
            result[partition] = replace(place, count=place.count + len(ids) - known)
            self._store(place, as_ids(ids), vectors)
        self._finish({partition: result[partition] for partition in new})
        return result

    def _place(
        self, partition: Partition, dimension: int, places: Mapping[Partition, Place]
    ) -> Place:
        """Where a partition is, or is to be: with the others of its space, if it may stay there."""
        known = places.get(partition)
        if known is not None and self._stays(known, dimension):
            return known
        others = [
            place
            for other, place in places.items()
            if other.space == partition.space and self._stays(place, dimension)
        ]
        names = {place.collection for place in places.values()}
        number = sum(name.startswith(self._name) for name in names)
        name = others[0].collection if others else f"{self._name}_{number}"
        vectors = others[0].vectors if others else self._vectors
        place = Place(partition, dimension, name, vectors, 0)
        self._remote.create(place)
        self._remote.create_partition(place)
        return place

    def _stays(self, place: Place, dimension: int) -> bool:
        is_old = place.collection in self._base.collections
        if is_old and place.partition.space in self._renewed:
            return False
        if place.dimension != dimension:
            return False
        return not is_old or place.collection in self._added or self._is_there(place.collection)

    def _is_there(self, collection: str) -> bool:
        """Whether a collection is still on the server; one that is gone is made anew."""
        if self._remote.exists(collection):
            self._added.setdefault(collection, 0)
            return True
        self._renewed |= {
            p.space for p, place in self._base.places.items() if place.collection == collection
        }
        return False

    def _store(self, place: Place, ids: Ids, vectors: NDArray[Any]) -> None:
        vectors = as_vectors(vectors, ids, place.dimension)
        if len(ids):
            self._remote.add(place, ids, vectors)
            self.high_water = max(self.high_water, int(ids.max()))
        self._added[place.collection] = self._added.get(place.collection, 0) + len(ids)

    def _finish(self, places: Mapping[Partition, Place]) -> None:
        for collection in sorted({place.collection for place in places.values()}):
            self._remote.finish(collection, self._added.get(collection, 0))
        for place in places.values():
            self._remote.check_count(place)
