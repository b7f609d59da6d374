"""Waiting for what a server does by itself, as long as it gets on with it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["wait_for"]

_POLL_SECONDS = 0.25
_MOST_POLL_SECONDS = 5.0


def wait_for(left: Callable[[], tuple[float, ...]], patience: float) -> bool:
    """Wait until nothing is left to be done, and tell whether that came.

    To index a billion rows takes a server hours, so no limit is right for all of it: what is
    limited is how long nothing changes.

    Args:
        left: asks what is left, as a number, and other numbers that tell of progress. It is asked
            ever less often while nothing changes.
        patience: after so many seconds without a change it will not come.
    """
    before, changed, pause = None, time.monotonic(), _POLL_SECONDS
    while True:
        now = left()
        if now[0] <= 0:
            return True
        if now != before:
            before, changed, pause = now, time.monotonic(), _POLL_SECONDS
        elif time.monotonic() - changed >= patience:
            return False
        time.sleep(pause)
        pause = min(2 * pause, _MOST_POLL_SECONDS)
