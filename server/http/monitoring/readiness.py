"""Whether collections can be searched now: a tiny encode, a look at catalogs and engines."""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError
from anysense.index.catalog.browse import list_items
from anysense.index.vectors.engines import ping
from anysense.server.http.errors import sentence
from anysense.server.http.service.warm import encode_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from anysense.server.http.service.served import ServedCollection

__all__ = ["Readiness"]

logger = logging.getLogger(__name__)
FRESH_SECONDS = 3.0
"""How long an encoder that works counts as one: probes come often, from several sides."""

DEADLINE_SECONDS = 5.0
"""After which a model or a catalog that does not answer counts as one that cannot."""


class Readiness:
    """Looks whether collections can be searched, in a thread of its own.

    No work of requests goes before it there. One look goes on at a time; what takes too long is
    told as that, and is not begun again before it ends.

    Args:
        collections: what is served.
    """

    def __init__(self, collections: Mapping[str, ServedCollection]) -> None:
        self.checks: list[Callable[[ServedCollection], None]] = [
            look_at_place,
            read_catalog,
            ask_engine,
        ]
        """Called with each collection; they raise if it cannot be used."""
        self._collections = collections
        self._look: Future[str | None] | None = None
        self._began = 0.0
        self._answer: str | None = None
        self._encoded_at: float | None = None

    def note_success(self) -> None:
        """Note that every encoder has just encoded something."""
        self._encoded_at = time.monotonic()

    async def problem(self) -> str | None:
        """Why a collection cannot be searched; None if all can be."""
        look = self._begin()
        left = max(0.0, self._began + DEADLINE_SECONDS - time.monotonic())
        try:
            return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(look)), left)
        except asyncio.TimeoutError:
            return f"No answer of a model and a catalog came within {DEADLINE_SECONDS:.0f} seconds."

    def _begin(self) -> Future[str | None]:
        if self._look is None or self._look.done():
            self._began = time.monotonic()
            self._look = Future()
            Thread(
                target=self._check_all, args=(self._look,), name="readiness", daemon=True
            ).start()
        return self._look

    def _check_all(self, look: Future[str | None]) -> None:
        checks = list(self.checks)
        is_fresh = self._encoded_at is not None and self._began - self._encoded_at < FRESH_SECONDS
        if not is_fresh:
            checks.append(encode_tiny)
        problems = (self._check(served, checks) for served in self._collections.values())
        problem = next(filter(None, problems), None)
        if problem is not None and problem != self._answer:  # not at every look
            logger.error("Searches cannot be answered: %s", problem)
        if not is_fresh:
            self._encoded_at = time.monotonic() if problem is None else None
        self._answer = problem
        look.set_result(problem)

    @staticmethod
    def _check(
        served: ServedCollection, checks: Sequence[Callable[[ServedCollection], None]]
    ) -> str | None:
        try:
            for check in checks:
                check(served)
        except AnysenseError as error:
            return sentence(error)
        except Exception as error:  # a third party's encoder can raise anything
            return sentence(AnysenseError(f"{type(error).__name__}: {error}"))
        return None


def look_at_place(served: ServedCollection) -> None:
    """See that what is written now would be kept."""
    served.check_place()


def read_catalog(served: ServedCollection) -> None:
    """Read the newest state of a collection, and its first item."""
    list_items(served.collection.folder.snapshot().catalog, 0, 1)


def ask_engine(served: ServedCollection) -> None:
    """See that the engine that has the index answers, where it is on another machine."""
    ping(served.collection.folder.snapshot().store)


def encode_tiny(served: ServedCollection) -> None:
    """Encode something small with each encoder that is loaded."""
    for encoder in served.collection.loaded_encoders:
        encode_sample(encoder, min(encoder.space.modalities, key=_cost))


def _cost(modality: str) -> int:
    return ("text", "image", "audio").index(modality)
