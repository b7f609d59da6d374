"""Adds several items together: encoded in shared batches, written in one transaction.

The outcome is that of adding one after the other: of two with one id the later one stays, and a
file without an id whose content is there already, or came just before it, is not added again.
"""

from __future__ import annotations

import contextlib
import tempfile
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import (
    AnysenseError,
    CollectionError,
    EncoderError,
    ItemNotFoundError,
    MediaError,
)
from anysense.embed.types import Modality
from anysense.embed.waiting import check_waiter
from anysense.index.building.encoding import encode_pending, reading_marks
from anysense.index.building.pending import PendingItem, make_pending
from anysense.index.catalog.browse import find_item, item_paths
from anysense.index.catalog.records import ItemRecord
from anysense.index.types import NewItem
from anysense.server.http.errors import error_fields, status_of
from anysense.server.http.service.writing import superseded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.index.catalog.records import FileRecord
    from anysense.index.collection import Collection
    from anysense.server.http.batches.candidates import Candidate, NewMedia
    from anysense.server.http.batches.roots import Roots
    from anysense.server.http.service.writing import SeveralWrites, Writer

__all__ = ["Outcome", "add_together", "failed_outcome"]


@dataclass(frozen=True)
class Outcome:
    """What became of one of several: its id, the status that it would have alone, its error."""

    id: str | None
    status: int
    error: dict[str, str | None] | None = None

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, "status": self.status, "error": self.error}


def failed_outcome(error: AnysenseError, item_id: str | None = None) -> Outcome:
    """The outcome of what could not be done."""
    return Outcome(item_id, status_of(error), error_fields(error))


def add_together(
    writer: Writer, roots: Roots, candidates: Sequence[Candidate | AnysenseError]
) -> list[Outcome]:
    """Encode and write several items; all is safe, and found by searches, when this returns.

    Args:
        writer: of the collection.
        roots: the folders of this machine that may be read from.
        candidates: what to add; an error stands for what cannot be, and is its outcome.

    Returns:
        An outcome for each, in their order; one that cannot be used stops no other.

    Raises:
        AbandonedError: nobody waits for it; nothing was written.
        EncoderError: a model cannot be used; nothing was written.
        StorageError: the disk refused; nothing was written.
        CollectionLockedError: another process is writing; told before anything is done.
        CollectionReplacedError: the folder is not the one any more that was opened.
    """
    # Paths are read from copies, which nobody can exchange between a check and the reading.
    with writer.several() as writes, tempfile.TemporaryDirectory(prefix="anysense-") as staging:
        return _Adding(writer.collection, writes, roots, Path(staging)).run(candidates)


class _Known(NamedTuple):
    """A file whose content is there already: its place, and that of the first one, or its item."""

    place: int
    first: int | None
    item_id: str | None
    metadata: Mapping[str, Any]
    file: FileRecord | None


class _Adding:
    def __init__(
        self, collection: Collection, writes: SeveralWrites, roots: Roots, staging: Path
    ) -> None:
        self._collection = collection
        self._writes = writes
        self._folder = writes.folder
        self._roots = roots
        self._staging = staging
        self._outcomes: dict[int, Outcome] = {}
        self._names: dict[int, str] = {}  # what clients call files, by place
        self._firsts: dict[str, int] = {}  # places of files without ids, by the content's hash
        self._known: list[_Known] = []

    def run(self, candidates: Sequence[Candidate | AnysenseError]) -> list[Outcome]:
        records: dict[str, tuple[int, ItemRecord]] = {}
        pending = [p for p in map(self._prepare, range(len(candidates)), candidates) if p]
        for item in pending:
            self._writes.begin(item.id)
        with closing(encode_pending(self._collection, pending)) as stream:
            for item, outcome in stream:
                check_waiter()
                if isinstance(outcome, ItemRecord):
                    records[outcome.id] = (item.index, outcome)
                    self._outcomes[item.index] = Outcome(outcome.id, 201)
                else:
                    self._fail(item.index, outcome)
        for item_id in self._writes.write([record for _, record in records.values()]):
            self._outcomes[records[item_id][0]] = failed_outcome(superseded(item_id), item_id)
        self._join_known()
        return [self._outcomes[place] for place in range(len(candidates))]

    def _fail(self, place: int, error: AnysenseError) -> None:
        if isinstance(error, MediaError) and place in self._names:
            error = type(error)(self._names[place], error.reason)
        self._outcomes[place] = failed_outcome(error)

    def _prepare(self, place: int, candidate: Candidate | AnysenseError) -> PendingItem | None:
        """What is to be encoded of a candidate; nothing if its outcome is known without."""
        if isinstance(candidate, AnysenseError):
            self._outcomes[place] = failed_outcome(candidate)
            return None
        check_waiter()
        try:
            if isinstance(candidate.content, str):
                self._names[place] = "<text>"
                # Said to be a text, so that nobody looks whether it is the path of a file here.
                text = NewItem(
                    candidate.content,
                    candidate.id,
                    modality=Modality.TEXT,
                    metadata=candidate.metadata,
                )
                return make_pending(place, text)
            if candidate.content is not None:
                return self._prepare_media(place, candidate, candidate.content)
            return self._prepare_path(place, candidate)
        except (CollectionError, EncoderError):  # not of this item alone
            raise
        except AnysenseError as error:
            self._fail(place, error)
            return None

    def _prepare_media(
        self, place: int, candidate: Candidate, media: NewMedia
    ) -> PendingItem | None:
        self._names[place] = f"<{media.name}>" if media.name in ("image", "audio") else media.name
        folder = self._folder.media
        with media.open() as upload:
            file = self._writes.receive(upload, self._names[place])
        if candidate.id is None and self._is_known(place, candidate, file.digest):
            return None
        path = file.keep(media.suffix, candidate.id)
        source = folder.catalog_path(str(path))  # the same wherever the collection is
        item = NewItem(path, candidate.id, source, None, candidate.metadata)
        return make_pending(place, item, file.digest, with_sidecars=False)

    def _prepare_path(self, place: int, candidate: Candidate) -> PendingItem | None:
        assert candidate.path is not None
        self._names[place] = candidate.path
        with self._roots.open(candidate.path) as file:
            copy, record = file.copy_to(self._staging / f"{place}")
        pending = make_pending(
            place,
            NewItem(copy, candidate.id, record.path, None, candidate.metadata),
            record.content_hash,
            with_sidecars=False,
        )
        pending = replace(pending, files=(record,))
        if candidate.id is None and self._is_known(
            place, candidate, record.content_hash, record, pending.id
        ):
            return None
        return pending

    def _is_known(
        self,
        place: int,
        candidate: Candidate,
        digest: str,
        file: FileRecord | None = None,
        own_id: str | None = None,
    ) -> bool:
        """Whether a file without an id has a content that is there, or came before; it is noted."""
        item_id = self._folder.by_hash(digest)
        if item_id is not None and item_id != own_id:
            paths = self._paths(item_id)
            if not paths or any(path.is_file() for path in paths):
                self._known.append(_Known(place, None, item_id, candidate.metadata, file))
                return True
        first = self._firsts.setdefault(digest, place)
        if first != place:
            self._known.append(_Known(place, first, None, candidate.metadata, file))
        return first != place

    def _paths(self, item_id: str) -> list[Path]:
        """Where the files of an item are, which may be gone; none if there is no such item."""
        catalog = self._folder.snapshot().catalog
        with contextlib.suppress(ItemNotFoundError):
            return [Path(path) for path in item_paths(catalog, find_item(catalog, item_id))]
        return []

    def _join_known(self) -> None:
        """Give the items of known contents what was said of these, and their paths."""
        for known in self._known:
            outcome = Outcome(known.item_id, 200)
            if known.first is not None:
                outcome = self._outcomes[known.first]
                if outcome.error is None:
                    outcome = Outcome(outcome.id, 200)
            self._outcomes[known.place] = outcome
            if outcome.id is not None and outcome.error is None:
                self._join(outcome.id, known)

    def _join(self, item_id: str, known: _Known) -> None:
        with self._writes.alone() as folder:
            if known.file is not None:
                folder.assign_files([(known.file, item_id)])
            if known.metadata:
                former = find_item(folder.snapshot().catalog, item_id).metadata
                merged = {**former, **known.metadata, **reading_marks(former)}
                folder.describe({item_id: merged})
