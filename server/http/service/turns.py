"""Whose turn it is: how many requests do what at the same time."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from anysense.embed.stages import stage

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.server.http.settings import Settings

__all__ = ["Turns"]

P = ParamSpec("P")
T = TypeVar("T")


class Turns:
    """Runs the work of requests in threads, so many at a time; the others wait."""

    def __init__(self, settings: Settings) -> None:
        self._reads = asyncio.Semaphore(settings.read_threads)
        self._searches = asyncio.Semaphore(settings.search_threads)
        self._media_searches = asyncio.Semaphore(settings.media_searches)

    async def reading(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something that waits for no model and for no search."""
        async with self._reads:
            return await run_in_threadpool(work, *args, **kwargs)

    async def searching(
        self, work: Callable[..., T], *args: Any, has_media: bool = False, **kwargs: Any
    ) -> T:
        """Run a search. Of those by media, which have to be decoded, only so many at once."""
        async with contextlib.AsyncExitStack() as turn:
            with stage("queue"):
                if has_media:
                    await turn.enter_async_context(self._media_searches)
                await turn.enter_async_context(self._searches)
            return await run_in_threadpool(work, *args, **kwargs)

    async def working(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run something at once, for which a turn was taken elsewhere."""
        return await run_in_threadpool(work, *args, **kwargs)
