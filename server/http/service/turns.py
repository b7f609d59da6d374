"""Whose turn it is: how many requests do what at the same time."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import anyio

from anysense.embed.stages import stage
from anysense.server.http.errors import LoadingError
from anysense.server.http.service.admission import Line, in_thread, in_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.server.http.monitoring.metrics import Metrics
    from anysense.server.http.settings import Settings

__all__ = ["Turns"]

P = ParamSpec("P")
T = TypeVar("T")
WORKING_THREADS = 64


class Turns:
    """Runs the work of requests in threads, so many at a time; the others wait, so many of them.

    Each kind of work has threads of its own: reading waits for no model and for no search.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.is_loading = False
        """Whether encoders are being loaded, so that what needs them is refused."""
        self.encoders_needed = threading.Event()
        """Set when something comes that needs them."""
        self._settings = settings
        self._metrics = metrics
        most = settings.queued_searches
        self._reads = self._line("reads", settings.read_threads, settings.queued_reads, "requests")
        self._searches = self._line("searches", settings.search_threads, most, "searches")
        self._media_searches = self._line(
            "media searches", settings.media_searches, most, "searches"
        )
        self._limiters: dict[str, anyio.CapacityLimiter] = {}

    def new_line(self, collection: str, places: int = 1) -> Line:
        """A line of adds and removals of a collection in which so many go at a time."""
        queue = f"adds to {collection}"
        return self._line(queue, places, self._settings.queued_adds, "adds")

    def _line(self, queue: str, places: int, most_waiting: int, what: str) -> Line:
        line = Line(places, most_waiting, what, partial(self._metrics.observe_wait, queue))
        self._metrics.watch_queue(queue, line.__len__)
        return line

    def ensure_loaded(self) -> None:
        """Let what needs encoders go on.

        Raises:
            LoadingError: they are being loaded.
        """
        self.encoders_needed.set()
        if self.is_loading:
            raise LoadingError

    async def reading(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that waits for no model and for no search."""
        async with self._reads:
            limiter = self._limiter("reads", self._settings.read_threads)
            return await in_thread(limiter, work, *args, **kwargs)

    async def searching(
        self, work: Callable[..., T], *args: Any, has_media: bool = False, **kwargs: Any
    ) -> T:
        """Run a search. Of those by media, which have to be decoded, only so many at once.

        Raises:
            LoadingError: the encoders are not there yet.
            BusyError: too many wait already.
            AbandonedError, DeadlineError: nobody waits for it any more.
        """
        self.ensure_loaded()

        async def search() -> T:  # keeps its place until its thread has ended
            async with contextlib.AsyncExitStack() as turn:
                with stage("queue"):
                    if has_media:
                        await turn.enter_async_context(self._media_searches)
                    await turn.enter_async_context(self._searches)
                limiter = self._limiter("searches", self._settings.search_threads)
                return await in_thread(limiter, work, *args, **kwargs)

        return await in_time(asyncio.create_task(search()))

    async def working(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something at once, for which a turn was taken elsewhere."""
        return await in_thread(self._limiter("work", WORKING_THREADS), work, *args, **kwargs)

    def _limiter(self, kind: str, threads: int) -> anyio.CapacityLimiter:
        if kind not in self._limiters:  # one can be made only where an event loop runs
            self._limiters[kind] = anyio.CapacityLimiter(threads)
        return self._limiters[kind]
