"""How many pixels all threads of a process decode at once.

A picture of 200 million pixels is 3 MB as a PNG and 800 MB in memory: limits of one file do not
bound what several at once take. Waiting is in turn, so that no large picture waits for ever.
"""

from __future__ import annotations

import threading
from collections import deque

from anysense.embed.forking import renew_after_fork
from anysense.embed.media.memory import give_back_soon
from anysense.embed.waiting import check_waiter

__all__ = ["PIXELS", "PixelBudget", "Share"]

_MOST = 200_000_000
_SMALL = 2_000_000
"""Pictures that nobody waits with: as many as there are threads are no burden."""
_LOOK_UP_SECONDS = 0.1


class PixelBudget:
    """A number of pixels that pictures share while they are decoded; see `Share`."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Begin anew, with nothing taken: in a process whose other threads are gone."""
        self.used = 0
        self._line: deque[object] = deque()
        self._change = threading.Condition()

    def take(self, pixels: int) -> None:
        """Take a share when it is there; one larger than all of the budget when nothing is taken.

        Raises:
            AbandonedError, DeadlineError: nobody waits for the picture any more.
        """
        ticket = object()
        with self._change:
            self._line.append(ticket)
            try:
                while self._line[0] is not ticket or not self._has_room(pixels):
                    check_waiter()
                    self._change.wait(_LOOK_UP_SECONDS)
                self.used += pixels
            finally:
                self._line.remove(ticket)
                self._change.notify_all()

    def give(self, pixels: int) -> None:
        """Give a share back."""
        with self._change:
            self.used -= pixels
            self._change.notify_all()

    def _has_room(self, pixels: int) -> bool:
        return self.used == 0 or self.used + pixels <= self.most


PIXELS = PixelBudget(_MOST)
"""That of this process."""


class Share:
    """One picture's share of a budget: none yet, then its pixels, and none again."""

    def __init__(self, budget: PixelBudget = PIXELS) -> None:
        self._budget = budget
        self._pixels = 0

    def take(self, pixels: int) -> None:
        """Wait until so many pixels may be decoded; what is asked for again costs nothing.

        Raises:
            AbandonedError, DeadlineError: nobody waits for the picture any more.
        """
        if pixels > max(_SMALL, self._pixels):
            self.leave()
            self._budget.take(pixels)
            self._pixels = pixels

    def leave(self) -> None:
        """Give the share back: the picture is no longer needed. May be called again."""
        if self._pixels:
            self._budget.give(self._pixels)
            self._pixels = 0
            give_back_soon()
