"""Threads that outlast the one which began them, yet do not keep the interpreter from ending."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from anysense.embed.waiting import begin_stoppable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["LOOK_UP_SECONDS", "Users", "Workers"]

LOOK_UP_SECONDS = 0.5
"""How soon a thread that waits notices that the interpreter is going down."""

S = TypeVar("S")
T = TypeVar("T")


class Users:
    """Who may still take results of a run: the thread that began it, and the main thread.

    When the main thread ends, the interpreter waits for the others; but not for daemons.
    """

    def __init__(self) -> None:
        self._main = threading.main_thread()
        current = threading.current_thread()
        self._begun_by = self._main if current.daemon else current

    def are_there(self) -> bool:
        return self._main.is_alive() or self._begun_by.is_alive()


class Workers:
    """Threads that do what is submitted, in order.

    Unlike those of `concurrent.futures`, which end before the threads that a program has begun,
    they work as long as anyone may take what they make; and they end by themselves when a run is
    left open and the interpreter goes down.
    """

    def __init__(self, count: int, name: str) -> None:
        self.count = count
        self.name = name
        self.tasks: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self.threads: list[threading.Thread] = []
        self.users = Users()
        self._stopped = threading.Event()

    @property
    def is_stopped(self) -> bool:
        return self._stopped.is_set()

    def submit(self, work: Callable[..., T], *args: Any) -> Future[T]:
        """Do this when a thread is free; one is started unless all are.

        Its context is the caller's, so that it is for whom the caller does it, and until these
        threads are stopped.
        """
        future: Future[T] = Future()
        context = copy_context()
        context.run(begin_stoppable, self._stopped)

        def task() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(context.run(work, *args))
                except BaseException as error:
                    future.set_exception(error)

        self.tasks.put(task)
        if len(self.threads) < self.count:
            name = f"{self.name}-{len(self.threads)}"
            thread = threading.Thread(target=self._work, name=name)
            self.threads.append(thread)
            thread.start()
        return future

    def map(self, work: Callable[[S], T], items: Iterable[S]) -> Iterator[tuple[S, T]]:
        """Each item with what work gives of it, in order; two are done ahead for each thread."""
        ahead: deque[tuple[S, Future[T]]] = deque()
        for item in items:
            ahead.append((item, self.submit(work, item)))
            if len(ahead) > 2 * self.count:
                first, future = ahead.popleft()
                yield first, future.result()
        while ahead:
            first, future = ahead.popleft()
            yield first, future.result()

    def stop(self) -> None:
        """Drop what is not begun, finish the rest, or leave it where it looks whether it may.

        See `anysense.embed.waiting.check_waiter`.
        """
        self._stopped.set()
        for _ in self.threads:
            self.tasks.put(lambda: None)  # wakes a thread that waits
        for thread in self.threads:
            thread.join()

    def _work(self) -> None:
        while not self.is_stopped and self.users.are_there():
            try:
                task = self.tasks.get(timeout=LOOK_UP_SECONDS)
            except Empty:
                continue
            if not self.is_stopped:
                task()
