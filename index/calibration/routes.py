"""The calibrations of a collection's routes: fitted when it is published, or when first needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.embed.forking import new_rlock
from anysense.index.background import bank
from anysense.index.bridging.published import find_bridges
from anysense.index.calibration.scores import (
    CENTRED,
    SHARES,
    RouteCalibration,
    Tail,
    fit_route,
    item_weights,
)
from anysense.index.snapshots.manifest import CALIBRATION, DIRECTIONS
from anysense.index.types import Partition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anysense.embed.types import Encoder, FloatArray, Modality, Space
    from anysense.index.bridging.maps import Bridge
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["SAMPLE_SIZE", "Calibrations"]

SAMPLE_SIZE = 512
"""So many vectors of a partition stand for it."""
GROWTH = 2.0  # a tail fitted to a partition of half the size, or of twice, is fitted anew


class Calibrations:
    """The calibrations of one snapshot's routes, each made when first needed.

    Args:
        snapshot: what is searched.
        encoder: gives the loaded encoder of a space, or None; for a background that is neither
            published with the collection nor in the cache.
    """

    def __init__(
        self, snapshot: Snapshot, encoder: Callable[[str], Encoder | None] = lambda _: None
    ) -> None:
        self._snapshot = snapshot
        self._encoder = encoder
        self._spaces = [entry.space for entry in snapshot.manifest.encoders]
        self._routes: dict[tuple[Modality, Partition], RouteCalibration] = {}
        self._offsets: dict[tuple[Partition, str], FloatArray] = {}
        self._bridges: list[Bridge] | None = None
        self._lock = new_rlock()

    def bridges(self, target: str) -> list[Bridge]:
        """The bridges that lead to a space."""
        if self._bridges is None:
            found = find_bridges(self._snapshot.manifest, self._snapshot.arrays)
            self._bridges = list(found.values())
        return [bridge for bridge in self._bridges if bridge.target == target]

    def _space(self, name: str) -> Space:
        return next(space for space in self._spaces if space.id == name)

    def centre(self, shares: Mapping[Modality, float], partition: Partition) -> FloatArray | None:
        """What is taken away from a query on its way to another modality; None for nothing.

        Args:
            shares: how much of the query comes from each modality.
            partition: where it leads.
        """
        total: FloatArray | None = None
        for modality, share in shares.items():
            if modality != partition.modality:
                part = share * self.offset(modality, partition)
                total = part if total is None else total + part
        return total

    def offset(self, query_modality: Modality, partition: Partition) -> FloatArray:
        """What queries of one modality have in common and leave behind where they cross: (d,).

        It is a part of the mean of the background's and the collection's vectors.

        Args:
            query_modality: what the queries are.
            partition: where they lead.
        """
        import numpy as np

        space = self._space(partition.space)
        key = Partition(space.id, query_modality), space.form(query_modality, partition.modality)
        with self._lock:
            if key not in self._offsets:
                if query_modality not in space.modalities:  # a bridge has centred it
                    return np.zeros(space.dimension, np.float32)
                queries = self.queries(query_modality, partition)
                mean = queries.mean(axis=0) if len(queries) else np.zeros(queries.shape[1])
                self._offsets[key] = (CENTRED * mean).astype(np.float32)
            return self._offsets[key]

    def queries(self, query_modality: Modality, partition: Partition) -> FloatArray:
        """Vectors that stand for queries of a modality on their way to a partition, (n, d).

        Those of the background, and a sample of the collection's where queries are encoded as
        items are.
        """
        asking = Partition(partition.space, query_modality)
        form = self._space(partition.space).form(query_modality, partition.modality)
        return self.background(asking, form) if form else self.items(asking)

    def items(self, partition: Partition) -> FloatArray:
        """The background's vectors of a modality, and then a sample of the collection's."""
        import numpy as np

        return np.concatenate([self.background(partition), self._sample(partition)])

    def _sample(self, partition: Partition) -> FloatArray:
        return self._snapshot.sample(partition, SAMPLE_SIZE)

    def _weights(self, partition: Partition) -> FloatArray:
        return item_weights(len(self.background(partition)), len(self._sample(partition)))

    def background(self, partition: Partition, form: str = "") -> FloatArray:
        """The background's vectors, (n, d), as items or as queries of a form.

        There are none if they are nowhere to be had.
        """
        import numpy as np

        published = bank.from_arrays(self._snapshot.arrays, self._spaces, partition, form)
        if published is not None:
            return published
        space = self._space(partition.space)
        if partition.modality not in space.modalities:
            return self._bridged_background(partition)
        found = bank.lookup(space)
        if found is None:
            encoder = self._encoder(space.id)
            found = bank.background(encoder) if encoder is not None else {}
        key = bank.modality_key(partition.modality, form)
        return found.get(key, np.empty((0, space.dimension), np.float32))

    def _bridged_background(self, partition: Partition) -> FloatArray:
        """The background of a modality that comes to a space over a bridge only."""
        import numpy as np

        from anysense.index.bridging.maps import unit

        for bridge in self.bridges(partition.space):
            if partition.modality in self._space(bridge.source).modalities:
                vectors = self.background(Partition(bridge.source, partition.modality))
                return unit(bridge.apply(vectors, partition.modality))
        return np.empty((0, self._space(partition.space).dimension), np.float32)

    def route(self, query_modality: Modality, partition: Partition) -> RouteCalibration:
        """The calibration of a route, as it was published, or else fitted now."""
        with self._lock:
            key = (query_modality, partition)
            if key not in self._routes:
                self._routes[key] = self._published(*key) or self.fit(*key)
            return self._routes[key]

    def fit(self, query_modality: Modality, partition: Partition) -> RouteCalibration:
        """Fit the calibration of a route to the background and to samples of the collection."""
        items, weights = self.items(partition), self._weights(partition)
        queries = self.queries(query_modality, partition)
        if query_modality == partition.modality:
            return fit_route(queries, items, weights, paired=True)
        native = query_modality in self._space(partition.space).modalities
        centred = queries - self.offset(query_modality, partition)
        return fit_route(centred, items, weights, decorrelated=native)

    def _published(self, query_modality: Modality, partition: Partition) -> RouteCalibration | None:
        section = self._snapshot.manifest.tuning.get(CALIBRATION, {})
        entry = section.get(partition.key, {}).get(query_modality.value)
        if entry is None:
            return None
        now, then = self._snapshot.partitions.get(partition, 0), entry["segments"]
        if not then / GROWTH <= now <= then * GROWTH:
            return None
        tail = Tail.from_json(entry)
        if len(tail.knots) != len(SHARES):
            return None
        # An earlier version has published none, and its tails are of searches without.
        published = self._snapshot.arrays.get(entry.get(DIRECTIONS, ""))
        directions = None if published is None else published.astype("float32")
        return RouteCalibration(self.items(partition), self._weights(partition), tail, directions)
