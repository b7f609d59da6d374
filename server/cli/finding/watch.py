"""A build that nobody waits for stops when it takes long; what it takes is remembered."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from anysense.server.cli.finding.pace import expected_seconds, measured_pace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from anysense.index.building.report import BuildProgress, ProgressCallback
    from anysense.index.building.sources.entries import Entry

__all__ = ["TooLongError", "Watch"]

MEASURE_SECONDS = 10.0
"""Of encoding, after which the time left is told from what was done, not from what was expected."""


class TooLongError(Exception):
    """Raised in the midst of a build that would take too long.

    Attributes:
        seconds: how much longer it would take.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:.0f} s are left")
        self.seconds = seconds


class Watch:
    """Called with each step of a build, and passes it on.

    Args:
        show: what shows the progress.
        changed: gives the files that are to be encoded.
        pace: how long they take, as a multiple of what is expected.
        limit: the most seconds that it may take; any if None.

    Attributes:
        left: how many files are still to be encoded.
    """

    def __init__(
        self,
        show: ProgressCallback,
        changed: Callable[[], Sequence[Entry]],
        pace: float,
        limit: float | None,
    ) -> None:
        self.left = 0
        self._show = show
        self._changed = changed
        self._pace = pace
        self._limit = limit
        self._entries: Sequence[Entry] = ()
        self._total = 0
        self._has_begun = False
        self._loaded_at: float | None = None
        self._first = 0
        self._is_over = False

    def __call__(self, progress: BuildProgress) -> None:
        """Note a step.

        Raises:
            TooLongError: once, if the build would take too long.
        """
        self._show(progress)
        if progress.phase == "load" and not self._has_begun:
            self._begin(progress.total)
        elif progress.phase == "encode":
            self.left, self._total = progress.total - progress.done, progress.total
            self._check(progress.done)

    @property
    def pace(self) -> float | None:
        """The pace of what was encoded; None if that was too little to tell."""
        if self._loaded_at is None or not self._total:
            return None
        share = (self._total - self.left - self._first) / self._total
        return measured_pace(self._entries, time.monotonic() - self._loaded_at, share)

    def _begin(self, total: int) -> None:
        self._has_begun, self.left = True, total
        self._entries = self._changed()
        self._stop_if(expected_seconds(self._entries, self._pace))

    def _check(self, done: int) -> None:
        if self._loaded_at is None:  # loading models takes longest where a disk is slow
            self._loaded_at, self._first = time.monotonic(), done
            return
        seconds, more = time.monotonic() - self._loaded_at, done - self._first
        if more > 0 and seconds >= MEASURE_SECONDS:
            self._stop_if(seconds / more * self.left)

    def _stop_if(self, seconds: float) -> None:
        if self._limit is not None and seconds > self._limit and not self._is_over:
            self._is_over = True  # what is written at the end is told too
            raise TooLongError(seconds)
