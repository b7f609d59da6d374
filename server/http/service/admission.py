"""Who may come in: so many at a time, so many that wait, and nobody who has gone away."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from anyio.to_thread import run_sync

from anysense.embed.errors import AnysenseError, BusyError
from anysense.embed.waiting import LOOK_UP_SECONDS, check_waiter, current_waiter

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from anyio import CapacityLimiter

__all__ = ["Line", "in_thread", "in_time"]

P = ParamSpec("P")
T = TypeVar("T")


class Line:
    """A line in front of so many places, first come, first served; used by one event loop.

    Args:
        places: how many are in at a time.
        most_waiting: how many wait at most; who comes then is refused.
        what: what they want, for the message.
        observe: called with the seconds that each has waited.
    """

    def __init__(
        self,
        places: int,
        most_waiting: int,
        what: str,
        observe: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._free = places
        self._observe = observe
        self._most_waiting = most_waiting
        self._what = what
        self._waiting: deque[asyncio.Future[None]] = deque()

    def __len__(self) -> int:
        """How many wait now."""
        return len(self._waiting)

    async def __aenter__(self) -> None:
        """Come in, when it is one's turn.

        Raises:
            BusyError: too many wait already.
            AbandonedError, DeadlineError: nobody waits for it any more.
        """
        check_waiter()
        if self._free > 0:
            self._free -= 1
            self._observe(0.0)
            return
        if len(self._waiting) >= self._most_waiting:
            raise BusyError(f"Too many {self._what} wait already; try again in a moment.")
        start = time.perf_counter()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            while not place.done():
                await asyncio.wait({place}, timeout=_until_next_look())
                check_waiter()
        except BaseException:
            if place.done():
                self._let_in()
            else:
                self._waiting.remove(place)
            raise
        finally:
            self._observe(time.perf_counter() - start)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._let_in()

    def _let_in(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self._free += 1


async def in_thread(
    limiter: CapacityLimiter, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run something in a thread of its own kind, whatever other kinds there are and do."""
    return await run_sync(lambda: work(*args, **kwargs), limiter=limiter)


async def in_time(task: asyncio.Task[T]) -> T:
    """The result of a task, or an error when its deadline has passed or its client has gone.

    The task goes on to the next place where it looks whether anybody waits for it.

    Raises:
        AbandonedError, DeadlineError: nobody waits for it any more.
    """
    while not task.done():
        await asyncio.wait({task}, timeout=_until_next_look())
        if not task.done():
            try:
                check_waiter()
            except AnysenseError:
                task.add_done_callback(_ignore)
                raise
    return task.result()


def _ignore(task: asyncio.Task[T]) -> None:
    """Take notice of an error that nobody waits for, so that it is not logged as lost."""
    if not task.cancelled():
        task.exception()


def _until_next_look() -> float | None:
    waiter = current_waiter()
    if waiter is None:
        return None
    left = waiter.seconds_left()
    return LOOK_UP_SECONDS if left is None else min(LOOK_UP_SECONDS, left + 0.001)
