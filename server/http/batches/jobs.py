"""The jobs of a collection: taken in, one after the other done, cancelled, and forgotten.

They are kept in the folder ``jobs`` of the collection, so that what was accepted is done even if
the process ends: one process at a time does the jobs of a collection.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import secrets
import shutil
import time
from collections import deque
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from anysense.embed.errors import (
    AbandonedError,
    AnysenseError,
    BusyError,
    CollectionLockedError,
    CollectionReplacedError,
    StorageError,
)
from anysense.embed.waiting import waited_for_by
from anysense.index.catalog.sqlite.connections import refused_by
from anysense.index.snapshots.manifest import fsync_folder
from anysense.server.http.batches.adding import Outcome, add_together
from anysense.server.http.batches.candidates import take_chunk
from anysense.server.http.batches.disk import storage_errors
from anysense.server.http.batches.job import Job, read_job
from anysense.server.http.batches.spool import Spool
from anysense.server.http.errors import RequestError, StoppingError, error_fields

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
    from pathlib import Path

    import filelock

    from anysense.server.http.batches.candidates import Candidate
    from anysense.server.http.batches.job import JobStatus
    from anysense.server.http.batches.roots import Roots
    from anysense.server.http.service.writing import Writer
    from anysense.server.http.settings import Settings

__all__ = ["JOBS", "Jobs"]

logger = logging.getLogger(__name__)
JOBS = "jobs"
INCOMING = ".incoming-"
PAUSE_SECONDS = 2.0
"""How long a job waits before it tries again, while another process writes or the disk is full."""
CANCEL_SECONDS = 10.0
KEEPING_WAITING = (CollectionLockedError, CollectionReplacedError, BusyError, StorageError)
"""What may be over soon: a job that was accepted waits for that, and is not given up."""
P = ParamSpec("P")
T = TypeVar("T")


class Jobs:
    """All but what runs in threads happens in the event loop.

    Args:
        writer: of the collection that they add to.
        roots: the folders of this machine that may be read from.
        settings: how many there may be, and for how long.
        write: runs something that writes when its turn comes, as `ServedCollection.writing`.
    """

    def __init__(
        self,
        writer: Writer,
        roots: Roots,
        settings: Settings,
        write: Callable[..., Awaitable[Any]],
    ) -> None:
        self._writer = writer
        self._collection = writer.collection
        self._roots = roots
        self._settings = settings
        self._write = write
        self._folder = writer.collection.path / JOBS
        self._lock: filelock.FileLock | None = None
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._taking_in = 0
        self._is_stopping = False

    # The life of a service

    def start(self) -> None:
        """Go on with the jobs that another process has left."""
        self._is_stopping = False
        if not self._folder.is_dir():
            return
        try:
            self._take_lock()
            self._take_over()
        except CollectionLockedError as error:
            logger.info("%s", error)
        except (OSError, StorageError) as error:
            logger.error("The jobs in %s cannot be read: %s", self._folder, error)
        self._run_queue()

    def _take_over(self) -> None:
        for folder in self._folder.iterdir():
            if folder.name.startswith(INCOMING):
                shutil.rmtree(folder, ignore_errors=True)
            elif folder.is_dir():
                try:
                    job = read_job(folder)
                except (OSError, ValueError, TypeError, KeyError) as error:
                    logger.error("The job in %s cannot be read, and stays: %s", folder, error)
                else:
                    self._jobs[job.id] = job
        unfinished = [job for job in self._jobs.values() if not job.is_over]
        self._queue.extend(sorted(unfinished, key=lambda job: job.created_at))

    def stop(self) -> None:
        """Stop what runs at its next batch; whoever serves the collection next goes on with it."""
        self._is_stopping = True
        for job in self._jobs.values():
            if not job.is_over:
                job.waiter.leave()
        if self._worker is None or self._worker.done():
            self._leave_lock()

    async def ended(self, seconds: float) -> None:
        """Wait until the batch that ran at `stop` is written and noted, up to a limit."""
        if self._worker is not None:
            await asyncio.wait({self._worker}, timeout=seconds)

    def _leave_lock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def _take_lock(self) -> None:
        if self._lock is not None:
            return
        import filelock

        lock = filelock.FileLock(self._folder / ".lock", thread_local=False)
        try:
            self._folder.mkdir(exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            message = f"Another service does the jobs of {self._collection.path.name}: ask that."
            raise CollectionLockedError(message) from None
        except OSError as error:
            raise refused_by(error, self._folder) from error
        self._lock = lock

    # What clients ask

    @contextlib.asynccontextmanager
    async def taking_in(self) -> AsyncIterator[Spool]:
        """A place for the items of a new job; `submit` makes it one, otherwise it goes.

        Raises:
            RequestError: there are too many.
            CollectionLockedError: another process does the jobs of this collection.
            StorageError: the disk refused.
        """
        waiting = [job for job in self._jobs.values() if not job.is_over]
        room = self._settings.job_bytes - sum(job.byte_count for job in waiting)
        if len(waiting) + self._taking_in >= self._settings.jobs or room <= 0:
            message = f"There are {len(waiting)} jobs that are not done: wait, or cancel some."
            raise RequestError(message, 429, "too_many_jobs")
        self._take_lock()
        self._taking_in += 1
        folder = self._folder / f"{INCOMING}{secrets.token_hex(8)}"
        try:
            with storage_errors(folder):
                folder.mkdir()
            spool = Spool(folder, room, self._settings.batch_lines, self._roots)
            with contextlib.closing(spool):
                yield spool
        finally:
            self._taking_in -= 1
            await run_in_threadpool(shutil.rmtree, folder, ignore_errors=True)

    async def submit(self, spool: Spool, *, are_uploads: bool = False) -> Job:
        """Make a job of what has come in; it is safe on the disk, and will be done, from now on.

        Raises:
            StorageError: the disk refused.
        """
        job = Job(spool.folder, spool.count, spool.byte_count, are_uploads)
        folder = self._folder / f"job-{secrets.token_hex(8)}"
        await run_in_threadpool(_settle, spool, job, folder)
        self._jobs[job.id] = job
        self._queue.append(job)
        self._forget_old()
        self._run_queue()
        return job

    def all(self) -> list[Job]:
        """The jobs, the newest first."""
        self._forget_old()
        return sorted(self._jobs.values(), key=lambda job: -job.created_at)

    def find(self, job_id: str) -> Job:
        """A job by its id.

        Raises:
            RequestError: there is none, or it ended long ago.
        """
        self._forget_old()
        if job_id not in self._jobs:
            message = "There is no such job; those that have ended are kept for a while only."
            raise RequestError(message, 404, "job_not_found")
        return self._jobs[job_id]

    async def cancel(self, job: Job) -> None:
        """Stop a job; what it has added stays. Returns when it has stopped, or after a while."""
        if job in self._queue:
            self._queue.remove(job)
            await _end(job, "cancelled")
            return
        job.waiter.leave()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(job.has_ended.wait(), CANCEL_SECONDS)

    async def forget(self, job: Job) -> None:
        """Remove a job that has ended, with its results."""
        self._jobs.pop(job.id, None)
        await run_in_threadpool(job.discard)

    def _forget_old(self) -> None:
        ended = [job for job in self._jobs.values() if job.is_over]
        ended.sort(key=lambda job: -(job.ended_at or 0.0))
        oldest = time.time() - self._settings.job_seconds
        for place, job in enumerate(ended):
            if place >= self._settings.jobs_kept or (job.ended_at or 0.0) < oldest:
                del self._jobs[job.id]
                job.discard()

    # The work

    def _run_queue(self) -> None:
        if self._queue and not self._is_stopping and (self._worker is None or self._worker.done()):
            # In a context of its own: nobody who sent a request waits for this.
            context = contextvars.Context()
            self._worker = context.run(asyncio.get_running_loop().create_task, self._work())

    async def _work(self) -> None:
        try:
            while self._queue and not self._is_stopping:
                await self._run(self._queue.popleft())
        finally:
            if self._is_stopping:
                self._leave_lock()

    async def _run(self, job: Job) -> None:
        try:
            job.begin()
            await self._when_possible(job, run_in_threadpool, job.save)
            # Not closed here: if this is cancelled, a thread may still be reading them.
            candidates = job.candidates()
            while chunk := await run_in_threadpool(take_chunk, candidates):
                outcomes = await self._when_possible(job, self._add, job, chunk)
                await self._when_possible(job, run_in_threadpool, job.note, outcomes)
            await _end(job, "done")
        except AbandonedError:
            if not self._is_stopping:
                await _end(job, "cancelled")
        except AnysenseError as error:
            logger.error("The job %s has failed: %s", job.id, error)
            await _end(job, "failed", error)
        except Exception:
            logger.exception("The job %s has failed", job.id)
            await _end(job, "failed", AnysenseError("The service failed; its log says why."))

    async def _add(self, job: Job, chunk: Sequence[Candidate | AnysenseError]) -> list[Outcome]:
        """Add a few items."""
        job.waiter.check()
        try:
            with waited_for_by(job.waiter):
                outcomes: list[Outcome] = await self._write(
                    add_together, self._writer, self._roots, chunk
                )
                return outcomes
        except StoppingError:
            self._is_stopping = True
            raise AbandonedError("The next service goes on with it.") from None

    async def _when_possible(
        self, job: Job, do: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Do something once nobody else writes, the service is not too busy, and there is room.

        Raises:
            AbandonedError: the job was cancelled, or the service stops, while it waited.
        """
        while True:
            try:
                done = await do(*args, **kwargs)
            except KEEPING_WAITING as error:  # noqa: PERF203 - it waits for two seconds anyway
                if job.error is None:
                    logger.warning("The job %s waits: %s", job.id, error)
                job.error = error_fields(error)
                await asyncio.sleep(PAUSE_SECONDS)
                job.waiter.check()
            else:
                job.error = None
                return done


def _settle(spool: Spool, job: Job, folder: Path) -> None:
    """Write a new job through to the disk, under its own name."""
    spool.close()
    job.save(durably=True)
    with storage_errors(folder):
        spool.folder.rename(folder)
        try:
            fsync_folder(folder.parent)
        except OSError:  # or the next service would do what was refused
            shutil.rmtree(folder, ignore_errors=True)
            raise
    job.folder = folder


async def _end(job: Job, status: JobStatus, error: AnysenseError | None = None) -> None:
    """End a job; removing what it has taken in can take a while."""
    await run_in_threadpool(job.end, status, error)
    job.has_ended.set()
