"""One job: items that were taken in to be added later, in a folder of the collection.

The folder holds what came (`items.jsonl`, a line for each item, and `files/`), how far it is
(`results.jsonl`, a line for each item that is dealt with) and how it stands (`job.json`). A job
whose process ends is gone on with by the next one, from the first item without a result.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import os
import shutil
import time
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from anysense.embed.errors import AnysenseError, StorageError
from anysense.embed.waiting import Waiter
from anysense.index.snapshots.manifest import fsync_folder
from anysense.server.http.batches.candidates import Candidate, NewMedia, candidates_of_lines
from anysense.server.http.batches.disk import storage_errors
from anysense.server.http.errors import error_fields

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from anysense.server.http.batches.adding import Outcome

__all__ = ["FILES", "ITEMS", "Job", "JobStatus", "read_job"]

logger = logging.getLogger(__name__)
JobStatus = Literal["queued", "running", "done", "failed", "cancelled"]

ITEMS, FILES, RESULTS, STATE = "items.jsonl", "files", "results.jsonl", "job.json"
MOST_STARTS = 3
"""A job is given up when it was begun so often without one result: it may be what ends us."""


@dataclass
class Job:
    """Items to be added, and what became of those that were tried.

    Attributes:
        folder: where it is on the disk; its name is the job's id.
        total: how many items it has.
        byte_count: how much it takes on the disk.
        are_uploads: whether its lines are of uploaded files, and not what a client has written.
        created_at: seconds since 1970, UTC, as the times below.
        done: how many of the items are dealt with; `failed` of them could not be added.
        error: why it has failed; or what a job that runs is waiting for.
        starts: how often it was begun since its last result.
    """

    folder: Path
    total: int
    byte_count: int
    are_uploads: bool = False
    created_at: float = field(default_factory=time.time)
    status: JobStatus = "queued"
    started_at: float | None = None
    ended_at: float | None = None
    done: int = 0
    failed: int = 0
    error: dict[str, str | None] | None = None
    starts: int = 0
    waiter: Waiter = field(default_factory=Waiter)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def is_over(self) -> bool:
        return self.status not in ("queued", "running")

    def to_dict(self) -> dict[str, Any]:
        """How it stands, without its results."""
        names = ("id", "status", "total", "done", "failed", "error")
        times = ("created_at", "started_at", "ended_at")
        return {name: getattr(self, name) for name in (*names, *times)}

    # What it adds

    def candidates(self) -> Generator[Candidate | AnysenseError]:
        """Those of its items that have no result yet."""
        items = self.folder / ITEMS
        if not self.are_uploads:
            yield from candidates_of_lines(items, self.done)
            return
        with items.open("rb") as lines:
            for line in itertools.islice(lines, self.done, None):
                yield self._upload(line)

    def _upload(self, line: bytes) -> Candidate:
        entry = json.loads(line)
        path = self.folder / FILES / entry["file"]
        media = NewMedia(entry["name"], entry["suffix"], partial(path.open, "rb"))
        return Candidate(media, entry["id"], entry["metadata"])

    # How far it is

    def begin(self) -> None:
        """Let it run; the caller saves that.

        Raises:
            AnysenseError: it was begun too often.
        """
        self.starts += 1
        if self.starts > MOST_STARTS:
            raise AnysenseError(
                f"The service ended {MOST_STARTS} times at item {self.done + 1} of this job: it "
                "may be too large for the memory here."
            )
        self.status = "running"
        self.started_at = self.started_at or time.time()

    def note(self, outcomes: Sequence[Outcome]) -> None:
        """Note what became of the next items, which are safe by now.

        Raises:
            StorageError: the disk refused; nothing was noted.
        """
        lines = "".join(json.dumps(outcome.to_dict()) + "\n" for outcome in outcomes)
        path = self.folder / RESULTS
        with storage_errors(path):
            former = path.stat().st_size if path.exists() else 0
            try:
                with path.open("a", encoding="ascii") as results:
                    results.write(lines)
            except OSError:
                if path.exists():
                    os.truncate(path, former)  # of these lines some may have had room
                raise
        self.done += len(outcomes)
        self.failed += sum(outcome.error is not None for outcome in outcomes)
        self.error = None
        if self.starts > 1:
            starts, self.starts = self.starts, 1
            if not self._try_to_save(self.status):
                self.starts = starts  # tried again with the next results: these are noted

    def end(self, status: JobStatus, error: AnysenseError | None = None) -> None:
        """Note how it ended; what it has taken in goes, its results stay. Blocks."""
        self.ended_at = time.time()
        self.error = None if error is None else error_fields(error)
        self.byte_count = 0
        is_saved = self._try_to_save(status)
        with contextlib.suppress(OSError):
            (self.folder / ITEMS).unlink(missing_ok=True)
        shutil.rmtree(self.folder / FILES, ignore_errors=True)
        if not is_saved:
            self._try_to_save(status)  # now there should be room
        self.status = status

    def _try_to_save(self, status: JobStatus) -> bool:
        try:
            self.save(status)
        except StorageError as error:
            logger.warning("How the job %s stands cannot be saved: %s", self.id, error)
            return False
        return True

    def results(
        self, start: int, limit: int, *, only_failed: bool = False
    ) -> tuple[list[dict[str, Any]], int | None]:
        """Results from a place on, each with its item's, and where there are more of them.

        Args:
            start: the place of the first item, from 0.
            limit: how many at most.
            only_failed: leave out those without an error.
        """
        page: list[dict[str, Any]] = []
        try:
            lines = (self.folder / RESULTS).open(encoding="ascii")
        except FileNotFoundError:
            return page, None
        with lines:
            for place, line in enumerate(itertools.islice(lines, start, self.done), start):
                result = json.loads(line)
                if only_failed and result["error"] is None:
                    continue
                if len(page) == limit:
                    return page, place
                page.append({"index": place, **result})
        return page, None

    def save(self, status: JobStatus | None = None, *, durably: bool = False) -> None:
        """Write how it stands.

        Args:
            status: what it is about to be, if that changes.
            durably: so that it is there after a power cut too, with all that it has taken in.

        Raises:
            StorageError: the disk refused.
        """
        names = ("total", "byte_count", "are_uploads", "created_at", "started_at")
        more = ("ended_at", "done", "failed", "error", "starts")
        values = {name: getattr(self, name) for name in (*names, *more)}
        values["status"] = status or self.status
        temporary = self.folder / f"{STATE}.new"
        with storage_errors(self.folder):
            with temporary.open("w", encoding="ascii") as file:
                json.dump(values, file)
                if durably:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(self.folder / STATE)
            if durably:
                fsync_folder(self.folder)

    def discard(self) -> None:
        """Forget it."""
        shutil.rmtree(self.folder, ignore_errors=True)


def read_job(folder: Path) -> Job:
    """A job as another process has left it.

    One whose items are gone has ended, though there was no room to note that.

    Raises:
        OSError, ValueError, TypeError: it is damaged.
    """
    job = Job(folder, **json.loads((folder / STATE).read_text(encoding="ascii")))
    if job.is_over:
        job.has_ended.set()
        return job
    job.done = job.failed = 0  # its results tell
    results = folder / RESULTS
    if results.exists():
        whole = 0
        with results.open("rb") as lines:
            for line in lines:
                if not line.endswith(b"\n"):
                    break  # the process ended while it wrote
                whole += len(line)
                job.done += 1
                job.failed += json.loads(line)["error"] is not None
        os.truncate(results, whole)
    if not (folder / ITEMS).exists():
        job.status = "done" if job.done == job.total else "cancelled"
        job.ended_at = time.time()
        job.has_ended.set()
    return job
