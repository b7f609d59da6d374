"""uvicorn's server with signals of our own: stop in order, stop at once, reload."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator
    from types import FrameType

    from anysense.server.http.life.life import Life

__all__ = ["LifeServer"]

logger = logging.getLogger(__name__)
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
NOTICE_SECONDS = 0.3
"""How long the service still listens after /ready has turned, for whoever asks that."""


class LifeServer(uvicorn.Server):
    """Serves until SIGINT or SIGTERM; a second one ends the process at once; SIGHUP reloads.

    Args:
        config: uvicorn's.
        life: of the application that it serves.
        stop_seconds: how long open requests may take once it is told to stop.
        on_start: called with the port once it listens.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        life: Life,
        stop_seconds: float,
        on_start: Callable[[int], None] | None = None,
    ) -> None:
        super().__init__(config)
        self._life = life
        self._stop_seconds = stop_seconds
        self._on_start = on_start
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reloads: set[asyncio.Task[None]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self._on_start is not None and self.started:
            listening = sockets or self.servers[0].sockets
            self._on_start(listening[0].getsockname()[1])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, finish what is open, and tell what cannot be finished in time."""
        if not self._life.is_stopping:  # it ends without a signal
            self._life.stop(self._stop_seconds)
        await asyncio.sleep(min(NOTICE_SECONDS, self._stop_seconds / 2))
        loop, seconds = asyncio.get_running_loop(), self._life.seconds_left(0.0)
        # The answers to what is broken off take a moment too.
        end = loop.call_later(seconds - min(1.0, seconds / 4), self._life.end_requests)
        cut = loop.call_later(seconds, self._cut_connections)
        await super().shutdown(sockets)
        end.cancel()
        cut.cancel()

    def _cut_connections(self) -> None:
        """Close what is still open, as to clients that do not read their answers."""
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals for ourselves; the process ends in order, so with status 0.

        uvicorn would send itself the signal again at the end, and so be killed by it.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = dict.fromkeys(STOP_SIGNALS, self.handle_exit)
        if sys.platform != "win32":
            handlers[signal.SIGHUP] = self._handle_reload
        former = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop in order at the first signal, and at once at the second."""
        if self.should_exit:
            logger.warning("Stopped at once, by a second signal")
            # Everything acknowledged is on the disk, as after a kill; threads may be anywhere.
            os._exit(128 + sig)
        self._life.stop(self._stop_seconds)
        self.should_exit = True

    def _handle_reload(self, sig: int, frame: FrameType | None) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._reload)

    def _reload(self) -> None:
        reload = asyncio.ensure_future(self._life.reload())
        self._reloads.add(reload)  # the loop itself holds tasks only weakly
        reload.add_done_callback(self._reloads.discard)
