"""What collections hold, counted whenever the metrics are read."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from anysense.embed.errors import AnysenseError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client import Metric

    from anysense.server.http.service.served import ServedCollection

__all__ = ["Contents"]

logger = logging.getLogger(__name__)


class Contents(Collector):
    """Items, segments, and what the index lacks of them, by collection.

    A collection that cannot be read has no figures but `anysense_collection_readable`, which is 0.
    """

    def __init__(self, collections: Mapping[str, ServedCollection]) -> None:
        self._collections = collections

    def describe(self) -> list[Metric]:
        """Nothing is counted just to learn the names."""
        return []

    def collect(self) -> Iterator[Metric]:
        readable = _gauge("collection_readable", "1 if its catalog can be read.")
        items = _gauge("items", "Items in a collection.")
        segments = _gauge("segments", "Segments in a collection.")
        unpublished = _gauge("unpublished_segments", "Segments that the FAISS index lacks yet.")
        removed = _gauge("removed_segments", "Segments that are gone but still in the index.")
        publishing = _gauge("publishing", "1 while the FAISS index is brought up to date.")
        for name, served in self._collections.items():
            publishing.add_metric([name], float(served.is_publishing))
            try:
                counts = _count(served)
            except AnysenseError as error:
                logger.warning("The collection %s cannot be counted: %s", name, error)
                readable.add_metric([name], 0)
                continue
            readable.add_metric([name], 1)
            for family, count in zip((items, segments, unpublished, removed), counts, strict=True):
                family.add_metric([name], count)
        yield from (readable, items, segments, unpublished, removed, publishing)


def _gauge(name: str, meaning: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"anysense_{name}", meaning, labels=["collection"])


def _count(served: ServedCollection) -> tuple[int, int, int, int]:
    """Items, segments, those not in the index yet, and those in it that are gone.

    Raises:
        AnysenseError: the catalog cannot be read.
    """
    snapshot = served.collection.folder.snapshot()
    with snapshot.catalog.transaction() as connection:
        totals = snapshot.catalog.totals(connection)
    segments = sum(snapshot.partitions.values())
    items = sum(totals.items.values())
    return items, segments, snapshot.unpublished, len(snapshot.tombstones)
