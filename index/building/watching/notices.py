"""Waiting until something has changed where sources are, and until it is quiet there again."""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING

from watchfiles import watch

from anysense.index.building.watching.places import IS_DEEP, Places

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Notices"]

_log = logging.getLogger("anysense")

LOOK_SECONDS = 1.0
"""How often it is seen whether folders are still those that are watched."""
LONGEST_UNREST_SECONDS = 10.0
"""Where changes never end, they are looked at after so long."""
MOST_GATHERED_MS = 500


class Notices:
    """Watches places in a thread of its own, from `start` to `stop`.

    What it tells is that something has changed, not what: who is told looks for himself. A folder
    that has gone or come back counts as a change, and so does the moment from which it is watched,
    as something may have changed before.

    Args:
        settle_seconds: how long it must have been quiet before a change is told.

    Attributes:
        problem: why the system tells no changes at present; None if it does.
    """

    def __init__(self, settle_seconds: float) -> None:
        self._settle_seconds = settle_seconds
        self._something = threading.Event()
        self._is_over = threading.Event()
        self._changed_at = 0.0
        self._places = Places()
        self._watched: Mapping[str, _Identity] = {}
        self._roots: Mapping[str, _Identity] = {}
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self.problem: str | None = None

    def start(self) -> None:
        """Begin to watch, once `watch` has said what."""
        self._thread.start()

    def stop(self) -> None:
        """Let `wait` end, and the thread."""
        self._is_over.set()
        self._something.set()

    def join(self, seconds: float = 5.0) -> None:
        """Wait until the thread has ended, up to a limit."""
        if self._thread.is_alive():
            self._thread.join(seconds)

    def watch(self, places: Places, paths: Iterable[str]) -> None:
        """Watch these from now on.

        Args:
            places: which changes count, and which folders are looked for where they are not there.
            paths: of the folders, and files, that the system is to watch.
        """
        watched = _identities(paths)
        if places != self._places:
            # As if none were there: whoever has looked a moment ago has to look again.
            self._places, self._roots = places, {}
        if watched != self._watched:
            self._watched = watched

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for a change and for quiet after it; False once `stop` was called.

        Args:
            seconds: after which it returns without a change; never if None.
        """
        end = float("inf") if seconds is None else time.monotonic() + seconds
        # In slices: on Windows Ctrl-C does not end a wait.
        while not self._something.wait(_until(end)) and time.monotonic() < end:
            pass
        latest = time.monotonic() + LONGEST_UNREST_SECONDS
        while self._something.is_set() and not self._is_over.is_set():
            quiet_at = min(self._changed_at + self._settle_seconds, latest)
            if time.monotonic() >= quiet_at:
                self._something.clear()
            else:
                self._is_over.wait(_until(quiet_at))
        return not self._is_over.is_set()

    def _note(self) -> None:
        self._changed_at = time.monotonic()
        self._something.set()

    def _run(self) -> None:
        while not self._is_over.is_set():
            self._look_at_roots()
            watched = self._watched
            if not watched:
                self._is_over.wait(LOOK_SECONDS)
                continue
            try:
                self._watch(watched)
            except FileNotFoundError:  # gone since: whoever is told looks what is there
                self._pause()
            except OSError as error:  # such as the system's limit of what is watched
                self.problem = error.strerror or str(error)
                self._pause()
            except Exception:  # of the library: whatever it is, the thread goes on
                _log.exception("Changes cannot be watched")
                self._pause()

    def _pause(self) -> None:
        self._is_over.wait(LOOK_SECONDS)
        if not self._is_over.is_set():
            self._note()

    def _watch(self, watched: Mapping[str, _Identity]) -> None:
        """Tell changes until something else is to be watched."""
        changes = watch(
            *watched,
            watch_filter=None,
            debounce=MOST_GATHERED_MS,
            stop_event=_Stop(lambda: self._is_over.is_set() or self._watched is not watched),
            rust_timeout=int(LOOK_SECONDS * 500),
            yield_on_timeout=True,
            raise_interrupt=False,
            force_polling=False,
            recursive=IS_DEEP,
            ignore_permission_denied=True,
        )
        is_first = True
        with closing(changes):
            for batch in changes:
                if is_first or any(self._places.concerns(path) for _, path in batch):
                    self._note()
                is_first, self.problem = False, None
                self._look_at_roots()

    def _look_at_roots(self) -> None:
        """See whether the folders are those that they were; a disk may have come or gone."""
        roots = _identities(self._places.roots)
        if roots != self._roots:
            self._roots = roots
            self._note()


class _Stop:
    """What the library asks whether to stop: like an event, but with a condition."""

    def __init__(self, is_stopped: Callable[[], bool]) -> None:
        self._is_stopped = is_stopped

    def is_set(self) -> bool:
        return self._is_stopped()


_Identity = tuple[int, int]


def _identities(paths: Iterable[str]) -> dict[str, _Identity]:
    """What the system knows the folders by that are there."""
    found = {}
    for path in paths:
        try:
            status = os.stat(path)  # noqa: PTH116 - of all folders that are watched
        except OSError:
            continue
        found[path] = (status.st_dev, status.st_ino)
    return found


def _until(end: float) -> float:
    return max(0.0, min(LOOK_SECONDS, end - time.monotonic()))
