"""Threads that run a model on one processor each, for many inputs at once.

Processors that share each operator of a model spend much of their time on waiting for each other,
the more so the smaller its input. With an input for each of them they need not, and a vector does
not depend on how many there are.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
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


class Lanes:
    """As many threads, each of which does by itself what it is given; what is of queries first.

    They are daemons, not the threads of `concurrent.futures`, which end before the threads that a
    program has begun: those may still be encoding when the main thread has come to its end.

    Raises:
        RuntimeError: not one thread can be started.
    """

    def __init__(self, count: int) -> None:
        self._queries: deque[Callable[[], None]] = deque()
        self._items: deque[Callable[[], None]] = deque()
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
        futures = [self._submit(work, task) for task in tasks]
        for future in futures:
            future.exception()
        return [future.result() for future in futures]

    def _submit(self, work: Callable[..., T], task: tuple[object, ...]) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(work(*task))
            except BaseException as error:
                future.set_exception(error)

        (self._queries if IS_QUERY.get() else self._items).append(run)
        self._free.release()
        return future

    def _work(self, ready: threading.Semaphore) -> None:
        torch.get_num_threads()  # a thread's first use of torch sets its number to the process's
        torch.set_num_threads(1)
        ready.release()
        while True:
            self._free.acquire()
            self._next()()

    def _next(self) -> Callable[[], None]:
        """The next task: of a query if there is one, but every so often of an item."""
        self._taken += 1
        lines = [self._queries, self._items]
        if self._taken % _EVERY_ITEM == 0:
            lines.reverse()
        while True:  # there is one, though another lane may take what this one has seen first
            for line in lines:
                with suppress(IndexError):
                    return line.popleft()


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
