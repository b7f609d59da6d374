"""Who waits for the vector that is made: a query or an item, and whether anybody still does."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from anysense.embed.errors import AbandonedError, DeadlineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "IS_QUERY",
    "LOOK_UP_SECONDS",
    "Waiter",
    "as_query",
    "begin_stoppable",
    "check_waiter",
    "current_waiter",
    "in_turn",
    "let_others",
    "limit_waiter",
    "waited_for_by",
]

IS_QUERY: ContextVar[bool] = ContextVar("IS_QUERY", default=False)
"""True while a query is encoded, in its thread: encoders may then put speed before the last bit."""

LOOK_UP_SECONDS = 0.25
"""How soon who waits in a line notices that nobody waits for them any more."""

_WAITER: ContextVar[Waiter | None] = ContextVar("WAITER", default=None)

_STOPPED: ContextVar[threading.Event | None] = ContextVar("STOPPED", default=None)

_END_TURN: ContextVar[Callable[[], object] | None] = ContextVar("END_TURN", default=None)


@contextmanager
def in_turn(end: Callable[[], object] | None) -> Iterator[None]:
    """Encode what is encoded inside in a turn that may end early, by `let_others`.

    Args:
        end: ends it; may be called again. None if the turn lasts as long as the encoding.
    """
    token = _END_TURN.set(end)
    try:
        yield
    finally:
        _END_TURN.reset(token)


def let_others() -> None:
    """Say that all of a batch is queued at its device: others may queue theirs meanwhile.

    For encoders that may be called by several threads at once.
    """
    end = _END_TURN.get()
    if end is not None:
        end()


@contextmanager
def as_query() -> Iterator[None]:
    """Encode what is encoded inside as a query."""
    token = IS_QUERY.set(True)
    try:
        yield
    finally:
        IS_QUERY.reset(token)


class Waiter:
    """Somebody who waits for work to be done: until a deadline, or until they go away.

    Args:
        seconds: how long they wait from now on; for ever if None.
    """

    def __init__(self, seconds: float | None = None) -> None:
        self.deadline = None if seconds is None else time.monotonic() + seconds
        self._gone = threading.Event()

    def leave(self) -> None:
        """Wait no more; may be called from any thread."""
        self._gone.set()

    def limit(self, seconds: float) -> None:
        """Wait no longer than so many seconds from now on."""
        deadline = time.monotonic() + seconds
        self.deadline = deadline if self.deadline is None else min(self.deadline, deadline)

    def seconds_left(self) -> float | None:
        """How long they still wait, never below 0; None for ever."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def check(self) -> None:
        """Stop work that nobody waits for any more.

        Raises:
            AbandonedError: they have gone away.
            DeadlineError: their time is over.
        """
        if self._gone.is_set():
            raise AbandonedError("Nobody waits for this any more.")
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise DeadlineError("This takes longer than the time that it was given.")


@contextmanager
def waited_for_by(waiter: Waiter | None) -> Iterator[None]:
    """Do what is done inside for somebody, in this thread and those that copy its context."""
    token = _WAITER.set(waiter)
    try:
        yield
    finally:
        _WAITER.reset(token)


def current_waiter() -> Waiter | None:
    """Who waits for what this thread does; None if nobody was named."""
    return _WAITER.get()


def limit_waiter(seconds: float | None) -> None:
    """Let whoever waits for what this thread does wait no longer than that; None is no limit."""
    waiter = _WAITER.get()
    if waiter is not None and seconds is not None:
        waiter.limit(seconds)


def begin_stoppable(stopped: threading.Event) -> None:
    """Note that nobody waits for what is done in this context once this is set."""
    _STOPPED.set(stopped)


def check_waiter() -> None:
    """Stop work that nobody waits for any more: called between its batches.

    Raises:
        AbandonedError, DeadlineError: see `Waiter.check`.
    """
    stopped = _STOPPED.get()
    if stopped is not None and stopped.is_set():
        raise AbandonedError("What this is for was stopped.")
    waiter = _WAITER.get()
    if waiter is not None:
        waiter.check()
