"""Bring a collection up to date with the files it was built from.

A build scans, leaves alone what has not changed, encodes the rest and writes it a batch at a time.
It may be stopped at any instant: the next one goes on from what was written. A file is known by its
path, size and time; if those differ, by the hash of its content, so that a file that was only
touched, moved or copied is not encoded again.
"""

from __future__ import annotations

import time
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from anysense.embed.media.document.charset import check_encoding
from anysense.embed.once import warning_once
from anysense.embed.types import Modality
from anysense.index.building.attribution import Attribution
from anysense.index.building.changes import Changes
from anysense.index.building.checks import check_emptied, check_entries, check_shrunk
from anysense.index.building.compared import last_compared, note_compared
from anysense.index.building.encoding import Said, encode_pending
from anysense.index.building.metadata import (
    BesideMetadata,
    Descriptions,
    MetadataFile,
    describe_unchanged,
)
from anysense.index.building.options import DEFAULT_OPTIONS, BuildOptions
from anysense.index.building.plan import make_plan
from anysense.index.building.quarantine import is_seen_now, settle_problems, tried_paths
from anysense.index.building.report import BuildProgress, BuildReport, ProgressCallback, tell_step
from anysense.index.building.settings.animations import items_to_animate, note_animated
from anysense.index.building.settings.keeping import keep_settings
from anysense.index.building.settings.recognition import (
    items_to_recognise,
    note_recognised,
    recognition_of,
)
from anysense.index.building.sources.scan import FileScan
from anysense.index.folder.progress import ProgressNote
from anysense.index.objects.fetching import fetching

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from anysense.index.building.compact.packed import Entries
    from anysense.index.building.encoding import EncodePending
    from anysense.index.building.plan import Plan
    from anysense.index.building.sources.entries import Entry
    from anysense.index.catalog.records import CatalogFile, QuarantinedFile
    from anysense.index.folder.opened import OpenCollection

__all__ = ["build", "check_sources", "run_build", "scan_sources"]


def scan_sources(
    sources: Sequence[str | Path],
    options: BuildOptions,
    collection: Path | None,
    tell_unread: Callable[[str], None] | None = None,
) -> FileScan:
    """Look at what sources hold now.

    Args:
        sources: folders, globs, files, and manifests.
        options: of which those of what is left out count.
        collection: the folder of the collection, which is left out.
        tell_unread: called with the path of each file of a kind that anysense does not read.

    Raises:
        UsageError: a source does not exist, or a pattern is none.
        MediaError: a folder given as a source cannot be listed.
    """
    return FileScan(
        sources,
        collection=collection,
        root=options.root,
        with_sidecars=options.sidecars,
        encoding=options.encoding,
        exclude=options.exclude,
        ignore_files=options.ignore_files,
        settle_seconds=options.settle_seconds,
        allow_http=options.allow_http,
        tell_unread=tell_unread,
    ).run()


def check_sources(
    sources: Sequence[str | Path],
    options: BuildOptions = DEFAULT_OPTIONS,
    *,
    collection: Path | None = None,
) -> FileScan:
    """Look at the sources of a new collection, before it is made.

    Args:
        sources: folders, globs, files, and manifests.
        options: of which those of what is left out count.
        collection: the folder that it is to be in, which is left out.

    Raises:
        UsageError: a source does not exist, or none holds anything that anysense reads; or a
            pattern is none.
        MediaError: a folder given as a source cannot be listed.
    """
    scan = scan_sources(sources, options, collection)
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
    allow_removal: bool = False,
    sidecars: bool = True,
    exclude: Sequence[str] = (),
    ignore_files: bool = True,
    reread: bool = False,
    encoding: str | None = None,
    overlap: int | None = None,
    video_fps: float | None = None,
    ocr: bool | None = None,
    transcribe: str | None = None,
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
        allow_removal: remove also most items that a list has given, where it has become shorter.
        sidecars: whether words about a picture or a sound, beside its file or inside it, are
            segments of it; of files that have not changed, those inside are left as they are.
        exclude: patterns, as in .gitignore, of files and folders that are left out of each folder
            and glob; files named one by one count always.
        ignore_files: whether files named ``.ignore`` and ``.gitignore`` leave out what they name.
        reread: read again also what is as it was, as after an update that reads more of it.
        encoding: what the texts in files are in that are not Unicode; found out where it is None.
        overlap: how much of a passage may repeat the one before it, in percent of its tokens, 0 to
            50, and 0 at first. The collection keeps it for all texts to come; others get it when
            they are read again (`reread`). As it was if None.
        video_fps: how many frames of a second of a video are encoded, 0.01 to 30; kept likewise for
            all videos to come, and 1 at first.
        ocr: whether words in pictures, and on pages without text, are recognised
            (``anysense[ocr]``); kept likewise, and pictures that were read before are read again.
        transcribe: the Whisper that writes down what is said (``anysense[speech]``), such as
            ``openai/whisper-small`` or the path of a folder; likewise, and none if it is empty.
        progress: called often.

    Raises:
        UsageError: a source does not exist, holds nothing, or used to hold items and is empty;
            `encoding` is no encoding, a pattern none, a number out of range, or an extra missing.
        EncoderError: there is no such model for `transcribe` here.
        RemovalError: most of the items that a list has given would go, and that is not allowed.
        MediaError, ServiceError: a folder or objects given as a source cannot be listed.
        StorageError: the disk refused; what was written before is kept.
        CollectionLockedError: another process is writing to the collection.
    """
    options = BuildOptions(
        root=Path(root) if root is not None else None,
        batch_size=batch_size,
        workers=workers,
        retry_failed=retry_failed,
        keep_missing=keep_missing,
        allow_removal=allow_removal,
        sidecars=sidecars,
        exclude=tuple([exclude] if isinstance(exclude, str) else exclude),
        ignore_files=ignore_files,
        reread=reread,
        encoding=encoding,
        overlap=overlap,
        video_fps=video_fps,
        ocr=ocr,
        transcribe=transcribe,
    )
    return run_build(collection, sources, options, metadata=metadata, progress=progress)


def run_build(
    collection: OpenCollection,
    sources: Sequence[str | Path] | FileScan,
    options: BuildOptions,
    *,
    metadata: str | Path | MetadataFile | None = None,
    progress: ProgressCallback | None = None,
    encode: EncodePending = encode_pending,
) -> BuildReport:
    """Do what `build` does, with every option there is; `encode` is what encodes its items."""
    check_encoding(options.encoding)
    started, report = time.monotonic(), BuildReport()
    with ProgressNote(collection.folder.path) as note, fetching(), warning_once():
        tell = partial(tell_step, progress, note)
        _run(collection, sources, options, metadata, report, tell, encode)
    report.seconds = time.monotonic() - started
    return report


def _run(
    collection: OpenCollection,
    sources: Sequence[str | Path] | FileScan,
    options: BuildOptions,
    metadata: str | Path | MetadataFile | None,
    report: BuildReport,
    progress: ProgressCallback,
    encode: EncodePending,
) -> None:
    progress(BuildProgress("scan", 0, 0, report))
    if not isinstance(sources, FileScan):
        sources = scan_sources(sources, options, collection.folder.path)
    if isinstance(metadata, (str, Path)):
        metadata = MetadataFile(Path(metadata), sources.roots)
    options = keep_settings(collection.folder, options, report)
    _Build(collection, sources, options, Descriptions(metadata), report, progress, encode).run()


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
        encode: EncodePending,
    ) -> None:
        self._encode_pending = encode
        self._collection = collection
        self._scan = scan
        self._options = options
        self._descriptions = descriptions
        self._report = report
        self._progress = progress
        self._total = 0  # files that are to be encoded, or were
        self._to_animate = items_to_animate(collection.folder)
        self._read: tuple[int, Mapping[str, CatalogFile]] | None = None

    def run(self) -> None:
        report, folder = self._report, self._collection.folder
        modalities = frozenset[Modality]().union(*(s.modalities for s in self._collection.spaces))
        self._scan.leave_out(modalities, recognition_of(folder))
        failures = {file.path: file for file in folder.quarantined()}
        known = {path: file for path, file in failures.items() if not is_seen_now(file, modalities)}
        if not self._options.retry_failed:
            self._scan.free_sidecars(tried_paths(self._scan, known))
        plan = self._plan(known)
        report.note_scan(self._scan, plan.kept)
        self._check_losses(plan)
        attribution = Attribution(folder, self._descriptions, self._files)
        attribution.announce(self._scan.entries)
        lost = self._encode(plan)
        freed = self._scan.free_sidecars(lost)
        if freed:  # of which some may be items already
            plan = self._plan({file.path: file for file in folder.quarantined()}, freed)
            self._encode(plan)
        # What was absorbed is not missing: its words are kept in another item.
        dropped = plan.absorbed + ([] if self._options.keep_missing else plan.gone)
        if dropped:
            report.removed += len(folder.forget_files(dropped).removed)
            report.note_touched(dropped)
        report.quarantined += {problem.path: problem for problem in self._scan.problems}.values()
        settle_problems(folder, self._scan, failures)
        report.described += attribution.settle(self._scan.entries)
        report.described += self._settle_beside()
        report.unmatched_metadata = self._descriptions.unmatched
        if self._total:
            note_compared(folder, self._scan)
            note_recognised(folder)
        note_animated(folder, self._to_animate)
        if self._total or dropped:
            Said(folder).forget()
        if self._is_publishing_due():
            self._publish(self._total, self._total)

    def _is_publishing_due(self) -> bool:
        folder, after = self._collection.folder, self._options.publish_after
        if after > 0:
            return folder.snapshot().is_behind(after)
        return folder.is_worth_publishing

    def _check_losses(self, plan: Plan) -> None:
        """Refuse what would remove items by mistake; see `anysense.index.building.checks`."""
        if not self._options.keep_missing:
            check_emptied(self._scan, plan.gone, self._collection.folder.path)
            if not self._options.allow_removal:
                check_shrunk(self._scan, self._collection.folder, plan)
        if not plan.gone:
            check_entries(self._scan)

    def _plan(
        self, failures: Mapping[str, QuarantinedFile], entries: Entries | None = None
    ) -> Plan:
        """Plan what is to be done about entries of the scan, and count the rest of them."""
        plan = make_plan(
            self._scan,
            self._collection.folder,
            failures,
            retry_failed=self._options.retry_failed,
            reread=self._options.reread,
            since=last_compared(self._collection.folder, self._scan),
            to_read_again=items_to_recognise(self._collection.folder) | self._to_animate,
            entries=entries,
        )
        self._report.note_touched(entry.path for entry in plan.changed)
        self._report.unchanged += len(plan.unchanged)
        for problem in plan.untried:
            self._report.untried += self._report.note_problem(problem.path, problem.reason)
        return plan

    def _encode(self, plan: Plan) -> list[str]:
        """Deal with a plan's files, but those that are gone; returns what cannot be read."""
        options, done = self._options, self._total
        self._total = total = done + len(plan.changed)
        if not plan.changed:
            self._describe(plan)
            return []
        self._collection.folder.clear_quarantine([])  # takes the lock, before anything is encoded
        self._progress(BuildProgress("load", done, total, self._report))

        def note_files(more: int) -> None:
            self._progress(BuildProgress("encode", done + more, total, self._report))

        segments = self._report.segments

        def note_segments(encoded: int) -> None:
            self._report.segments = segments + encoded
            note_files(changes.done)

        changes = Changes(
            self._collection, plan, self._descriptions, options, self._report, note_files
        )
        pending = changes.compare()
        stream = self._encode_pending(
            self._collection,
            pending,
            options.batch_size,
            options.workers,
            note_segments,
            captions=options.sidecars,
            encoding=options.encoding,
            total=len(plan.changed),
        )
        with closing(stream), closing(pending):
            try:
                for item, outcome in stream:
                    changes.take(item, outcome)
                    if self._collection.folder.snapshot().is_overdue:
                        self._publish(done + changes.done, total)
            finally:
                changes.write()
        self._describe(plan, changes.to_describe)
        return changes.lost

    def _files(self) -> Mapping[str, CatalogFile]:
        """The files of the collection by now, each with its item: much, where there are many."""
        folder = self._collection.folder
        change = folder.catalog.state().change
        if self._read is None or self._read[0] != change:
            self._read = None  # before others are read, so that they are not kept beside these
            self._read = change, folder.files()
        return self._read[1]

    def _describe(self, plan: Plan, compared: Sequence[Entry] = ()) -> None:
        """Describe anew what is unchanged, or turned out to be when it was compared."""
        folder = self._collection.folder
        self._report.described += describe_unchanged(
            folder, self._scan.entries, plan, compared, self._descriptions
        )

    def _settle_beside(self) -> int:
        """Describe items anew by the JSON files beside their files; how many have changed."""
        if not self._scan.with_sidecars:
            return 0
        beside = BesideMetadata(self._collection.folder)
        changed = beside.settle(beside.told(self._scan.entries))
        beside.forget()
        return changed

    def _publish(self, done: int, total: int) -> None:
        self._progress(BuildProgress("publish", done, total, self._report))
        self._collection.publish()
