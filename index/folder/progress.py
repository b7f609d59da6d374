"""How far a build is, told to other processes: each leaves a note in the collection's folder.

A folder that cannot be written only means that nobody else hears of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from anysense.embed.cache import write_aside
from anysense.embed.notes import LOCK, NOTE, counts, lock_of, remove

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from filelock import BaseFileLock

    from anysense.index.types import Progress

    Work: TypeAlias = Literal["build", "reencode", "publish"]

__all__ = ["PROGRESS", "Ongoing", "ProgressNote", "running", "told_of_publishing"]

PROGRESS = "progress"
WORKS = ("build", "reencode", "publish")
EVERY_SECONDS = 1.0
"""A note is replaced no more often."""
LEAST_SECONDS = 0.5
"""After so long a rate is known."""
MOST_BYTES, MOST_NOTES = 4096, 100


@dataclass(frozen=True)
class Ongoing:
    """How far something is that is under way in a collection.

    Attributes:
        what: ``build``, ``reencode`` (other encoders) or ``publish`` (the index).
        done, total: files, items or vectors that are dealt with, and all of them.
        failed: how many of them could not be read.
        seconds_left: at the rate so far; None as long as that is not known.
        started_at: in seconds since 1970.
        pid: of the process.
    """

    what: Work
    done: int
    total: int
    failed: int
    seconds_left: float | None
    started_at: float
    pid: int


class ProgressNote:
    """The note of something that is under way; used as a context, and told of each step.

    It is there from the first step on, and gone at the end.

    Args:
        folder: of the collection.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / PROGRESS
        self._lock: BaseFileLock | None = None
        self._note = self._folder / f"{os.getpid()}-{secrets.token_hex(4)}{NOTE}"
        self._written_at = -EVERY_SECONDS
        self._started_at = 0.0
        self._first: tuple[Work, float, int] | None = None  # what, when, and how far that was

    def __enter__(self) -> ProgressNote:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is None:
            return
        self.hide()
        self._lock.release()
        remove(self._note.with_suffix(LOCK))
        with contextlib.suppress(OSError):  # others may have theirs in it
            self._folder.rmdir()

    def tell(self, what: Work, done: int, total: int, failed: int = 0) -> None:
        """Note how far it is, if the last note is old enough."""
        now = time.monotonic()
        if self._first is None:
            self._started_at = time.time()
        if self._first is None or self._first[0] != what:
            self._first = what, now, done
        elif now - self._written_at < EVERY_SECONDS and done < total:
            return
        if not self._is_ready():
            return
        self._written_at = now
        left = self._seconds_left(now, done, total)
        progress = Ongoing(what, done, total, failed, left, self._started_at, os.getpid())
        content = json.dumps(asdict(progress)).encode("ascii")
        write_aside(self._note, lambda file: file.write(content))

    def hide(self) -> None:
        """Take the note away, until there is something to tell again."""
        if self._lock is not None:
            remove(self._note)
            self._written_at = -EVERY_SECONDS

    def _seconds_left(self, now: float, done: int, total: int) -> float | None:
        assert self._first is not None
        _, began, before = self._first
        if done <= before or now - began < LEAST_SECONDS:
            return None
        return round((now - began) / (done - before) * max(total - done, 0), 1)

    def _is_ready(self) -> bool:
        """Whether the lock is held, which is taken now if it was not."""
        import filelock

        if self._lock is None:
            with contextlib.suppress(OSError, NotImplementedError, filelock.Timeout):
                running(self._folder.parent)  # clears what others have left
                self._folder.mkdir(exist_ok=True)
                lock = lock_of(self._note)
                lock.acquire(timeout=0)
                self._lock = lock
        return self._lock is not None


@contextlib.contextmanager
def told_of_publishing(folder: Path, progress: Progress | None) -> Iterator[Progress]:
    """What to call with the vectors stored so far and in all, while a collection is published.

    Args:
        folder: of the collection.
        progress: is called, too.
    """
    with ProgressNote(folder) as note:

        def tell(done: int, total: int) -> None:
            note.tell("publish", done, total)
            if progress is not None:
                progress(done, total)

        yield tell


def running(folder: Path) -> list[Ongoing]:
    """What is under way in a collection, in whichever process; what began first comes first.

    Args:
        folder: of the collection.
    """
    found = (progress for note in _notes(folder / PROGRESS) if (progress := _read(note)))
    return sorted(found, key=lambda progress: progress.started_at)


def _notes(folder: Path) -> Iterator[Path]:
    """The notes that count; others are cleared away."""
    with contextlib.suppress(OSError):
        names = sorted(path for path in folder.iterdir() if path.suffix in (NOTE, LOCK))
        for note in {path.with_suffix(NOTE) for path in names[:MOST_NOTES]}:
            if counts(note) and note in names:
                yield note


def _read(note: Path) -> Ongoing | None:
    try:
        if note.is_symlink() or note.stat().st_size > MOST_BYTES:
            return None
        content = json.loads(note.read_bytes())
        left = content["seconds_left"]
        progress = Ongoing(
            what=content["what"],
            done=int(content["done"]),
            total=int(content["total"]),
            failed=int(content["failed"]),
            seconds_left=None if left is None else float(left),
            started_at=float(content["started_at"]),
            pid=int(content["pid"]),
        )
    except (OSError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    return progress if progress.what in WORKS else None
