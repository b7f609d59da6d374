"""Which engine an index is in, or is to be in: FAISS on this machine's disk, or Milvus."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.index.vectors.milvus.address import Address, is_address
from anysense.index.vectors.milvus.layout import ENGINE
from anysense.index.vectors.thresholds import DEFAULTS, Thresholds

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

    from anysense.index.types import Partition, Progress, VectorSource
    from anysense.index.vectors.store import Store, VectorReader

__all__ = [
    "LOCAL",
    "Building",
    "clear_engines",
    "engine_of",
    "is_lost",
    "load_store",
    "owner_of",
    "parse_engine",
    "ping",
    "recovered_store",
]

LOCAL = "local"
"""The name of FAISS on this machine's disk."""


def parse_engine(text: str) -> str:
    """The name of an engine as a manifest has it: `LOCAL`, or the address of a Milvus server.

    Raises:
        UsageError: it is neither.
    """
    if text == LOCAL:
        return LOCAL
    if is_address(text):
        return str(Address.parse(text))
    raise UsageError(
        f"An index is published to local, or to milvus://HOST:PORT; {text!r} is neither."
    )


def engine_of(layout: Mapping[str, Any] | None) -> str:
    """The engine of a generation, by its layout."""
    if layout is not None and layout.get("engine") == ENGINE:
        return str(layout["address"])
    return LOCAL


def owner_of(collection: str, folder: Path) -> str:
    """What the names in an engine begin with that are of one folder: a copy of it has another.

    Args:
        collection: the random name of the collection.
        folder: where it is.
    """
    place = hashlib.blake2b(str(folder.stat().st_ino).encode(), digest_size=4).hexdigest()
    return f"anysense_{collection}_{place}"


def load_store(
    folder: Path,
    layout: Mapping[str, Any],
    reader: VectorReader,
    *,
    thresholds: Thresholds = DEFAULTS,
) -> Store:
    """The index of a generation.

    Args:
        folder: of the generation.
        layout: what the manifest keeps of it.
        reader: the catalog's vectors.
        thresholds: what decides between the ways to search it.

    Raises:
        CorruptCollectionError: a file is missing, has another size, or does not fit.
    """
    if engine_of(layout) == LOCAL:
        from anysense.index.vectors.faiss.store import FaissStore

        return FaissStore.load(folder, layout, thresholds=thresholds)
    from anysense.index.vectors.milvus.store import MilvusStore

    return MilvusStore.load(layout, reader, thresholds=thresholds)


def recovered_store(
    layout: Mapping[str, Any],
    sources: Mapping[Partition, VectorSource],
    reader: VectorReader,
    *,
    thresholds: Thresholds = DEFAULTS,
) -> Store:
    """An index for a generation whose files are damaged, or are older than the catalog.

    FAISS's is made anew in memory, of all `sources`. One that is elsewhere is as it was, with an id
    over none that it was published with.

    Args:
        layout: what the manifest keeps of it.
        sources: the catalog's vectors by partition.
        reader: the same, by id.
        thresholds: what decides between the ways to search it.
    """
    if engine_of(layout) == LOCAL:
        from anysense.index.vectors.faiss.store import FaissStore

        return FaissStore.build(sources, thresholds=thresholds)
    from anysense.index.vectors.milvus.store import MilvusStore

    return MilvusStore.load(layout, reader, thresholds=thresholds).recounted()


@dataclass(frozen=True)
class Building:
    """What makes the index of a new generation.

    Attributes:
        engine: where it is to be.
        folder: of the generation, for its files; its name also tells collections elsewhere.
        owner: see `owner_of`.
        thresholds: what decides between the ways to build and to search it.
    """

    engine: str
    folder: Path
    owner: str
    thresholds: Thresholds = DEFAULTS

    def build(
        self,
        sources: Mapping[Partition, VectorSource],
        reader: VectorReader,
        *,
        previous: Store | None = None,
        renew: Collection[Partition] = (),
        progress: Progress | None = None,
    ) -> Store:
        """The index of `sources`.

        Args:
            sources: the vectors of each partition.
            reader: the same, by id.
            previous: an index of an earlier state, of which is kept what can be.
            renew: partitions that are made anew all the same.
            progress: called with the vectors stored so far and in all.

        Raises:
            EngineUnavailableError: an engine elsewhere does not answer.
        """
        if self.engine == LOCAL:
            from anysense.index.vectors.faiss.store import FaissStore

            return FaissStore.build(
                sources,
                previous=previous,
                renew=renew,
                progress=progress,
                thresholds=self.thresholds,
                folder=self.folder,
            )
        from anysense.index.vectors.milvus.store import MilvusStore

        return MilvusStore.build(
            sources,
            reader,
            Address.parse(self.engine),
            self.owner,
            label=self.folder.stem.replace("gen-", "_"),
            previous=previous,
            renew=renew,
            progress=progress,
            thresholds=self.thresholds,
        )


def clear_engines(engines: Iterable[str], owner: str, store: Store) -> list[str]:
    """Remove from engines elsewhere what is of one folder and is not in its current index.

    What cannot be removed is told in the log, and harms no search.

    Args:
        engines: all where something may be.
        owner: see `owner_of`.
        store: the current index.

    Returns:
        The engines where nothing can be left.
    """
    from anysense.index.vectors.milvus.store import MilvusStore, sweep

    here = store if isinstance(store, MilvusStore) else None
    left = []
    for engine in engines:
        is_here = here is not None and str(here.place.address) == engine
        keep = here.place.collections if here is not None and is_here else set()
        if sweep(Address.parse(engine), owner, keep) and not is_here:
            left.append(engine)
    if here is not None:
        here.clear()
    return left


def is_lost(store: Store | None, owner: str) -> bool:
    """Whether an index elsewhere cannot be added to: it is gone there, or is another folder's.

    Args:
        store: the index.
        owner: see `owner_of`.

    Raises:
        EngineUnavailableError: its engine does not answer.
    """
    from anysense.index.vectors.milvus.store import MilvusStore

    return isinstance(store, MilvusStore) and (store.place.owner != owner or store.is_lost())


def ping(store: Store | None) -> None:
    """See that the engine of an index answers, if it is elsewhere.

    Raises:
        EngineUnavailableError: it does not.
    """
    from anysense.index.vectors.milvus.store import MilvusStore

    if isinstance(store, MilvusStore):
        store.ping()
