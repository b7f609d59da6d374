"""What a forked process renews of what it has been copied with.

A fork copies the memory of a process, and of its threads only the one that forks. A lock that
another thread held would stay closed in the copy for ever, and files that are open belong to both.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from threading import RLock

__all__ = ["Renewable", "new_lock", "new_rlock", "renew_after_fork"]


class Renewable(Protocol):
    """An object with something that must not be shared with the process it was forked from."""

    def renew(self) -> None:
        """Let go of that, in the forked process, where there is one thread."""
        ...


_locks: weakref.WeakSet[Any] = weakref.WeakSet()
_renewables: weakref.WeakSet[Any] = weakref.WeakSet()


def new_lock() -> threading.Lock:
    """A lock that a forked process finds open, whoever held it."""
    lock = threading.Lock()
    _locks.add(lock)
    return lock


def new_rlock() -> RLock:
    """A lock for one thread that may take it again, open in a forked process, whoever held it."""
    lock = threading.RLock()
    _locks.add(lock)
    return lock


def renew_after_fork(renewable: Renewable) -> None:
    """Let an object be renewed in each process that is forked from now on, as long as it lives."""
    _renewables.add(renewable)


def _after_fork() -> None:
    for lock in list(_locks):
        lock._at_fork_reinit()  # what threading and logging of the standard library do with theirs
    for renewable in list(_renewables):
        renewable.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
