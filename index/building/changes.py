"""The difference between the files that a collection knows and those that are there now.

`Changes` compares one file after the other by the hash of its content, hands on what has to be
encoded, and writes what follows from it, a batch at a time.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import (
    AnysenseError,
    ItemNotFoundError,
    MediaError,
    MediaTooLargeError,
)
from anysense.embed.limits import DEFAULT_LIMITS
from anysense.embed.pipeline.threads import Workers
from anysense.index.building.content import hash_file
from anysense.index.building.encoding import Batch, Pending
from anysense.index.building.sources.found import Found, Problem
from anysense.index.building.sources.paths import is_alive
from anysense.index.building.sources.table import hash_text
from anysense.index.catalog.records import (
    FileRecord,
    ItemRecord,
    KnownFile,
    QuarantinedFile,
    item_id,
)
from anysense.index.types import NewItem

if TYPE_CHECKING:
    from concurrent.futures import Future

    from anysense.index.building.report import BuildReport
    from anysense.index.folder.folder import OpenCollection

__all__ = ["Changes", "Describe"]

HASHING_THREADS = 4
MOST_NOTES = 1000  # files noted in one transaction at most

Describe = Callable[[Found, str], "dict[str, Any] | None"]


@dataclass(eq=False)
class _Holder:
    """Content, and the paths that hold it.

    `is_written` once the catalog has an item of it; `failure` says why it never will.
    """

    paths: set[str] = field(default_factory=set)
    is_written: bool = False
    failure: str | None = None


class Changes:
    """Compares, and writes. Used by one build, from one thread.

    Args:
        collection: what is built.
        known: its files, by path.
        gone: known paths that are no longer there: a file with the content of one was moved.
        report: where to count.
        describe: the metadata that the build gives an item; None for none.
        tell: called with the number of files that are dealt with, after each.
    """

    def __init__(
        self,
        collection: OpenCollection,
        known: Mapping[str, KnownFile],
        gone: frozenset[str],
        report: BuildReport,
        describe: Describe,
        tell: Callable[[int], None],
    ) -> None:
        self._collection = collection
        self._known = known
        self._gone = gone
        self._report = report
        self._describe = describe
        self._tell = tell
        self._done = 0
        self._batch = Batch()
        self._touched: list[FileRecord] = []
        self._aliases: list[tuple[FileRecord, _Holder, bool]] = []  # whether it was moved
        self._dead: list[str] = []
        self._failures: list[QuarantinedFile] = []
        self.to_describe: list[Found] = []
        self._by_hash: dict[str, _Holder] = {}
        self._by_path: dict[str, _Holder] = {}
        by_id: dict[str, _Holder] = {}
        for path, file in known.items():
            holder = by_id.setdefault(file.item_id, _Holder(is_written=True))
            holder.paths.add(path)
            self._by_path[path] = holder
            self._by_hash.setdefault(file.record.content_hash, holder)
        self._shared = {path for path, h in self._by_path.items() if len(h.paths) > 1}
        self._ids = frozenset(by_id)

    @property
    def done(self) -> int:
        """How many files are dealt with."""
        return self._done

    def compare(self, todo: Iterable[Found], workers: int | None) -> Generator[Pending]:
        """Hash files and yield those whose content is new, in order."""
        for index, (found, outcome) in enumerate(_hashed(todo, workers)):
            pending = None
            if isinstance(outcome, str):
                pending = self._decide(index, found, _record(found, outcome))
            elif isinstance(outcome, MediaTooLargeError):
                self._fail(_record(found, ""), outcome.reason)
            elif isinstance(outcome, MediaError):
                # Not opened: the file may be sound, and what keeps it shut (its permissions, a
                # share) changes without its size or time. So neither is noted, and every build
                # tries it again.
                self._fail(FileRecord(found.path, 0, 0, ""), outcome.reason)
            # else it has gone since the scan: the next build removes it
            if pending is not None:
                yield pending
            else:
                self._finish()
            if len(self._touched) + len(self._aliases) + len(self._failures) >= MOST_NOTES:
                self.write()

    def take(self, pending: Pending, outcome: ItemRecord | AnysenseError) -> None:
        """Note what became of an item that `compare` handed on; write if it is time."""
        if isinstance(outcome, AnysenseError):
            reason = outcome.reason if isinstance(outcome, MediaError) else str(outcome)
            self._by_path[pending.source].failure = reason
            self._fail(pending.files[0], reason)
        else:
            self._batch.records.append(outcome)
        self._finish()
        if self._batch.is_due:
            self.write()

    def write(self) -> None:
        """Write everything that is known by now.

        A file joins the item that it is a copy of before that item is replaced, so that the item
        lives on under the copy's path.
        """
        touched, self._touched = self._touched, []
        if touched:
            self._collection.folder.assign_files([(file, self._owner(file)) for file in touched])
        self._write_aliases()
        for record in self._batch.write(self._collection):
            self._by_path[record.source].is_written = True
            if record.id in self._ids and record.source not in self._shared:
                self._report.updated += 1
            else:
                self._report.added += 1
        self._write_aliases()
        dead, self._dead = self._dead, []
        if dead:  # after the aliases, so that their items live on
            self._report.removed += len(self._collection.folder.forget_files(dead).removed)
        failures, self._failures = self._failures, []
        if failures:
            self._collection.folder.quarantine(failures)
            lost = [file.path for file in failures if file.path in self._known]
            if lost:
                self._report.removed += len(self._collection.folder.forget_files(lost).removed)

    def _decide(self, index: int, found: Found, record: FileRecord) -> Pending | None:
        known = self._known.get(record.path)
        wanted = found.item.id if found.item is not None else None
        is_same = known is not None and known.record.content_hash == record.content_hash
        if known is not None and is_same and wanted in (None, known.item_id):
            self._touched.append(record)
            self._report.unchanged += 1
            self.to_describe.append(found)
            return None
        self._leave(record.path)
        twin = self._by_hash.get(record.content_hash) if wanted is None else None
        if twin is not None:
            self._join(found, record, twin)
            return None
        holder = _Holder({record.path})
        self._by_path[record.path] = self._by_hash[record.content_hash] = holder
        own = wanted or (
            known.item_id
            if known is not None and record.path not in self._shared
            else item_id(record.path)
        )
        item = found.item or NewItem(Path(found.path))
        metadata = self._describe(found, own)
        if metadata is None and own in self._ids:
            metadata = self._collection.folder.snapshot().item(own).metadata
        item = replace(item, metadata=metadata or {})
        return Pending(index, item, own, record.path, record.content_hash, [record])

    def _leave(self, path: str) -> None:
        """Part a file from the content that it held."""
        holder = self._by_path.get(path)
        if holder is None:
            return
        holder.paths.discard(path)
        content_hash = self._known[path].record.content_hash
        if not holder.paths and self._by_hash.get(content_hash) is holder:
            del self._by_hash[content_hash]

    def _join(self, found: Found, record: FileRecord, twin: _Holder) -> None:
        """Make a file another path of the item that has its content already."""
        if twin.failure is not None:
            self._fail(record, twin.failure)
            return
        was_moved = not any(p not in self._gone and is_alive(p) for p in twin.paths)
        if was_moved:
            self._dead += twin.paths
            twin.paths.clear()
        twin.paths.add(record.path)
        self._by_path[record.path] = twin
        self._aliases.append((record, twin, was_moved))
        if was_moved:
            self._report.moved += 1
            self.to_describe.append(found)

    def _write_aliases(self) -> None:
        """Write the aliases of items that are written; the others wait, or fail with them."""
        waiting, ready = [], []
        for record, holder, was_moved in self._aliases:
            if holder.failure is not None:
                self._report.moved -= was_moved
                self._fail(record, holder.failure)
            elif holder.is_written:
                self._report.duplicates += not was_moved
                ready.append(record)
            else:
                waiting.append((record, holder, was_moved))
        self._aliases = waiting
        # A file that leaves an item may change its id, so ids are looked up anew after each.
        fresh: list[FileRecord] = []
        for record in ready:
            fresh.append(record)
            if record.path in self._known:
                self._place(fresh)
                fresh = []
        self._place(fresh)

    def _place(self, files: list[FileRecord]) -> None:
        """Note files as further paths of the items that have their content."""
        owners = [(file, self._collection.folder.by_hash(file.content_hash)) for file in files]
        places = [(file, own) for file, own in owners if own is not None]
        if places:
            self._report.removed += len(self._collection.folder.assign_files(places).removed)

    def _owner(self, file: FileRecord) -> str:
        """The id of the item of a file that was only touched; writing may have given it another."""
        own = self._known[file.path].item_id
        if file.path not in self._shared:
            return own
        try:
            item = self._collection.folder.snapshot().item(own)
            if file.path in (item.source, *item.aliases):
                return own
        except ItemNotFoundError:
            pass
        return self._collection.folder.by_hash(file.content_hash) or own

    def _fail(self, record: FileRecord, reason: str) -> None:
        self._report.quarantined.append(Problem(record.path, reason))
        self._failures.append(QuarantinedFile(record.path, record.size, record.mtime_ns, reason))

    def _finish(self) -> None:
        self._done += 1
        self._tell(self._done)


def _record(found: Found, content_hash: str) -> FileRecord:
    return FileRecord(found.path, found.size, found.mtime_ns, content_hash)


def _hashed(
    todo: Iterable[Found], workers: int | None
) -> Iterator[tuple[Found, str | FileNotFoundError | MediaError]]:
    """Each file with the hash of its content, or why it has none; threads hash ahead."""
    threads = min(workers or os.cpu_count() or 1, HASHING_THREADS)
    ahead: deque[tuple[Found, Future[str | FileNotFoundError | MediaError]]] = deque()
    pool = Workers(threads, "anysense-hash")
    try:
        for found in todo:
            ahead.append((found, pool.submit(_hash, found)))
            if len(ahead) > 2 * threads:
                first, future = ahead.popleft()
                yield first, future.result()
        while ahead:
            first, future = ahead.popleft()
            yield first, future.result()
    finally:
        pool.stop()


def _hash(found: Found) -> str | FileNotFoundError | MediaError:
    if found.item is not None and isinstance(found.item.content, str):
        return hash_text(found.item.content)
    if found.size > DEFAULT_LIMITS.file_bytes:
        limit = DEFAULT_LIMITS.file_bytes
        return MediaTooLargeError(found.path, f"has {found.size:,} of at most {limit:,} bytes")
    try:
        return hash_file(found.path)
    except (FileNotFoundError, MediaError) as error:
        return error
