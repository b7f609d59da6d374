"""Bring a collection up to date with the files it was built from.

A build scans, leaves alone what has not changed, encodes the rest and writes it a batch at a time.
It may be stopped at any instant: the next one goes on from what was written. A file is known by its
path, size and time; if those differ, by the hash of its content, so that a file that was only
touched, moved or copied is not encoded again.
"""

from __future__ import annotations

import os
import shlex
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.embed.errors import UsageError
from anysense.index.building.changes import Changes
from anysense.index.building.encoding import encode_pending
from anysense.index.building.ingest import ingest
from anysense.index.building.metadata import MetadataFile
from anysense.index.building.report import BuildProgress, BuildReport, ProgressCallback
from anysense.index.building.sources.found import Found, Problem
from anysense.index.building.sources.paths import manifest_of
from anysense.index.building.sources.scan import Scan
from anysense.index.building.sources.table import ManifestSource
from anysense.index.catalog.records import FileRecord, KnownFile, QuarantinedFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from anysense.embed.types import Modality
    from anysense.index.building.sources.base import Source
    from anysense.index.folder.folder import OpenCollection

__all__ = ["build", "check_sources", "ingest"]


def check_sources(
    sources: Sequence[str | Path], *, exclude: Path | None = None, root: Path | None = None
) -> Scan:
    """Look at the sources of a new collection, before it is made.

    Raises:
        UsageError: a source does not exist, or none holds anything that anysense reads.
        MediaError: a folder given as a source cannot be listed.
    """
    scan = Scan(sources, exclude=exclude, root=root).run()
    if not scan.found:
        raise UsageError(_nothing_found(scan))
    return scan


def build(
    collection: OpenCollection,
    sources: Sequence[str | Path] | Scan,
    *,
    metadata: str | Path | MetadataFile | None = None,
    root: str | Path | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    keep_missing: bool = False,
    progress: ProgressCallback | None = None,
) -> BuildReport:
    """Make a collection hold what its sources hold now, and publish it.

    Args:
        collection: what to build; it keeps the items of other sources.
        sources: folders, globs, files, and manifests; or a scan of them that was run.
        metadata: a JSONL, CSV or Parquet file whose rows describe items by `path` or `id`; or one
            that was read.
        root: where the paths of manifests start, instead of at their own folders.
        batch_size: inputs that a model takes at once; chosen by the device if None.
        workers: threads that decode; as many as processors if None.
        retry_failed: try again what an earlier build could not read.
        keep_missing: keep items whose file is gone.
        progress: called often.

    Raises:
        UsageError: a source does not exist, holds nothing, or used to hold items and is empty.
        MediaError: a folder given as a source cannot be listed.
        StorageError: the disk refused; what was written before is kept.
        CollectionLockedError: another process is writing to the collection.
    """
    started = time.monotonic()
    tell = progress or (lambda _: None)
    report = BuildReport()
    tell(BuildProgress("scan", 0, 0, report))
    if not isinstance(sources, Scan):
        base = Path(root) if root is not None else None
        sources = Scan(sources, exclude=Path(collection.folder.path), root=base).run()
    if isinstance(metadata, (str, Path)):
        metadata = MetadataFile(Path(metadata), sources.roots)
    run = _Build(collection, sources, report, metadata, retry_failed)
    run.check_emptied(keep_missing)
    run.encode(batch_size, workers, tell)
    if not keep_missing:
        run.remove_gone()
    run.describe()
    run.settle_quarantine()
    if report.has_changes or collection.folder.needs_publish:
        tell(BuildProgress("publish", run.total, run.total, report))
        collection.publish()
    report.seconds = time.monotonic() - started
    return report


class _Build:
    """One build: what is known, what was found, and what is to be done about the difference."""

    def __init__(
        self,
        collection: OpenCollection,
        scan: Scan,
        report: BuildReport,
        metadata: MetadataFile | None,
        retry_failed: bool,
    ) -> None:
        self._collection = collection
        self._scan = scan
        self._report = report
        self._metadata = metadata
        self._known: Mapping[str, KnownFile] = collection.folder.files()
        self._failed = {file.path: file for file in collection.folder.quarantined()}
        present = {found.path for found in scan.found}
        self._gone = [p for p in self._known if p not in present and scan.is_gone(p)]
        self._todo: list[Found] = []
        self._to_describe: list[Found] = []
        self._sort_out(retry_failed)

    @property
    def total(self) -> int:
        return len(self._todo)

    def _sort_out(self, retry_failed: bool) -> None:
        """Tell what is unchanged, by size and time, from what has to be looked at."""
        report = self._report
        report.outside_links = self._scan.outside_links
        taken = frozenset().union(*(space.modalities for space in self._collection.spaces))
        for found in self._scan.found:
            known, failed = self._known.get(found.path), self._failed.get(found.path)
            if known is not None and _is_unchanged(found, known):
                report.unchanged += 1
                self._to_describe.append(found)
            elif failed is not None and not retry_failed and _is_same(found, failed):
                report.quarantined.append(Problem(found.path, failed.reason))
                report.untried += 1
            elif found.item is None and _modality(found.path) not in (None, *taken):
                report.left_out += 1
            else:
                self._todo.append(found)

    def check_emptied(self, keep_missing: bool) -> None:
        """Refuse to take an empty source for one whose files were all deleted.

        It may be a disk that is not mounted, and its items took long to encode.

        Raises:
            UsageError: a source holds nothing now, and items of the collection come from it; or
                nothing was found at all.
        """
        for source in self._scan.folders:
            if keep_missing or any(source.covers(found.path) for found in self._scan.found):
                continue
            lost = sum(_came_from(source, path) for path in self._gone)
            if lost:
                files = "1 file" if lost == 1 else f"{lost:,} files"
                come = "comes" if lost == 1 else "come"
                raise UsageError(
                    f"{source.name} is empty now, and {files} of the collection {come} from it: if "
                    "a disk is not mounted, mount it; to keep the items, add --keep-missing; to "
                    f"remove those below {source.root}, run "
                    f"`{_removal(self._collection.folder.path, source.root)}`."
                )
        if not self._scan.found and not self._gone:
            raise UsageError(_nothing_found(self._scan))

    def encode(self, batch_size: int | None, workers: int | None, tell: ProgressCallback) -> None:
        """Deal with everything that is new or changed."""
        if not self._todo:
            return
        self._collection.folder.clear_quarantine([])  # takes the lock, before anything is encoded
        tell(BuildProgress("load", 0, self.total, self._report))

        def tell_files(done: int) -> None:
            tell(BuildProgress("encode", done, self.total, self._report))

        def tell_segments(encoded: int) -> None:
            self._report.segments = encoded
            tell_files(changes.done)

        changes = Changes(
            self._collection,
            self._known,
            frozenset(self._gone),
            self._report,
            self._describe,
            tell_files,
        )
        pending = changes.compare(self._todo, workers)
        stream = encode_pending(self._collection, pending, batch_size, workers, tell_segments)
        with closing(stream), closing(pending):
            try:
                for item, outcome in stream:
                    changes.take(item, outcome)
                    if self._collection.folder.snapshot().is_overdue:
                        tell(BuildProgress("publish", changes.done, self.total, self._report))
                        self._collection.publish()
            finally:
                changes.write()
        self._to_describe += changes.to_describe

    def describe(self) -> None:
        """Replace the metadata of items whose file has not changed, but what is said of it has."""
        wanted = {}
        for found in self._to_describe:
            known = self._known.get(found.path)
            metadata = self._describe(found, known.item_id if known is not None else None)
            if metadata is not None:
                wanted[found.path] = metadata
        if not wanted:
            return
        files, snapshot = self._collection.folder.files(), self._collection.folder.snapshot()
        ids = {path: files[path].item_id for path in wanted if path in files}
        changed = {
            own: wanted[path]
            for path, own in ids.items()
            if snapshot.item(own).metadata != wanted[path]
        }
        if changed:
            self._collection.folder.describe(changed)
            self._report.described += len(changed)

    def remove_gone(self) -> None:
        if self._gone:
            self._report.removed += len(self._collection.folder.forget_files(self._gone).removed)

    def settle_quarantine(self) -> None:
        """Note what the scan could not read; forget what has gone since it could not be read."""
        problems = {problem.path: problem for problem in self._scan.problems}
        self._report.quarantined += problems.values()
        new = [
            QuarantinedFile(p.path, 0, 0, p.reason)
            for p in problems.values()
            if p.path not in self._failed or self._failed[p.path].reason != p.reason
        ]
        if new:
            self._collection.folder.quarantine(new)
        present = {found.path for found in self._scan.found} | problems.keys()
        over = [p for p in self._failed if p not in present and self._scan.is_gone(p)]
        if over:
            self._collection.folder.clear_quarantine(over)
        if self._metadata is not None:
            self._report.unmatched_metadata = self._metadata.unmatched

    def _describe(self, found: Found, own_id: str | None) -> dict[str, Any] | None:
        """What the manifest and the metadata file say of an item; None if neither does."""
        said = self._metadata.get(found.path, own_id) if self._metadata is not None else None
        if found.item is None:
            return said
        return {**found.item.metadata, **(said or {})}


def _removal(collection: Path, folder: str) -> str:
    """The command that removes every item whose file is below a folder."""
    start = os.path.join(folder, "").replace("\\", "\\\\").replace("'", "\\'")  # noqa: PTH118
    where = f"source ^= '{start}'"
    return shlex.join(["anysense", "remove", str(collection), "--where", where])


def _came_from(source: Source, path: str) -> bool:
    if isinstance(source, ManifestSource) and manifest_of(path) == source.file:
        return True
    return source.covers(path)


def _modality(path: str) -> Modality | None:
    """What a file's name says that it is."""
    from anysense.embed.media.identify import MEDIA_SUFFIXES

    return MEDIA_SUFFIXES.get(os.path.splitext(path)[1].lower())  # noqa: PTH122 - for each file


def _is_same(found: Found, record: FileRecord | QuarantinedFile) -> bool:
    return (found.size, found.mtime_ns) == (record.size, record.mtime_ns)


def _is_unchanged(found: Found, known: KnownFile) -> bool:
    wanted = found.item.id if found.item is not None else None
    return wanted in (None, known.item_id) and _is_same(found, known.record)


def _nothing_found(scan: Scan) -> str:
    names = ", ".join(source.name for source in scan.sources)
    if scan.problems:
        first = scan.problems[0]
        return f"Nothing in {names} can be read: {first.path}: {first.reason}" + (
            f", and {len(scan.problems) - 1:,} more." if len(scan.problems) > 1 else "."
        )
    empty = [s.name for s in scan.sources if isinstance(s, ManifestSource)]
    if empty:
        return f"{', '.join(empty)} has no row that names a file or a text."
    from anysense.embed.media.identify import MEDIA_SUFFIXES

    kinds = " ".join(sorted(MEDIA_SUFFIXES))
    return f"{names} holds no file that anysense reads; it reads {kinds}."
