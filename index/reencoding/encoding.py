"""Giving every item of a collection vectors of other encoders, as far as its content is there."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import (
    AnysenseError,
    CollectionLockedError,
    ItemNotFoundError,
    MediaError,
    UsageError,
)
from anysense.embed.types import Modality, Origin
from anysense.index.building.encoding import (
    BATCH_ITEMS,
    BATCH_SECONDS,
    encode_pending,
)
from anysense.index.building.pending import PendingItem
from anysense.index.building.settings.cutting import overlap_of
from anysense.index.catalog.records import ItemRecord
from anysense.index.catalog.spaces import count_items, items_lacking, put_vectors
from anysense.index.catalog.stored import vector_blobs
from anysense.index.folder.lock import ask_for_turns
from anysense.index.objects.fetching import fetching
from anysense.index.reencoding.contents import (
    GONE,
    ROW_GONE,
    RowContent,
    caption_texts,
    content_of,
    possible_modalities,
    rows_of,
)
from anysense.index.reencoding.kept import KeptText, encode_kept, kept_text
from anysense.index.reencoding.report import MissingItem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from anysense.embed.types import EncodedSegment, Encoder
    from anysense.index.catalog.browse import ItemRow
    from anysense.index.folder.folder import CollectionFolder
    from anysense.index.publishing.publisher import Publisher
    from anysense.index.reencoding.report import ReencodeProgress, ReencodeReport
    from anysense.index.snapshots.manifest import Reencoding

__all__ = ["Reencoder", "has_turn"]

WAIT_SECONDS = 0.2
"""Between two tries to write while another process does."""
PIECE = 1000
"""Items looked up at once."""
TEXTS_AT_ONCE = 64
"""Kept texts that are encoded together."""


@contextmanager
def has_turn(folder: CollectionFolder, wait: Callable[[], None]) -> Iterator[Publisher]:
    """The right to write, once no other process has it; others may have it after the block.

    Args:
        folder: where to write.
        wait: called again and again while another process has it.
    """
    with ExitStack() as stack:
        while True:
            ask_for_turns(folder.path)
            try:
                publisher = stack.enter_context(folder.publisher())
                break
            except CollectionLockedError:
                wait()
                time.sleep(WAIT_SECONDS)
        yield publisher
    folder.release_idle(0.0)


class _Known(NamedTuple):
    """What the catalog has of an item that is being encoded."""

    item: ItemRow
    captions: list[str]
    modalities: frozenset[Modality]


@dataclass(frozen=True)
class _Successors:
    """A collection with the encoders that it is being given."""

    folder: CollectionFolder
    chosen: list[Encoder]

    def encoders(self) -> list[Encoder]:
        return self.chosen


class Reencoder:
    """Encodes what lacks vectors of the encoders that a collection is being given.

    Args:
        folder: the collection.
        reencoding: the encoders by name, with the keys of their spaces.
        encoders: the same, loaded.
        report: where to count.
        progress: called often.
        batch_size: inputs that a model takes at once; chosen by the device if None.
        workers: threads that decode; as many as processors if None.
    """

    def __init__(
        self,
        folder: CollectionFolder,
        reencoding: Reencoding,
        encoders: list[Encoder],
        report: ReencodeReport,
        progress: ReencodeProgress,
        batch_size: int | None = None,
        workers: int | None = None,
    ) -> None:
        self._folder = folder
        self._encoders = encoders
        self._report = report
        self._progress = progress
        self._batch_size = batch_size
        self._workers = workers
        self._keys = {
            entry.space.id: (entry.key, entry.space.dimension)
            for entry in reencoding.encoders
            if entry.key is not None
        }
        self._covered = frozenset[Modality]().union(*(e.space.modalities for e in encoders))
        self._taken = frozenset[Modality]().union(
            *(entry.space.modalities for entry in folder.manifest.encoders)
        )
        self._skipped: set[int] = set()
        self._known: dict[int, _Known] = {}
        self._batch: list[tuple[int, list[EncodedSegment], list[bytes]]] = []
        self._since = time.monotonic()
        self._texts: list[KeptText] = []
        self._again: list[PendingItem] = []
        self._done = 0

    def run(self) -> None:
        """Encode until nothing lacks but what cannot be read, also of what is added meanwhile."""
        self._done = count_items(self._folder.snapshot().catalog, self._numbers)
        while self.is_due():
            self._run_once()

    def is_due(self) -> bool:
        """Whether there are items that lack vectors and were not tried yet."""
        return any(True for _ in self._lacking())

    @property
    def _numbers(self) -> list[int]:
        return [key for key, _ in self._keys.values()]

    def _lacking(self) -> Iterator[ItemRow]:
        after = 0
        while items := items_lacking(self._folder.snapshot().catalog, self._numbers, after, PIECE):
            after = items[-1].position
            yield from (item for item in items if item.position not in self._skipped)

    def _run_once(self) -> None:
        rows: dict[str, dict[str, RowContent]] = {}
        self._encode(self._contents(rows))
        for table, wanted in rows.items():
            with fetching():  # a tar in storage, once
                self._encode(self._of_table(table, wanted))
        again, self._again = self._again, []
        self._encode(again)

    def _contents(self, rows: dict[str, dict[str, RowContent]]) -> Iterator[PendingItem]:
        """What can be read of its own, one after the other; rows of tables are collected."""
        for item in self._lacking():
            catalog = self._folder.snapshot().catalog
            try:
                segments = catalog.item(item.id).segments
            except ItemNotFoundError:
                continue  # removed a moment ago
            possible = possible_modalities(item, segments, self._taken)
            if not possible & self._covered:
                self._skip(item)
                self._report.uncovered += 1
                continue
            modalities = frozenset(segment.modality for segment in segments)
            self._known[item.position] = _Known(item, caption_texts(segments), modalities)
            content = content_of(catalog, item, segments)
            if isinstance(content, PendingItem):
                yield content
            elif isinstance(content, RowContent):
                rows.setdefault(content.table, {})[content.file.path] = content
            elif isinstance(content, KeptText):
                self._keep(content)
            else:
                self._miss(item, content)

    def _of_table(self, table: str, wanted: dict[str, RowContent]) -> Iterator[PendingItem]:
        for content in rows_of(table, wanted):
            if isinstance(content, PendingItem):
                yield content
                continue
            catalog, item = self._folder.snapshot().catalog, content.item
            try:
                text = kept_text(item, catalog.item(item.id).segments)
            except ItemNotFoundError:
                continue
            if text is not None:
                self._keep(text)
            else:
                self._miss(item, ROW_GONE)

    def _encode(self, pending: Iterable[PendingItem]) -> None:
        """Encode some items with all that belongs to them, and write what comes of it."""
        stream = encode_pending(
            _Successors(self._folder, self._encoders), pending, self._batch_size, self._workers
        )
        with closing(stream):
            try:
                for item, outcome in stream:
                    self._take(item, outcome)
            finally:
                self._write()
        self._encode_texts()
        self._write()

    def _take(self, pending: PendingItem, outcome: ItemRecord | AnysenseError) -> None:
        known = self._known[pending.index]
        if isinstance(outcome, AnysenseError):
            if known.modalities & self._covered:
                reason = outcome.reason if isinstance(outcome, MediaError) else str(outcome)
                self._miss(known.item, reason)
            else:  # a picture without words, say, where there are new ones for texts alone
                self._skip(known.item)
                self._report.uncovered += 1
            return
        segments = list(outcome.segments)
        # It was built without the words about it.
        if not known.captions and Modality.TEXT in self._taken:
            content = [s for s in segments if s.origin is not Origin.CAPTION]
            segments = content or segments
        lost = _lost(known.captions, segments) if Modality.TEXT in self._covered else []
        if lost and not pending.item.captions:  # words that were given with it
            item = replace(pending.item, captions=lost)
            self._again.append(replace(pending, item=item))
            return
        self._add(known.item, segments)

    def _keep(self, text: KeptText) -> None:
        self._texts.append(text)
        if len(self._texts) >= TEXTS_AT_ONCE:
            self._encode_texts()

    def _encode_texts(self) -> None:
        texts, self._texts = self._texts, []
        if not texts:
            return
        overlap = overlap_of(self._folder)
        encoded = encode_kept(self._encoders, texts, overlap, self._batch_size)
        for text, segments in zip(texts, encoded, strict=True):
            if segments:
                self._report.kept_texts += 1
                self._add(text.item, segments)
            else:
                self._miss(text.item, GONE)

    def _add(self, item: ItemRow, segments: list[EncodedSegment]) -> None:
        self._known.pop(item.position, None)
        record = ItemRecord(item.id, item.source, item.kind, {}, segments)
        try:  # now, as it would take the other items of its batch with it when they are written
            blobs = vector_blobs(record, self._keys)
        except UsageError as error:
            self._miss(item, str(error))
            return
        self._batch.append((item.position, segments, blobs))
        if len(self._batch) >= BATCH_ITEMS or time.monotonic() - self._since > BATCH_SECONDS:
            self._write()

    def _write(self) -> None:
        batch, self._batch = self._batch, []
        self._since = time.monotonic()
        if batch:
            with (
                has_turn(self._folder, self._wait) as publisher,
                publisher.writer.transaction() as transaction,
            ):
                for item_pk, segments, blobs in batch:
                    if put_vectors(transaction, item_pk, segments, blobs, self._keys):
                        self._report.encoded += 1
                        self._report.segments += len(segments)
            self._advance(len(batch))

    def _miss(self, item: ItemRow, reason: str) -> None:
        self._skip(item)
        self._report.missing.append(MissingItem(item.id, item.source, reason))

    def _skip(self, item: ItemRow) -> None:
        self._known.pop(item.position, None)
        self._skipped.add(item.position)
        self._advance(1)

    def _advance(self, items: int) -> None:
        self._done += items
        self._tell("encode")

    def _wait(self) -> None:
        self._tell("wait")

    def _tell(self, doing: str) -> None:
        total = sum(self._folder.snapshot().items_by_kind().values())
        self._progress(doing, min(self._done, total), total)


def _lost(captions: Sequence[str], segments: Sequence[EncodedSegment]) -> list[str]:
    """Of the words that an item had about it, those that were not read again."""
    read = " ".join(" ".join((s.text or "").split()) for s in segments)
    return [text for text in captions if " ".join(text.split()) not in read]
