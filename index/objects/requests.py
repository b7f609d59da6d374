"""Waiting for requests to services, for bounded time and only as long as anybody waits for them."""

from __future__ import annotations

import asyncio
from concurrent.futures import wait
from time import monotonic
from typing import TYPE_CHECKING, TypeVar

from anysense.embed.waiting import LOOK_UP_SECONDS, check_waiter

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any

__all__ = ["REQUEST_SECONDS", "await_request"]

REQUEST_SECONDS = 300.0
"""A request with all its retries takes no longer: those of the file systems end much sooner."""

T = TypeVar("T")


def await_request(
    request: Coroutine[Any, Any, T], loop: asyncio.AbstractEventLoop, seconds: float
) -> T:
    """What a request gives, which runs in the loop of another thread.

    Args:
        request: not begun yet.
        loop: where it is to run.
        seconds: how long it may take.

    Raises:
        TimeoutError: it takes longer.
        AbandonedError, DeadlineError: nobody waits for it any more; then it is cancelled.
    """
    future = asyncio.run_coroutine_threadsafe(request, loop)
    end = monotonic() + seconds
    try:
        while not wait([future], LOOK_UP_SECONDS).done:
            check_waiter()
            if monotonic() > end:
                raise TimeoutError("no answer in time")
        return future.result()
    finally:
        future.cancel()
