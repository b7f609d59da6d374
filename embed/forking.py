"""What a forked process renews of what it has been copied with.

A fork copies the memory of a process, and of its threads only the one that forks. A lock that
another thread held would stay closed in the copy for ever, files that are open belong to both, and
a module that another thread was importing is never finished.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from threading import RLock

__all__ = ["WAIT_SECONDS", "Renewable", "new_lock", "new_rlock", "renew_after_fork"]

WAIT_SECONDS = 10.0
"""How long a fork waits for what other threads are doing."""

_LOOK_UP_SECONDS = 0.005


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


def _before_fork() -> None:
    """Wait until no other thread imports anything."""
    if _is_importing():
        return  # this one does, and would wait for itself
    end = time.monotonic() + WAIT_SECONDS
    while _is_anything_unfinished() and time.monotonic() < end:
        time.sleep(_LOOK_UP_SECONDS)


def _is_importing() -> bool:
    """Whether this thread imports a module."""
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
    return False


def _is_anything_unfinished() -> bool:
    """Whether a module has been begun and is not yet there as a whole."""
    modules = [module for module in list(sys.modules.values()) if isinstance(module, ModuleType)]
    # As Python itself tells; not by an attribute, which some modules make when they are asked.
    return any(getattr(vars(module).get("__spec__"), "_initializing", False) for module in modules)


def _after_fork() -> None:
    for lock in list(_locks):
        lock._at_fork_reinit()  # what threading and logging of the standard library do with theirs
    for renewable in list(_renewables):
        renewable.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
