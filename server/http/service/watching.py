"""Keeping the collections of a service as the folders are that it was told to watch."""

from __future__ import annotations

import contextvars
import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from anysense.embed.errors import AbandonedError
from anysense.embed.waiting import Waiter, waited_for_by
from anysense.index.building.build import run_build
from anysense.index.building.options import BuildOptions
from anysense.index.building.watching.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from anysense.index.building.report import BuildReport
    from anysense.index.building.sources.entries import Problem
    from anysense.index.building.sources.scan import FileScan
    from anysense.index.collection import Collection

__all__ = ["Watching"]

logger = logging.getLogger(__name__)

WORKERS = 1
"""Threads that read: the processors are for those who search."""
NEVER = 1 << 62
"""A build leaves it to the service when its index is brought up to date."""


class Watching:
    """A thread that brings a collection up to date whenever its sources have changed.

    Args:
        name: what the log calls the collection.
        collection: the collection.
        sources: folders, globs, files and manifests.
        write: runs something that writes, and publishes the index if that is due.
    """

    def __init__(
        self,
        name: str,
        collection: Collection,
        sources: Sequence[str | Path],
        write: Callable[[Callable[[], BuildReport]], BuildReport],
    ) -> None:
        self._name = name
        self._collection = collection
        self._sources = list(sources)
        self._write = write
        self._waiter = Waiter()
        self._watch: Watch | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin, with what has changed since somebody watched last."""
        if not self._sources:
            return
        self._waiter = Waiter()
        self._watch = Watch(
            self._collection,
            self._sources,
            BuildOptions(workers=WORKERS, publish_after=NEVER),
            build=self._build,
            told=self._tell,
            warned=self._warn,
        )
        # In a context of its own: nobody who has sent a request waits for it.
        context, work = contextvars.Context(), partial(self._run, self._watch)
        self._thread = threading.Thread(target=context.run, args=(work,), name="watching")
        self._thread.daemon = True
        self._thread.start()

    def stop(self) -> None:
        """Let it end: a build that is under way writes what it has encoded."""
        if self._watch is not None:
            self._watch.stop()
            self._waiter.leave()

    def join(self, seconds: float) -> None:
        """Wait for its end, up to a limit; nothing is lost without it."""
        if self._thread is not None:
            self._thread.join(seconds)

    def _run(self, watch: Watch) -> None:
        try:
            with waited_for_by(self._waiter):
                watch.run()
        except AbandonedError:
            logger.info("%s: a build has stopped; the next service goes on with it", self._name)
        except Exception:  # whatever it is, it must not end in silence
            logger.exception("%s is not kept up to date any more", self._name)

    def _build(self, scan: FileScan, options: BuildOptions) -> BuildReport:
        return self._write(lambda: run_build(self._collection, scan, options))

    def _tell(self, report: BuildReport, problems: Sequence[Problem]) -> None:
        if report.changes_text:
            logger.info("%s: %s in %.1f s", self._name, report.changes_text, report.seconds)
        for problem in problems:
            logger.warning("%s: %s cannot be read: %s", self._name, problem.path, problem.reason)

    def _warn(self, sentence: str) -> None:
        logger.warning("%s: %s", self._name, sentence)
