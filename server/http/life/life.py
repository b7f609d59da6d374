"""How far the life of the service has come, and what happens when it is told to reload or stop."""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

__all__ = ["Life"]

logger = logging.getLogger(__name__)


class Life:
    """Whether the service is stopping, the requests that are open, and hooks for a reload.

    Attributes:
        on_reload: called one after the other, in a thread, when the service is told to reload.
        on_over: called when open requests are broken off, to end the work behind them.
    """

    def __init__(self) -> None:
        self.on_reload: list[Callable[[], object]] = []
        self.on_over: list[Callable[[], object]] = []
        self.is_stopping = False
        self.is_over = False
        self._deadline: float | None = None
        self._open: set[asyncio.Task[object]] = set()
        self._reloading = threading.Lock()

    def stop(self, seconds: float) -> None:
        """Begin to stop; open requests have so many seconds. May be called by a signal."""
        self._deadline = time.monotonic() + seconds
        self.is_stopping = True

    def seconds_left(self, otherwise: float) -> float:
        """How long there is until all must have ended; `otherwise` if it was not told to stop."""
        if self._deadline is None:
            return otherwise
        return max(0.0, self._deadline - time.monotonic())

    def enter(self, request: asyncio.Task[object]) -> None:
        """Note a request that is open."""
        self._open.add(request)

    def leave(self, request: asyncio.Task[object]) -> None:
        """Note that it is answered."""
        self._open.discard(request)

    def end_requests(self) -> None:
        """Break off the requests that are open; what stands around them answers with 503."""
        self.is_over = True
        if self._open:
            logger.warning("Requests that the service does not finish: %d", len(self._open))
        for request in list(self._open):
            request.cancel()
        for hook in self.on_over:
            hook()

    async def reload(self) -> None:
        """Call every hook; one that fails is told, and the others are called."""
        await run_in_threadpool(self._call_hooks)

    def _call_hooks(self) -> None:
        with self._reloading:
            failures = [hook for hook in list(self.on_reload) if not _has_reloaded(hook)]
        logger.info("Reloaded, but for what is told above" if failures else "Reloaded")


def _has_reloaded(hook: Callable[[], object]) -> bool:
    try:
        hook()
    except Exception as error:  # what was there before stays in use
        logger.error("Something cannot be reloaded: %s", error)
        return False
    return True
