"""Bring a collection up to date with the files it was built from.

A build scans, leaves alone what has not changed, encodes the rest and writes it a batch at a time.
It may be stopped at any instant: the next one goes on from what was written. A file is known by its
path, size and time; if those differ, by the hash of its content, so that a file that was only
touched, moved or copied is not encoded again.
"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from anysense.index.building.changes import Changes
from anysense.index.building.checks import check_emptied, check_entries
from anysense.index.building.encoding import encode_pending
from anysense.index.building.metadata import Descriptions, MetadataFile
from anysense.index.building.options import BuildOptions
from anysense.index.building.plan import make_plan
from anysense.index.building.quarantine import settle_problems
from anysense.index.building.report import BuildProgress, BuildReport, ProgressCallback
from anysense.index.building.sources.scan import FileScan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.building.plan import Plan
    from anysense.index.building.sources.entries import Entry
    from anysense.index.folder.folder import OpenCollection

__all__ = ["build", "check_sources", "run_build"]


def check_sources(
    sources: Sequence[str | Path],
    *,
    exclude: Path | None = None,
    root: Path | None = None,
    sidecars: bool = True,
) -> FileScan:
    """Look at the sources of a new collection, before it is made.

    Raises:
        UsageError: a source does not exist, or none holds anything that anysense reads.
        MediaError: a folder given as a source cannot be listed.
    """
    scan = FileScan(sources, exclude=exclude, root=root, with_sidecars=sidecars).run()
    check_entries(scan)
    return scan


def build(
    collection: OpenCollection,
    sources: Sequence[str | Path] | FileScan,
    *,
    metadata: str | Path | MetadataFile | None = None,
    root: str | Path | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
    retry_failed: bool = False,
    keep_missing: bool = False,
    sidecars: bool = True,
    reread: bool = False,
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
        sidecars: whether words about a picture or a sound, beside its file or inside it, are
            segments of it; of files that have not changed, those inside are left as they are.
        reread: read again also what is as it was, as after an update that reads more of it.
        progress: called often.

    Raises:
        UsageError: a source does not exist, holds nothing, or used to hold items and is empty.
        MediaError: a folder given as a source cannot be listed.
        StorageError: the disk refused; what was written before is kept.
        CollectionLockedError: another process is writing to the collection.
    """
    options = BuildOptions(
        root=Path(root) if root is not None else None,
        batch_size=batch_size,
        workers=workers,
        retry_failed=retry_failed,
        keep_missing=keep_missing,
        sidecars=sidecars,
        reread=reread,
    )
    return run_build(collection, sources, options, metadata=metadata, progress=progress)


def run_build(
    collection: OpenCollection,
    sources: Sequence[str | Path] | FileScan,
    options: BuildOptions,
    *,
    metadata: str | Path | MetadataFile | None = None,
    progress: ProgressCallback | None = None,
) -> BuildReport:
    """Do what `build` does, with every option there is."""
    started = time.monotonic()
    progress = progress or (lambda _: None)
    report = BuildReport()
    progress(BuildProgress("scan", 0, 0, report))
    if not isinstance(sources, FileScan):
        sources = FileScan(
            sources,
            exclude=collection.folder.path,
            root=options.root,
            with_sidecars=options.sidecars,
        ).run()
    if isinstance(metadata, (str, Path)):
        metadata = MetadataFile(Path(metadata), sources.roots)
    _Build(collection, sources, options, Descriptions(metadata), report, progress).run()
    report.seconds = time.monotonic() - started
    return report


class _Build:
    """One build, from what a scan found to what is published."""

    def __init__(
        self,
        collection: OpenCollection,
        scan: FileScan,
        options: BuildOptions,
        descriptions: Descriptions,
        report: BuildReport,
        progress: ProgressCallback,
    ) -> None:
        self._collection = collection
        self._scan = scan
        self._options = options
        self._descriptions = descriptions
        self._report = report
        self._progress = progress

    def run(self) -> None:
        report, folder = self._report, self._collection.folder
        self._scan.leave_out(
            frozenset().union(*(space.modalities for space in self._collection.spaces))
        )
        plan = make_plan(
            self._scan,
            folder.files(),
            {file.path: file for file in folder.quarantined()},
            retry_failed=self._options.retry_failed,
            reread=self._options.reread,
        )
        report.outside_links = self._scan.outside_links
        report.unchanged = len(plan.unchanged)
        report.untried = len(plan.untried)
        report.quarantined += plan.untried
        report.left_out = len(self._scan.left_out)
        if not self._options.keep_missing:
            check_emptied(self._scan, plan.gone, folder.path)
        if not plan.gone:
            check_entries(self._scan)
        touched = self._encode(plan)
        # What was absorbed is not missing: its words are kept in another item.
        dropped = plan.absorbed + ([] if self._options.keep_missing else plan.gone)
        if dropped:
            report.removed += len(folder.forget_files(dropped).removed)
        self._describe(plan, [*plan.unchanged, *touched])
        report.quarantined += {problem.path: problem for problem in self._scan.problems}.values()
        settle_problems(folder, self._scan, plan.failures)
        report.unmatched_metadata = self._descriptions.unmatched
        if report.has_changes or folder.needs_publish:
            self._publish(len(plan.changed), len(plan.changed))

    def _encode(self, plan: Plan) -> list[Entry]:
        """Deal with everything that is new or changed; returns that whose item stays."""
        total, options = len(plan.changed), self._options
        if total == 0:
            return []
        self._collection.folder.clear_quarantine([])  # takes the lock, before anything is encoded
        self._progress(BuildProgress("load", 0, total, self._report))

        def note_files(done: int) -> None:
            self._progress(BuildProgress("encode", done, total, self._report))

        def note_segments(encoded: int) -> None:
            self._report.segments = encoded
            note_files(changes.done)

        changes = Changes(
            self._collection, plan, self._descriptions, options, self._report, note_files
        )
        pending = changes.compare()
        stream = encode_pending(
            self._collection,
            pending,
            options.batch_size,
            options.workers,
            note_segments,
            captions=options.sidecars,
        )
        with closing(stream), closing(pending):
            try:
                for item, outcome in stream:
                    changes.take(item, outcome)
                    if self._collection.folder.snapshot().is_overdue:
                        self._publish(changes.done, total)
            finally:
                changes.write()
        return changes.to_describe

    def _describe(self, plan: Plan, entries: Sequence[Entry]) -> None:
        """Replace the metadata of items whose file has not changed, but what is said of it has."""
        described: dict[str, dict[str, Any]] = {}
        for entry in entries:
            former = plan.files.get(entry.path)
            metadata = self._descriptions.of(entry, former.item_id if former is not None else None)
            if metadata is not None:
                described[entry.path] = metadata
        if not described:
            return
        folder = self._collection.folder
        files, snapshot = folder.files(), folder.snapshot()
        by_id = {files[path].item_id: m for path, m in described.items() if path in files}
        changed = {i: m for i, m in by_id.items() if snapshot.item(i).metadata != m}
        if changed:
            folder.describe(changed)
            self._report.described += len(changed)

    def _publish(self, done: int, total: int) -> None:
        self._progress(BuildProgress("publish", done, total, self._report))
        self._collection.publish()
