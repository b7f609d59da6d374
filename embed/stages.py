"""The stages of work that somebody may want to see: told to whoever listens, if anybody does.

Whoever does the work says ``with stage("encode"):`` and knows nothing of clocks, metrics or traces.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeAlias

    StageObserver: TypeAlias = Callable[[str], AbstractContextManager[object]]
    """Called with a stage's name; what it gives is entered as the stage begins, and left after."""

__all__ = ["observed_by", "stage"]

_OBSERVER: ContextVar[StageObserver | None] = ContextVar("STAGE_OBSERVER", default=None)


def stage(name: str) -> AbstractContextManager[object]:
    """A stage of the work that is done inside, by a name of the few that there are."""
    observer = _OBSERVER.get()
    return nullcontext() if observer is None else observer(name)


@contextmanager
def observed_by(observer: StageObserver) -> Iterator[None]:
    """Tell the stages of what is done inside, in this thread and those that copy its context."""
    token = _OBSERVER.set(observer)
    try:
        yield
    finally:
        _OBSERVER.reset(token)
