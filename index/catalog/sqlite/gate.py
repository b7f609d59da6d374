"""No connection to a catalog is carried across a fork.

SQLite notes in a process's memory which locks the process has on a file. A forked process has the
notes without the locks: it would read what another is about to change, and go on writing to a log
that another has deleted. So a fork waits until no thread uses a catalog, and closes the connections
that are open; each process opens its own when it next needs one.
"""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol

from anysense.embed.errors import UsageError
from anysense.embed.forking import WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Holder", "close_before_fork", "keep_open", "using"]


class Holder(Protocol):
    """Holds connections to a catalog for later, and uses them only inside `using`."""

    @property
    def path(self) -> Path:
        """The catalog's."""
        ...

    def close_idle(self) -> None:
        """Close the connections, without waiting for a lock: no other thread uses them."""
        ...


_holders: weakref.WeakSet[Any] = weakref.WeakSet()
_change = threading.Condition()
_users: list[tuple[int, str]] = []  # threads, each with the catalog that it uses
_forking: int | None = None  # the thread that forks
_unsafe_catalogs: frozenset[str] = frozenset()
"""Those that were in use when this process was forked."""
_connections_to_keep: list[object] = []


@contextlib.contextmanager
def using(path: Path) -> Iterator[None]:
    """Use connections to a catalog; no process is forked from this one meanwhile.

    Raises:
        UsageError: this process was forked while its parent used the catalog.
    """
    user = (threading.get_ident(), str(path))
    with _change:
        _change.wait_for(lambda: _may_enter(user[0]))
        if _unsafe_catalogs and os.path.realpath(path) in _unsafe_catalogs:
            raise UsageError(
                f"{path.parent}: this process was forked in the middle of its parent's work on the "
                "collection: use it in a process that was forked before or after that, or spawned."
            )
        _users.append(user)
    try:
        yield
    finally:
        with _change:
            if user in _users:  # or this is the copy of a thread that forked meanwhile
                _users.remove(user)
            _change.notify_all()


def _may_enter(thread: int) -> bool:
    """Whether a thread need not wait for a fork: nor must it if it uses a catalog already."""
    return _forking in (None, thread) or any(user == thread for user, _ in _users)


def close_before_fork(holder: Holder) -> None:
    """Let the connections of a holder be closed before each fork, as long as it lives."""
    _holders.add(holder)


def keep_open(connections: object) -> None:
    """Keep what came along with a fork in the middle of its use: to close it would write."""
    _connections_to_keep.append(connections)


def _before_fork() -> None:
    global _forking
    thread = threading.get_ident()
    with _change:
        _change.wait_for(lambda: _forking is None)
        _forking = thread
        _change.wait_for(lambda: all(user == thread for user, _ in _users), WAIT_SECONDS)
        in_use = {path for _, path in _users}
    for holder in list(_holders):
        if not (str(holder.path) in in_use or os.path.realpath(holder.path) in _unsafe_catalogs):
            holder.close_idle()


def _after_fork_in_parent() -> None:
    global _forking
    with _change:
        _forking = None
        _change.notify_all()


def _after_fork_in_child() -> None:
    global _change, _forking, _unsafe_catalogs
    _change, _forking = threading.Condition(), None
    _unsafe_catalogs |= {os.path.realpath(path) for _, path in _users}
    _users.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before_fork,
        after_in_parent=_after_fork_in_parent,
        after_in_child=_after_fork_in_child,
    )
