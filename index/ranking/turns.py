"""How many threads of a process rank at the same time.

Ranking is mostly Python, and Python runs one thread at a time. A thread lets the next one run at
each call that leaves Python, as each row that SQLite reads is; where many rank at once, they spend
more time on waking each other than on ranking.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from anysense.embed.forking import renew_after_fork
from anysense.embed.waiting import LOOK_UP_SECONDS, check_waiter

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RANKING", "Turns"]

AT_ONCE = 2
"""A second one ranks while FAISS searches for the first, and goes past one that takes long."""


class Turns:
    """Lets so many threads at a time do something.

    Args:
        at_once: how many.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Begin anew, as in a forked process, where nobody else is."""
        self._free = threading.Semaphore(self._at_once)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Do what is done inside when there is a turn.

        Raises:
            AbandonedError, DeadlineError: nobody waits for it any more.
        """
        while not self._free.acquire(timeout=LOOK_UP_SECONDS):
            check_waiter()
        try:
            yield
        finally:
            self._free.release()


RANKING = Turns(AT_ONCE)
"""Those of this process."""
