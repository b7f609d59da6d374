"""What one process serves: collections by name, and the models behind them."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import TYPE_CHECKING

from anyio import CapacityLimiter
from anyio.to_thread import run_sync

from anysense.embed.errors import AnysenseError
from anysense.server.http.errors import RequestError, sentence
from anysense.server.http.fetching.fetcher import Fetcher
from anysense.server.http.life.life import Life
from anysense.server.http.monitoring.contents import Contents
from anysense.server.http.monitoring.metrics import Metrics
from anysense.server.http.monitoring.readiness import Readiness
from anysense.server.http.service.models import watch_batches
from anysense.server.http.service.served import STOP_SECONDS, ServedCollection
from anysense.server.http.service.turns import Turns
from anysense.server.http.service.warm import warm_up
from anysense.server.http.watched import sources_by_name
from anysense.server.http.workers.pages import merged_page, read_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.collection import Collection
    from anysense.server.http.settings import Settings
    from anysense.server.http.workers.worker import Worker

__all__ = ["CURRENT", "READY", "Service"]

logger = logging.getLogger(__name__)
CURRENT = "current"
"""What addresses call the first collection, beside its own name."""

READY, LOADING, FAILED, STOPPING = "ready", "loading", "failed", "stopping"
FIRST_PAUSE, LAST_PAUSE = 1.0, 60.0
"""Seconds after which encoders that could not be loaded are tried again: doubled each time."""


class Service:
    """Collections behind HTTP. The event loop itself never computes.

    Args:
        collections: by name, at least one; the first is `CURRENT`.
        settings: how the service behaves.
        worker: which of its processes this is, if it has several.
    """

    def __init__(
        self,
        collections: Mapping[str, Collection],
        settings: Settings,
        worker: Worker | None = None,
    ) -> None:
        self.settings = settings
        self._worker = worker
        self._writes = worker is None or worker.is_writer
        self.metrics = Metrics()
        self.turns = Turns(settings, self.metrics)
        self.fetcher = Fetcher(settings) if settings.allow_url_fetch else None
        watched = sources_by_name(settings.watch, list(collections))
        self.collections = {
            name: ServedCollection(name, collection, settings, self.turns, watched.get(name, ()))
            for name, collection in collections.items()
        }
        self.life = Life()
        self.life.on_reload.append(self.reload)
        self.life.on_over += [served.writer.stop for served in self.collections.values()]
        self.metrics.watch(Contents(self.collections))
        self.status = READY
        self.reason: str | None = None
        self._looks = Readiness(self.collections)
        if worker is not None and not worker.is_writer:
            self._looks.checks.append(lambda _: worker.check_writer())
        self._warming: threading.Thread | None = None
        self._stopping = threading.Event()
        self._metrics_thread = CapacityLimiter(1)

    def collection(self, name: str = CURRENT) -> ServedCollection:
        """A collection by its name.

        Raises:
            RequestError: there is none of that name.
        """
        if name == CURRENT:
            return next(iter(self.collections.values()))
        if name not in self.collections:
            known = ", ".join(self.collections)
            message = f"There is no collection {name[:100]!r} here; there are: {known}."
            raise RequestError(message, 404, "collection_unknown", "collection")
        return self.collections[name]

    def start(self) -> None:
        """Begin to load the encoders, if the settings say so; the service answers meanwhile."""
        for served in self.collections.values():
            served.start(writes=self._writes)
        if self.settings.warm_up:
            self.status, self.turns.is_loading = LOADING, True
            self._warming = threading.Thread(target=self._warm_up, name="warm-up", daemon=True)
            self._warming.start()

    async def loaded(self) -> None:
        """Wait until the encoders are loaded, cannot be, or the service is told to stop."""
        while self.turns.is_loading and not self.life.is_stopping:
            await asyncio.sleep(0.05)

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for what runs in the background, up to a limit.

        A library that is being loaded must not meet the end of Python. An index that is not
        finished by then is left; nothing is lost with it.
        """
        self._stopping.set()
        self.turns.encoders_needed.set()
        deadline = time.monotonic() + seconds
        if self._warming is not None:
            self._warming.join(seconds)
        for served in self.collections.values():
            served.stop(max(0.0, deadline - time.monotonic()))

    async def jobs_ended(self, seconds: float = STOP_SECONDS) -> None:
        """Wait for what the jobs were at when they were stopped, up to a limit.

        What is not noted by then is done again by the next service.
        """
        deadline = time.monotonic() + seconds
        for served in self.collections.values():
            await served.jobs.ended(max(0.0, deadline - time.monotonic()))

    def patience(self) -> float:
        """How many seconds `stop` may take, when the process is about to end.

        Nobody waits for models that are still being loaded: `serve` then ends without Python's own
        end, which they could not bear.
        """
        if self.life.is_stopping and self.status != READY:
            return 0.0
        return self.life.seconds_left(STOP_SECONDS)

    def reload(self) -> None:
        """Take collections as they are on the disk now, and try again what has failed."""
        for served in self.collections.values():
            served.reload()
        self.turns.encoders_needed.set()  # those that could not be loaded are tried again now

    async def readiness(self) -> tuple[str, str | None]:
        """Whether searches can be answered now, as one word, and the reason if not."""
        if self.life.is_stopping:
            return STOPPING, "The service is stopping."
        if self.status != READY:
            return self.status, self.reason
        problem = await self._looks.problem()
        return (READY, None) if problem is None else (FAILED, problem)

    async def read_metrics(self, accept: str) -> tuple[bytes, str]:
        """All metrics as text, and its type; no other work goes before it.

        Those of all processes, if there are several.
        """
        if self._worker is None:
            return await run_sync(self.metrics.page, accept, limiter=self._metrics_thread)
        pages = await read_pages(self._worker)
        return await run_sync(merged_page, pages, accept, limiter=self._metrics_thread)

    async def read_own_metrics(self) -> bytes:
        """The metrics of this process alone, as text."""
        page, _ = await run_sync(self.metrics.page, limiter=self._metrics_thread)
        return page

    def _warm_up(self) -> None:
        """Load the encoders; again and again while they cannot be, or somebody needs them."""
        pause = FIRST_PAUSE
        is_warm = self._is_warm()
        self.turns.is_loading = False  # a request that needs them tells why they are not there
        while not is_warm:
            self.turns.encoders_needed.clear()
            if self._stopping.wait(FIRST_PAUSE):
                return
            self.turns.encoders_needed.wait(pause - FIRST_PAUSE)
            pause = min(2 * pause, LAST_PAUSE)
            is_warm = self._stopping.is_set() or self._is_warm()

    def _is_warm(self) -> bool:
        """Whether all encoders are loaded and have encoded something, now or before."""
        try:
            for served in self.collections.values():
                for encoder in served.collection.encoders():
                    watch_batches(encoder, self.metrics)
                    warm_up(encoder)
                served.collection.folder.snapshot()
        except AnysenseError as error:
            self._fail(error)
            logger.error("The encoders cannot be loaded: %s", error)
        except Exception as error:  # a third party's encoder can raise anything
            self._fail(AnysenseError(f"{type(error).__name__}: {error}"))
            logger.exception("The encoders cannot be loaded")
        else:
            self._looks.note_success()
            self.status, self.reason = READY, None
        return self.status == READY

    def _fail(self, error: AnysenseError) -> None:
        self.status, self.reason = FAILED, sentence(error)
