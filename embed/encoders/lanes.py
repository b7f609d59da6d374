"""Threads that run a model on one processor each, for many inputs at once.

Processors that share each operator of a model spend much of their time on waiting for each other,
the more so the smaller its input. With an input for each of them they need not, and a vector does
not depend on how many there are. Batches that are there at the same time share them fairly: words
do not wait for all windows of somebody's sounds.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import torch

from anysense.embed.forking import new_lock
from anysense.embed.waiting import IS_QUERY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["Lanes", "is_forked", "lane_count", "lanes"]

T = TypeVar("T")
_EVERY_ITEM = 5
"""Of so many tasks one is of an item, if any waits, however many queries there are."""

_lock = new_lock()
_lanes: Lanes | None = None
_count: int | None = None
"""How many lanes a forked process has: as many as its parent would."""


@dataclass(eq=False)
class _Batch:
    """What is left to do of a batch.

    Attributes:
        tasks: not begun yet.
        seconds: that lanes have worked at it, on top of what those had that it came to.
    """

    tasks: deque[Callable[[], None]]
    seconds: float


class _Line:
    """Batches of queries, or of items. Of two the one goes first that has had less time.

    This is start-time fair queuing (Goyal, Vin and Cheng, SIGCOMM 1996): what comes is behind
    nobody, and before nobody by more than one task of each lane.
    """

    def __init__(self) -> None:
        self.batches: list[_Batch] = []
        self._reached = 0.0

    def add(self, tasks: deque[Callable[[], None]]) -> None:
        self.batches.append(_Batch(tasks, self._reached))

    def take(self) -> tuple[_Batch, Callable[[], None]]:
        """The next task, and its batch."""
        batch = min(self.batches, key=lambda batch: batch.seconds)
        self._reached = batch.seconds
        task = batch.tasks.popleft()
        if not batch.tasks:
            self.batches.remove(batch)
        return batch, task


class Lanes:
    """As many threads, each of which does by itself what it is given; what is of queries first.

    They are daemons, not the threads of `concurrent.futures`, which end before the threads that a
    program has begun: those may still be encoding when the main thread has come to its end.

    Args:
        count: how many.
        clock: tells the seconds that tasks take.

    Raises:
        RuntimeError: not one thread can be started.
    """

    def __init__(self, count: int, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._queries, self._items = _Line(), _Line()
        self._lock = new_lock()
        self._free = threading.Semaphore(0)  # as many as there are tasks
        self._taken = 0
        threads = torch.get_num_threads()
        ready = threading.Semaphore(0)
        size = 0
        for number in range(count):
            name = f"anysense-lane-{number}"
            thread = threading.Thread(target=self._work, args=(ready,), name=name, daemon=True)
            try:
                thread.start()
            except RuntimeError:  # the system has no more: go on with those that there are
                if size == 0:
                    raise
                break
            size += 1
        for _ in range(size):
            ready.acquire()
        # What a thread sets is also what later threads begin with: back for them.
        torch.set_num_threads(threads)

    def map(self, work: Callable[..., T], tasks: Iterable[tuple[object, ...]]) -> list[T]:
        """Do this with the arguments of each task; the results in the order of the tasks.

        The first error is raised, when what was begun is done.
        """
        futures: list[Future[T]] = []
        batch: deque[Callable[[], None]] = deque()
        for task in tasks:
            futures.append(Future())
            batch.append(partial(_fulfil, futures[-1], work, task))
        if batch:
            with self._lock:
                (self._queries if IS_QUERY.get() else self._items).add(batch)
            self._free.release(len(futures))
        for future in futures:
            future.exception()
        return [future.result() for future in futures]

    def _work(self, ready: threading.Semaphore) -> None:
        torch.get_num_threads()  # a thread's first use of torch sets its number to the process's
        torch.set_num_threads(1)
        ready.release()
        while True:
            self._free.acquire()
            self._do_next()

    def _do_next(self) -> None:
        """Do the next task; by itself, so that a lane without one holds nothing of the last."""
        with self._lock:
            batch, task = self._next_line().take()
        start = self._clock()
        task()
        with self._lock:
            batch.seconds += self._clock() - start

    def _next_line(self) -> _Line:
        """That of queries if it has any, but every so often that of items."""
        self._taken += 1
        lines = [line for line in (self._queries, self._items) if line.batches]
        return lines[-1 if self._taken % _EVERY_ITEM == 0 else 0]


def _fulfil(future: Future[T], work: Callable[..., T], task: tuple[object, ...]) -> None:
    """Do a task; what becomes of it is in the future."""
    try:
        future.set_result(work(*task))
    except BaseException as error:
        future.set_exception(error)


def lanes() -> Lanes:
    """The process's lanes."""
    global _lanes
    with _lock:
        if _lanes is None:
            _lanes = Lanes(lane_count())
        return _lanes


def lane_count() -> int:
    """How many lanes this process has: as many as torch would use threads for one operator."""
    return _count or torch.get_num_threads()


def is_forked() -> bool:
    """Whether this process is the copy of one that may have used torch's threads."""
    return _count is not None


def _after_fork() -> None:
    """Let torch use one thread for an operator; lanes are begun anew, as many as before.

    The thread that forked has in its memory the threads that OpenMP (GNU's) gave it, which have not
    come along: an operator that asks for them waits for ever.
    """
    global _lanes, _count
    _lanes = None
    if _count is None:
        _count = torch.get_num_threads()
    torch.set_num_threads(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
