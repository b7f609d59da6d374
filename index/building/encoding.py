"""From new items to records: encoded in their order, and written a batch at a time."""

from __future__ import annotations

import itertools
import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    AnysenseError,
    UnsupportedMediaError,
)
from anysense.index.catalog.records import (
    FileRecord,
    ItemRecord,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    from anysense.embed.pipeline.stream import Encoded
    from anysense.index.folder.folder import OpenCollection
    from anysense.index.types import NewItem

__all__ = ["BATCH_ITEMS", "BATCH_SECONDS", "Batch", "Pending", "encode_pending"]

BATCH_ITEMS = 128  # items written in one transaction at most


BATCH_SECONDS = 5.0  # an item waits no longer than this to be written


@dataclass
class Pending:
    """An item on its way: its place in the order, its record's fields, and its files so far."""

    index: int
    item: NewItem
    id: str
    source: str
    content_hash: str | None = None
    files: list[FileRecord] = field(default_factory=list)


class Batch:
    """Collects records, and says when it is time to write them."""

    def __init__(self) -> None:
        self.records: list[ItemRecord] = []
        self._since = time.monotonic()

    @property
    def is_due(self) -> bool:
        late = time.monotonic() - self._since > BATCH_SECONDS
        return len(self.records) >= BATCH_ITEMS or (late and bool(self.records))

    def write(self, collection: OpenCollection) -> list[ItemRecord]:
        """Write the records in one transaction; returns them."""
        written, self.records = self.records, []
        if written:
            collection.folder.write(written)
        self._since = time.monotonic()
        return written


def encode_pending(
    collection: OpenCollection,
    pending: Iterable[Pending],
    batch_size: int | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Generator[tuple[Pending, ItemRecord | AnysenseError]]:
    """Encode items in their order; each comes back with its record, or with why there is none.

    `progress` is called with the number of segments encoded so far.
    """
    pending = iter(pending)
    first = next(pending, None)
    if first is None:
        return  # nothing needs the model, so it is not loaded
    from anysense.embed.pipeline.stream import MediaSource, encode_sources

    everything = itertools.chain([first], pending)
    sources = (MediaSource(p, p.item.content, p.item.modality) for p in everything)
    encoders = collection.encoders()
    stream = encode_sources(
        encoders, sources, batch_size=batch_size, workers=workers, progress=progress
    )
    with closing(stream):
        for encoded in stream:
            yield encoded.source.key, _outcome(encoded)


def _outcome(encoded: Encoded) -> ItemRecord | AnysenseError:
    pending: Pending = encoded.source.key
    if encoded.error is not None:
        return encoded.error
    if encoded.kind is None or not encoded.segments:
        what = encoded.kind or "it"
        return UnsupportedMediaError(pending.source, f"no encoder of this collection takes {what}")
    return ItemRecord(
        id=pending.id,
        source=pending.source,
        kind=encoded.kind,
        metadata=dict(pending.item.metadata),
        segments=encoded.segments,
        content_hash=pending.content_hash,
        files=pending.files,  # the list itself: copies may be found until it is written
    )
