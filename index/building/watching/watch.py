"""Keeping a collection as its sources are.

Whatever is told of changes leads to a new scan, which costs little beside what a change costs to
encode, and misses nothing: not what changed while nobody watched, nor what a system leaves out that
has too much to tell.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from anysense.embed.errors import (
    AbandonedError,
    AnysenseError,
    CollectionLockedError,
    CollectionReplacedError,
    UsageError,
)
from anysense.index.building.build import scan_sources
from anysense.index.building.objects.source import ObjectSource
from anysense.index.building.report import unread_text
from anysense.index.building.sources.opening import open_source
from anysense.index.building.watching.drives import is_silent
from anysense.index.building.watching.notices import Notices
from anysense.index.building.watching.places import Places, places_of
from anysense.index.folder.lock import ask_for_turns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from anysense.index.building.options import BuildOptions
    from anysense.index.building.report import BuildReport
    from anysense.index.building.sources.entries import Problem
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.folder.opened import OpenCollection

__all__ = ["SETTLE_SECONDS", "Watch"]

SETTLE_SECONDS = 1.0
PUBLISH_AFTER = 2000
SILENT_SECONDS = 30.0
"""How often sources are looked at on drives that tell nothing."""
OBJECT_SECONDS = 600.0
"""How often objects are listed, as each listing costs money."""
LOCKED_SECONDS = 1.0
TROUBLED_SECONDS = 30.0


class Watch:
    """Brings a collection up to date whenever its sources have changed, until it is stopped.

    A source that is not there any more keeps its items, until it is back: it may be on a disk that
    is not mounted. Errors are told once, and what failed is tried again.

    Args:
        collection: what is kept up to date.
        sources: folders, globs, files and manifests.
        options: of each build.
        build: builds what a scan has found, with some options.
        told: called with the report of each build that has changed something or could not read
            something, and with what could not be read and was not told before.
        warned: called with a sentence about what is in the way, or not any more.
        more_files: others that count as sources do, such as one of metadata.
        known_problems: what could not be read and was told before.
        known_unread: how many files of other kinds were told before, by suffix.
        poll_seconds: look at all sources so often, whatever is told; where it is None, that is done
            for drives that tell nothing.
        settle_seconds: how long it must be quiet, and a file not be written to.
    """

    def __init__(
        self,
        collection: OpenCollection,
        sources: Sequence[str | Path],
        options: BuildOptions,
        *,
        build: Callable[[FileScan, BuildOptions], BuildReport],
        told: Callable[[BuildReport, Sequence[Problem]], None],
        warned: Callable[[str], None],
        more_files: Iterable[Path] = (),
        known_problems: Iterable[Problem] = (),
        known_unread: Mapping[str, int] = MappingProxyType({}),
        poll_seconds: float | None = None,
        settle_seconds: float = SETTLE_SECONDS,
    ) -> None:
        self._collection = collection
        self._sources = [os.fspath(source) for source in sources]
        after = options.publish_after or PUBLISH_AFTER
        self._options = replace(options, settle_seconds=settle_seconds, publish_after=after)
        self._build = build
        self._told = told
        self._warned = warned
        self._more_files = list(more_files)
        self._poll_seconds = poll_seconds
        self._notices = Notices(settle_seconds)
        self._roots: dict[str, str] = {}  # of each source, as it was when it was there
        self._missing: frozenset[str] = frozenset()
        self._trouble: str | None = None
        self._problem: str | None = None
        self._known_problems = frozenset(known_problems)
        self._known_unread = known_unread

    def run(self) -> None:
        """Bring the collection up to date now and after each change, until `stop` is called.

        Raises:
            AbandonedError: whom the builds were for has gone; what was encoded is kept.
        """
        pause: float | None = 0.0
        self._notices.start()
        try:
            while self._notices.wait(pause):
                pause = self._round()
        finally:
            self._notices.stop()
            self._notices.join()

    def stop(self) -> None:
        """Let `run` end, after the build that is under way; may be called by another thread."""
        self._notices.stop()

    def _round(self) -> float | None:
        """Build once; after how many seconds to build again if nothing changes, None for never."""
        there = self._present()
        if not there:
            return self._poll_seconds
        try:
            scan = scan_sources(there, self._options, self._collection.folder.path)
            self._watch(scan)
            report = self._build(scan, self._options)
        except CollectionLockedError as error:
            ask_for_turns(self._collection.folder.path)
            return self._troubled(error, LOCKED_SECONDS)
        except CollectionReplacedError as error:
            self._collection.folder.reopen()
            return self._troubled(error, LOCKED_SECONDS)
        except AbandonedError:  # whoever stops it has no patience for the build that is under way
            raise
        except AnysenseError as error:
            return self._troubled(error, TROUBLED_SECONDS)
        self._trouble = None
        new = [problem for problem in report.quarantined if problem not in self._known_problems]
        self._known_problems = frozenset(report.quarantined)
        if report.changes_text or new:
            self._told(report, new)
        self._tell_unread(report.unread_kinds)
        if report.unsettled:
            return self._options.settle_seconds
        return self._pause(scan)

    def _tell_unread(self, kinds: Mapping[str, int]) -> None:
        """Say of which other kinds there are more files now."""
        known, self._known_unread = self._known_unread, kinds
        if any(number > known.get(suffix, 0) for suffix, number in kinds.items()):
            self._warned(f"{unread_text(kinds)}.")

    def _present(self) -> list[str]:
        """The sources that are there; says which have gone, or are back."""
        there = []
        for source in self._sources:
            with suppress(UsageError):
                opened = open_source(
                    source, self._options.root, allow_http=self._options.allow_http
                )
                self._roots[source] = opened.root
                there.append(source)
        missing = set(self._sources) - set(there)
        for source in sorted(missing - self._missing):
            self._warned(f"{source} is not there: its items are kept until it is back.")
        for source in sorted(self._missing - missing):
            self._warned(f"{source} is back.")
        self._missing = frozenset(missing)
        if not there:
            self._notices.watch(Places(trees=self._missing_roots()), ())
        return there

    def _missing_roots(self) -> frozenset[str]:
        """Where the sources were, or may be to come, that are not there."""
        return frozenset(
            self._roots.get(source, os.path.realpath(Path(source).expanduser()))
            for source in self._missing
        )

    def _watch(self, scan: FileScan) -> None:
        places = places_of(scan.sources, self._collection.folder.path, self._more_files)
        paths = places.watched(scan)
        places = replace(places, trees=places.trees | self._missing_roots())
        self._notices.watch(places, paths)

    def _pause(self, scan: FileScan) -> float | None:
        if self._poll_seconds is not None:
            return self._poll_seconds
        problem, self._problem = self._problem, self._notices.problem
        if self._problem not in (None, problem):
            self._warned(f"Changes are not told, but looked for now and then: {self._problem}.")
        is_silent_one = any(is_silent(source.root) for source in scan.sources)
        if self._problem is not None or is_silent_one:
            return SILENT_SECONDS
        has_objects = any(isinstance(source, ObjectSource) for source in scan.sources)
        return OBJECT_SECONDS if has_objects else None

    def _troubled(self, error: AnysenseError, seconds: float) -> float:
        """Say what is in the way, once as long as it is that; when to try again."""
        if str(error) != self._trouble:
            self._trouble = str(error)
            self._warned(self._trouble)
        return seconds
