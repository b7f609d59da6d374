"""Encode new items and write them to a collection, a batch at a time.

What is written is safe: a process that is killed loses the batch that it had not written yet.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    AnysenseError,
    CorruptMediaError,
    MediaError,
    UnsupportedMediaError,
    UsageError,
)
from anysense.embed.types import Waveform
from anysense.index.catalog.records import (
    ID_RULE,
    FileRecord,
    ItemRecord,
    SegmentRecord,
    is_id,
    item_id,
)
from anysense.index.catalog.stored import metadata_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from PIL.Image import Image

    from anysense.embed.pipeline.stream import Encoded
    from anysense.index.building.sources.found import NewItem
    from anysense.index.collection import Collection

__all__ = ["AddReport", "Batch", "Failure", "Pending", "encode_pending", "hash_file", "ingest"]

BATCH_ITEMS = 128  # items written in one transaction at most
BATCH_SECONDS = 5.0  # an item waits no longer than this to be written
HASH_BLOCK = 1 << 20


@dataclass(frozen=True)
class Failure:
    """An item that could not be added: its place among those given, its source, and why."""

    index: int
    source: str
    reason: str


@dataclass
class AddReport:
    """What became of items that were added.

    Attributes:
        ids: the id of each item given, in order; None for one that could not be added.
        added: how many are new.
        updated: how many replaced an item of the same id.
        duplicates: how many files were in the collection already, under the id that is told.
        failed: the items that could not be added.
        seconds: how long it took.
    """

    ids: list[str | None] = field(default_factory=list)
    added: int = 0
    updated: int = 0
    duplicates: int = 0
    failed: list[Failure] = field(default_factory=list)
    seconds: float = 0.0


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

    def write(self, collection: Collection) -> list[ItemRecord]:
        """Write the records in one transaction; returns them."""
        written, self.records = self.records, []
        if written:
            collection.write(written)
        self._since = time.monotonic()
        return written


def ingest(
    collection: Collection,
    items: Iterable[NewItem],
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> AddReport:
    """Encode items and write them; one that cannot be used is reported, and the others go on.

    An item without an id gets one made from its path or its content. A file without an id whose
    content is in the collection already becomes another path of the item that has it, and adds its
    metadata to that item's.

    Args:
        collection: where to write.
        items: what to add.
        batch_size: inputs that a model takes at once; chosen by the device if None.
        workers: threads that decode; as many as processors if None.
        progress: called with the number of items done so far.

    Raises:
        StorageError: the disk refused; what was written before is kept.
        CollectionLockedError: another process is writing.
    """
    return _Ingest(collection, progress).run(items, batch_size, workers)


class _Ingest:
    def __init__(self, collection: Collection, progress: Callable[[int], None] | None) -> None:
        self._collection = collection
        self._progress = progress
        self._report = AddReport()
        self._batch = Batch()
        # By content hash: files that are not written yet, and the places of their copies.
        self._on_the_way: dict[str, tuple[Pending, list[int]]] = {}

    def run(
        self, items: Iterable[NewItem], batch_size: int | None, workers: int | None
    ) -> AddReport:
        started = time.monotonic()
        stream = encode_pending(self._collection, self._prepare(items), batch_size, workers)
        with closing(stream):
            try:
                for pending, outcome in stream:
                    self._take(pending, outcome)
                    if self._batch.is_due:
                        self._write()
            finally:
                self._write()
        self._report.failed.sort(key=lambda failure: failure.index)
        self._report.seconds = time.monotonic() - started
        return self._report

    def _prepare(self, items: Iterable[NewItem]) -> Iterator[Pending]:
        for index, item in enumerate(items):
            self._report.ids.append(None)
            try:
                pending = prepare(index, item)
            except (MediaError, UsageError) as error:
                self._fail(index, item.source or _name(item), error)
            else:
                if not self._is_copy(pending):
                    yield pending

    def _is_copy(self, pending: Pending) -> bool:
        """Whether a file without an id of its own has the content of an item; then it joins it."""
        digest = pending.content_hash
        if not pending.files or pending.item.id is not None or digest is None:
            return False
        if digest in self._on_the_way:
            first, copies = self._on_the_way[digest]
            first.files += pending.files
            copies.append(pending.index)
            return True
        known = self._collection.by_hash(digest)
        if known is None or known == pending.id:
            self._on_the_way[digest] = (pending, [])
            return False
        self._collection.place_files([(file, known) for file in pending.files])
        if pending.item.metadata:
            metadata = self._collection.snapshot().item(known).metadata
            self._collection.describe({known: {**metadata, **pending.item.metadata}})
        self._report.ids[pending.index] = known
        self._report.duplicates += 1
        return True

    def _take(self, pending: Pending, outcome: ItemRecord | AnysenseError) -> None:
        if isinstance(outcome, ItemRecord):
            self._report.ids[pending.index] = pending.id
            self._batch.records.append(outcome)
            return
        self._fail(pending.index, pending.source, outcome)
        if pending.item.id is None:
            for index in self._on_the_way.pop(pending.content_hash or "", (pending, []))[1]:
                self._fail(index, pending.source, outcome)

    def _write(self) -> None:
        ids = {record.id for record in self._batch.records}
        updated = len(self._collection.existing(list(ids)))
        self._batch.write(self._collection)
        self._report.updated += updated
        self._report.added += len(ids) - updated
        for digest, (pending, copies) in list(self._on_the_way.items()):
            if pending.id in ids:
                del self._on_the_way[digest]
                self._report.duplicates += len(copies)
                for index in copies:
                    self._report.ids[index] = pending.id
        if self._progress is not None:
            self._progress(len(self._report.ids))

    def _fail(self, index: int, source: str, error: AnysenseError) -> None:
        reason = error.reason if isinstance(error, MediaError) else str(error)
        self._report.failed.append(Failure(index, source, reason))


def prepare(index: int, item: NewItem) -> Pending:
    """Find an item's id, source and content hash.

    Raises:
        MediaError: its file is not there, or cannot be read.
        UsageError: its id or its metadata is not usable.
    """
    content = item.content
    if item.id is not None:
        _check_id(item.id)
    # Now, as it would take the other items of its batch with it when they are written.
    metadata_text(item.id or _name(item), item.metadata)
    if isinstance(content, Path):
        file = stat_file(content)
        path = file.path
        source = item.source or path
        try:
            digest = hash_file(path)
        except FileNotFoundError:
            raise CorruptMediaError(path, "no such file or directory") from None
        file = FileRecord(file.path, file.size, file.mtime_ns, digest)
        return Pending(index, item, item.id or item_id(source), source, digest, [file])
    digest = _hash_content(item)
    own = item.id or item_id(item.source or digest)
    return Pending(index, item, own, item.source or f"{_kind(item)}:{own}", digest)


def encode_pending(
    collection: Collection,
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
    if encoded.modality is None or not encoded.segments:
        what = encoded.modality or "it"
        return UnsupportedMediaError(pending.source, f"no encoder of this collection takes {what}")
    return ItemRecord(
        id=pending.id,
        source=pending.source,
        modality=encoded.modality,
        metadata=dict(pending.item.metadata),
        segments=[
            SegmentRecord(s.space, s.start, s.end, s.text, s.vector) for s in encoded.segments
        ],
        content_hash=pending.content_hash,
        files=pending.files,  # the list itself: copies may be found until it is written
    )


def stat_file(file: Path) -> FileRecord:
    """A file's real path, size and time, with no content hash yet.

    Raises:
        MediaError: it is not there, or is no regular file.
    """
    try:
        path = os.path.realpath(file.expanduser())
        status = Path(path).stat()
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no such user after ~
        reason = getattr(error, "strerror", None) or str(error)
        raise CorruptMediaError(file, reason.lower()) from None
    if not Path(path).is_file():
        raise UnsupportedMediaError(path, "not a file")
    return FileRecord(path, status.st_size, status.st_mtime_ns, "")


def hash_file(path: str) -> str:
    """The BLAKE2b hash of a file's bytes: 64 hex digits.

    Raises:
        FileNotFoundError: it has gone.
        MediaError: it cannot be read.
    """
    digest = hashlib.blake2b(digest_size=32)
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - many, so no Path for each
            while block := file.read(HASH_BLOCK):
                digest.update(block)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise CorruptMediaError(path, f"cannot be read: {error.strerror or error}") from None
    return digest.hexdigest()


def _hash_content(item: NewItem) -> str:
    digest = hashlib.blake2b(digest_size=32)
    content = item.content
    if isinstance(content, str):
        digest.update(content.encode(errors="surrogatepass"))
    elif isinstance(content, bytes):
        digest.update(content)
    elif isinstance(content, Waveform):
        digest.update(f"{content.rate} ".encode() + content.samples.tobytes())
    elif isinstance(content, _image_class()):
        digest.update(f"{content.mode} {content.size} ".encode() + content.tobytes())
    else:
        raise UsageError(
            f"An item cannot be a {type(content).__name__}: give a pathlib.Path, bytes, a str "
            "for text, a PIL image, or a Waveform."
        )
    return digest.hexdigest()


def _image_class() -> type[Image]:
    from PIL.Image import Image

    return Image


def _kind(item: NewItem) -> str:
    if isinstance(item.content, str):
        return "text"
    return "bytes" if isinstance(item.content, bytes) else str(item.modality or "media")


def _name(item: NewItem) -> str:
    return str(item.content) if isinstance(item.content, Path) else f"<{_kind(item)}>"


def _check_id(own: str) -> None:
    if not is_id(own):
        raise UsageError(f"An id is {ID_RULE}, not {own[:80]!r}.")
