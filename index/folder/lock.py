"""One writer at a time: a lock on the file LOCK, which the system lets go when its process ends."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

from anysense.embed.errors import CollectionLockedError, StorageError
from anysense.index.catalog.sqlite.connections import FORBIDDEN, refused_by
from anysense.index.catalog.sqlite.identity import FileId, check_file, file_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from filelock import BaseFileLock

__all__ = [
    "LOCK",
    "OWNER",
    "REENCODING",
    "TURNS",
    "WriterLock",
    "are_turns_asked",
    "ask_for_turns",
    "end_turns",
    "only_one_reencodes",
]

LOCK = "LOCK"
REENCODING = "REENCODING"
TURNS = "TURNS"
ASKED_SECONDS = 10.0
OWNER = "OWNER"  # apart from LOCK, which others cannot read on Windows while it is held


def ask_for_turns(folder: Path) -> None:
    """Ask whoever writes to give the lock back soon, and to wait for it where it is taken."""
    with contextlib.suppress(OSError):  # who cannot ask waits longer
        (folder / TURNS).touch()


def end_turns(folder: Path) -> None:
    """Let others keep the lock for as long as they like again."""
    with contextlib.suppress(OSError):
        (folder / TURNS).unlink(missing_ok=True)


def are_turns_asked(folder: Path) -> bool:
    """Whether a process that writes now and then has asked for turns a moment ago."""
    try:
        age = time.time() - (folder / TURNS).stat().st_mtime
    except OSError:
        return False
    return -ASKED_SECONDS < age < ASKED_SECONDS


@contextlib.contextmanager
def only_one_reencodes(folder: Path) -> Iterator[None]:
    """Keep others from giving the collection other encoders meanwhile.

    Not the right to write, which is taken in turns: what was begun goes on between them.

    Raises:
        CollectionLockedError: another one does, in whichever process.
        StorageError: the folder cannot be written.
    """
    import filelock

    lock = filelock.FileLock(folder / REENCODING, thread_local=False)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise CollectionLockedError(
            f"{folder} is being given other encoders by another run: wait until that is done, or "
            "stop it first."
        ) from None
    except (OSError, NotImplementedError) as error:
        raise _not_taken(error, folder / REENCODING) from error
    try:
        yield
    finally:
        lock.release()


def _not_taken(error: OSError | NotImplementedError, path: Path) -> StorageError:
    if isinstance(error, OSError) and error.errno in FORBIDDEN:
        return refused_by(error, path)
    return StorageError(
        f"{path}: the lock cannot be taken ({error}); see that its file system knows locks."
    )


class WriterLock:
    """The right to change a collection. Two objects exclude each other also in one process.

    Args:
        folder: the collection.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock: BaseFileLock | None = None
        self._file: FileId | None = None

    @property
    def held(self) -> bool:
        return self._lock is not None

    def check(self) -> None:
        """See that the lock that is held is the one that others would try to take.

        Raises:
            CollectionReplacedError: LOCK was removed or replaced.
        """
        check_file(self._folder / LOCK, self._file)

    def acquire(self, seconds: float = 0.0) -> None:
        """Take the lock, or say who has it: at once, or when it was not free for so long.

        Raises:
            CollectionLockedError: another writer has it.
            StorageError: the folder cannot be written.
        """
        if self._lock is not None:
            return
        import filelock

        lock = filelock.FileLock(self._folder / LOCK, thread_local=False)
        try:
            lock.acquire(timeout=seconds)
        except filelock.Timeout:
            raise CollectionLockedError(
                f"{self._folder} is being written to{self._owner()}: wait until that is done, or "
                "end it; a service lets others write when it has written nothing for five seconds, "
                "so beside one try again then."
            ) from None
        except (OSError, NotImplementedError) as error:
            raise _not_taken(error, self._folder / LOCK) from error
        self._lock, self._file = lock, file_id(self._folder / LOCK)
        with contextlib.suppress(OSError):  # only for the message above
            (self._folder / OWNER).write_text(f"{os.getpid()}\n", encoding="ascii")

    def release(self) -> None:
        if self._lock is not None:
            if file_id(self._folder / LOCK) == self._file:  # or OWNER is of another folder
                with contextlib.suppress(OSError):
                    (self._folder / OWNER).unlink()
            self._lock.release()
            self._lock = None

    def _owner(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            pid = int((self._folder / OWNER).read_text(encoding="ascii"))
            return f" by process {pid}" if pid != os.getpid() else " by this process"
        return ""
