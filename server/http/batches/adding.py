"""Adds several items together: encoded in shared batches, written in one transaction.

The outcome is that of adding one after the other: of two with one id the later one stays, and a
file or text without an id that is there already, or came just before it, is not added again.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from anysense.embed.errors import (
    AnysenseError,
    CollectionError,
    EncoderError,
    ItemNotFoundError,
    MediaError,
    StorageError,
)
from anysense.embed.types import Modality
from anysense.embed.waiting import check_waiter
from anysense.index.building.encoding import encode_pending
from anysense.index.building.pending import PendingItem, make_pending
from anysense.index.catalog.records import ItemRecord
from anysense.index.types import NewItem
from anysense.server.http.batches.disk import temporary_folder
from anysense.server.http.errors import RequestError, error_fields, status_of
from anysense.server.http.service.copies import item_with, join, text_with
from anysense.server.http.service.writing import superseded

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from anysense.index.catalog.records import FileRecord
    from anysense.index.collection import Collection
    from anysense.index.folder.folder import CollectionFolder
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
    with writer.several() as writes, temporary_folder() as staging:
        return _Adding(writer.collection, writes, roots, staging).run(candidates)


class _Copy(NamedTuple):
    """A file or text without an id whose content an item has, or one that came before.

    Attributes:
        place: among the candidates.
        digest: the hash of its content.
        metadata: what is said of it.
        name: what the client calls it, if it was sent.
        file: what the catalog notes of it, if it stays where it is.
        text_id: the id made from it, if it is a text.
        first: the place of the one that came before; None for a copy of an item's content.
    """

    place: int
    digest: str
    metadata: Mapping[str, Any]
    name: str | None = None
    file: FileRecord | None = None
    text_id: str | None = None
    first: int | None = None


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
        # Places of what has no id: of texts by the ids made from them, of files by their hashes.
        self._firsts: dict[str, int] = {}
        self._copies: list[_Copy] = []

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
        for copy in self._copies:
            self._outcomes[copy.place] = self._join(copy)
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
                return self._prepare_text(place, candidate, candidate.content)
            if candidate.content is not None:
                return self._prepare_media(place, candidate, candidate.content)
            return self._prepare_path(place, candidate)
        except (CollectionError, EncoderError):  # not of this item alone
            raise
        except AnysenseError as error:
            self._fail(place, error)
            return None

    def _prepare_text(self, place: int, candidate: Candidate, content: str) -> PendingItem | None:
        self._names[place] = "<text>"
        # Said to be a text, so that nobody looks whether it is the path of a file here.
        text = NewItem(content, candidate.id, modality=Modality.TEXT, metadata=candidate.metadata)
        pending = make_pending(place, text)
        copy = _Copy(place, pending.content_hash, candidate.metadata, text_id=pending.id)
        return None if candidate.id is None and self._is_copy(copy) else pending

    def _prepare_media(
        self, place: int, candidate: Candidate, media: NewMedia
    ) -> PendingItem | None:
        self._names[place] = f"<{media.name}>" if media.name in ("image", "audio") else media.name
        folder = self._folder.media
        with media.open() as upload:
            file = self._writes.receive(upload, self._names[place])
        copy = _Copy(place, file.digest, candidate.metadata, name=media.name)
        if candidate.id is None and self._is_copy(copy):
            return None
        path = file.keep(media.suffix, candidate.id)
        source = folder.catalog_path(str(path))  # the same wherever the collection is
        item = NewItem(path, candidate.id, source, None, candidate.metadata)
        return make_pending(place, item, file.digest, with_sidecars=False)

    def _prepare_path(self, place: int, candidate: Candidate) -> PendingItem | None:
        assert candidate.path is not None
        self._names[place] = candidate.path
        with self._roots.open(candidate.path) as file:
            path, record = file.copy_to(self._staging / f"{place}")
        pending = make_pending(
            place,
            NewItem(path, candidate.id, record.path, None, candidate.metadata),
            record.content_hash,
            with_sidecars=False,
        )
        pending = replace(pending, files=(record,))
        copy = _Copy(place, record.content_hash, candidate.metadata, file=record)
        return None if candidate.id is None and self._is_copy(copy) else pending

    def _is_copy(self, copy: _Copy) -> bool:
        """Whether what has no id is a copy; it is noted, to join its item in the end."""
        if _item_of(self._folder, copy) is not None:
            self._copies.append(copy)
            return True
        first = self._firsts.setdefault(copy.text_id or copy.digest, copy.place)
        if first == copy.place:
            return False
        self._copies.append(copy._replace(first=first))
        return True

    def _join(self, copy: _Copy) -> Outcome:
        """Let a copy join the item that has its content; what became of the copy.

        The others are written by now, so what goes wrong here is of this copy alone.
        """
        first = None if copy.first is None else self._outcomes[copy.first]
        if first is not None and first.error is not None:
            return first
        try:
            with self._writes.alone() as folder:
                item_id = _item_of(folder, copy) if first is None else first.id
                if item_id is None:
                    raise item_gone()
                join(folder, item_id, copy.metadata, name=copy.name, file=copy.file)
        except ItemNotFoundError:
            return failed_outcome(item_gone())
        except (RequestError, StorageError) as error:
            return failed_outcome(error)
        return Outcome(item_id, 200)


def _item_of(folder: CollectionFolder, copy: _Copy) -> str | None:
    """The id of the item that a copy is to join; None if there is none."""
    if copy.text_id is not None:
        return text_with(folder, copy.digest, copy.text_id)
    return item_with(folder, copy.digest, None if copy.file is None else copy.file.path)


def item_gone() -> RequestError:
    """What is said of a copy whose item has gone before the copy could join it."""
    message = (
        "The item with this content was removed or replaced before this copy could join it: "
        "nothing was added; send it again."
    )
    return RequestError(message, 409, "item_gone")
