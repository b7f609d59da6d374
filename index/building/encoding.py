"""From pending items to records: encoded in their order, and collected to be written together."""

from __future__ import annotations

import itertools
import json
import time
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from anysense.embed.errors import UsageError
from anysense.embed.media.pieces import DEFAULT_VIDEO_FPS, NO_RECOGNITION, check_recognition
from anysense.index.building.settings.cutting import overlap_of, video_fps_of
from anysense.index.building.settings.recognition import recognition_of
from anysense.index.catalog.browse import forgotten_notes
from anysense.index.catalog.records import SAID, ItemRecord
from anysense.index.catalog.stored import metadata_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from typing import Any

    from anysense.embed.errors import AnysenseError
    from anysense.embed.media.pieces import Recognition
    from anysense.embed.media.speech.recogniser import SpeechRecogniser
    from anysense.embed.pipeline.stream import Encoded
    from anysense.embed.types import Encoder
    from anysense.index.building.pending import PendingItem
    from anysense.index.folder.folder import CollectionFolder

__all__ = [
    "BATCH_ITEMS",
    "BATCH_SECONDS",
    "Batch",
    "EncodePending",
    "Encoding",
    "Said",
    "encode_items",
    "encode_pending",
    "reading_marks",
    "without_reading_marks",
]

BATCH_ITEMS = 128
"""Items written in one transaction at most, unless asked otherwise."""

BATCH_SECONDS = 5.0
"""An item waits no longer than this to be written, unless asked otherwise."""


_INCOMPLETE = {"complete": False}
"""What the metadata of an item says of which a part is missing in its file."""


def reading_marks(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What the metadata of an item says of how its file was read: that a part was missing, if so.

    It stays with the item for as long as its file does, under whatever else is said of it.
    """
    return {key: mark for key, mark in _INCOMPLETE.items() if metadata.get(key) is mark}


def without_reading_marks(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """The metadata of an item whose file is read anew, which shows again whether it is complete."""
    marks = reading_marks(metadata)
    return {key: value for key, value in metadata.items() if key not in marks}


class Said:
    """What the contents of a collection say of themselves, as metadata of their items.

    Args:
        folder: the collection, as it is now.
        at_once: whether all is read at once, as it is asked of many contents.
    """

    def __init__(self, folder: CollectionFolder, *, at_once: bool = False) -> None:
        self._folder = folder
        self._note = folder.notes(SAID).get if at_once else folder.catalog.note

    def by(self, content_hash: str) -> dict[str, Any]:
        """What a content says of itself."""
        text = self._note(SAID + content_hash)
        return dict(json.loads(text)) if text is not None else {}

    def without(self, metadata: Mapping[str, Any], content_hash: str) -> dict[str, Any]:
        """Metadata without what a content has said, as far as it is still the same."""
        said = self.by(content_hash)
        return {k: v for k, v in metadata.items() if k not in said or said[k] != v}

    def forget(self) -> None:
        """Forget what contents have said that are gone."""
        gone = forgotten_notes(self._folder.catalog, SAID)
        if gone:
            self._folder.note(dict.fromkeys(gone))


class Batch:
    """Collects records, and says when it is time to write them.

    Args:
        items: so many are written in one transaction at most.
        seconds: an item waits no longer than this to be written.
    """

    def __init__(self, items: int = BATCH_ITEMS, seconds: float = BATCH_SECONDS) -> None:
        self._items = items
        self._seconds = seconds
        self._records: list[ItemRecord] = []
        self._since = time.monotonic()

    def add(self, record: ItemRecord) -> None:
        self._records.append(record)

    @property
    def is_due(self) -> bool:
        """Whether it is time to write the records."""
        is_late = time.monotonic() - self._since > self._seconds
        return len(self._records) >= self._items or (is_late and bool(self._records))

    def take(self) -> list[ItemRecord]:
        """The records so far, to be written now; a new batch begins."""
        records, self._records = self._records, []
        self._since = time.monotonic()
        return records


class Encoding(Protocol):
    """A folder, and what encodes for it."""

    @property
    def folder(self) -> CollectionFolder: ...

    def encoders(self) -> list[Encoder]:
        """The encoders, loaded when first asked for."""
        ...


class EncodePending(Protocol):
    """What encodes the items of a build: here, as `encode_pending`, or elsewhere."""

    def __call__(
        self,
        collection: Encoding,
        pending: Iterable[PendingItem],
        batch_size: int | None = None,
        workers: int | None = None,
        progress: Callable[[int], None] | None = None,
        *,
        captions: bool = True,
        encoding: str | None = None,
        total: int | None = None,
    ) -> Generator[tuple[PendingItem, ItemRecord | AnysenseError]]: ...


def encode_pending(
    collection: Encoding,
    pending: Iterable[PendingItem],
    batch_size: int | None = None,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
    *,
    captions: bool = True,
    encoding: str | None = None,
    total: int | None = None,
) -> Generator[tuple[PendingItem, ItemRecord | AnysenseError]]:
    """Encode items in their order; each comes back with its record, or with why there is none.

    `progress` is called with the number of segments encoded so far; with `captions`, words about a
    picture or a sound that lie beside its file or in it are segments of its item. `encoding` is
    what texts are in that are not Unicode. `total`, which no item's index reaches, matters only to
    who divides them among many.
    """
    pending = iter(pending)
    first = next(pending, None)
    if first is None:
        return  # nothing needs the model, so it is not loaded
    yield from encode_items(
        collection.encoders(),
        itertools.chain([first], pending),
        batch_size=batch_size,
        workers=workers,
        captions=captions,
        encoding=encoding,
        overlap=overlap_of(collection.folder),
        video_fps=video_fps_of(collection.folder),
        recognition=recognition_of(collection.folder),
        progress=progress,
    )


def encode_items(
    encoders: Sequence[Encoder],
    pending: Iterable[PendingItem],
    *,
    batch_size: int | None = None,
    workers: int | None = None,
    captions: bool = True,
    encoding: str | None = None,
    overlap: int = 0,
    video_fps: float = DEFAULT_VIDEO_FPS,
    recognition: Recognition = NO_RECOGNITION,
    progress: Callable[[int], None] | None = None,
) -> Generator[tuple[PendingItem, ItemRecord | AnysenseError]]:
    """Do what `encode_pending` does, for whoever has encoders and no collection."""
    from anysense.embed.pipeline.stream import MediaSource, encode_sources

    sources = (
        MediaSource(p, p.item.content, p.item.modality, p.sidecar_paths, p.item.captions)
        for p in pending
    )
    stream = encode_sources(
        encoders,
        sources,
        batch_size=batch_size,
        workers=workers,
        captions=captions,
        encoding=encoding,
        overlap=overlap,
        video_fps=video_fps,
        recognition=recognition,
        recogniser=_recogniser(recognition),
        progress=progress,
    )
    with closing(stream):
        for encoded in stream:
            yield encoded.source.key, _outcome(encoded)


def _recogniser(recognition: Recognition) -> SpeechRecogniser | None:
    """The model that writes down speech, loaded, if that is to be done."""
    if recognition.transcribe is None:
        return None
    from anysense.embed.encoders.whisper.recogniser import load_recogniser

    check_recognition(recognition)
    return load_recogniser(recognition.transcribe)


def _outcome(encoded: Encoded) -> ItemRecord | AnysenseError:
    pending: PendingItem = encoded.source.key
    if encoded.error is not None:
        return encoded.error
    assert encoded.kind is not None  # as it was read
    assert encoded.segments  # or there were an error
    metadata = {
        **({} if encoded.is_complete else _INCOMPLETE),
        **encoded.said,
        **pending.item.metadata,
    }
    try:  # now, as it would take the other items of its batch with it when they are written
        for kept in (metadata, encoded.said):
            metadata_text(pending.source, kept)
    except UsageError as error:
        return error
    return ItemRecord(
        id=pending.id,
        source=pending.source,
        kind=encoded.kind,
        metadata=metadata,
        segments=encoded.segments,
        content_hash=pending.content_hash,
        files=pending.files,
        said=encoded.said,
    )
