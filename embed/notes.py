"""Notes that a process leaves for others while it does something: files, each beside a lock.

The system gives a lock back when its process ends, however that comes about, so a note counts as
long as its lock is held. Whoever finds one that is not clears it away.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = ["LOCK", "NOTE", "counts", "lock_of", "remove"]

NOTE = ".json"
LOCK = ".lock"


def lock_of(note: Path) -> BaseFileLock:
    """The lock beside a note, which is taken before the note is written."""
    import filelock

    # Of any thread: a process may be told to stop by another one than began.
    return filelock.FileLock(note.with_suffix(LOCK), mode=0o600, thread_local=False)


def counts(note: Path) -> bool:
    """Whether the process of a note is still there; if not, the note and its lock are removed."""
    import filelock

    lock = lock_of(note)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        return True
    except (OSError, NotImplementedError):
        return False
    remove(note)
    lock.release()
    remove(note.with_suffix(LOCK))
    return False


def remove(path: Path) -> None:
    """Remove a file, if it is there and if that can be done."""
    with contextlib.suppress(OSError):  # of a folder that may only be read
        path.unlink(missing_ok=True)
