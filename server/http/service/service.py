"""What one process serves: collections by name, and the models behind them."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError
from anysense.server.http.errors import RequestError
from anysense.server.http.service.served import STOP_SECONDS, ServedCollection
from anysense.server.http.service.turns import Turns
from anysense.server.http.service.warm import warm_up

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.index.collection import Collection
    from anysense.server.http.settings import Settings

__all__ = ["CURRENT", "Service"]

logger = logging.getLogger(__name__)
CURRENT = "current"
"""What addresses call the first collection, beside its own name."""

FIRST_PAUSE, LAST_PAUSE = 1.0, 60.0
"""Seconds after which encoders that could not be loaded are tried again: doubled each time."""


class Service:
    """Collections behind HTTP. The event loop itself never computes.

    Args:
        collections: by name, at least one; the first is `CURRENT`.
        settings: how the service behaves.
    """

    def __init__(self, collections: Mapping[str, Collection], settings: Settings) -> None:
        self.settings = settings
        self.turns = Turns(settings)
        self.collections = {
            name: ServedCollection(name, collection, settings, self.turns)
            for name, collection in collections.items()
        }
        self.status = "ready"
        self.reason: str | None = None
        self._warming: threading.Thread | None = None
        self._stopping = threading.Event()

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
        if self.settings.warm_up:
            self.status, self.turns.is_loading = "loading", True
            self._warming = threading.Thread(target=self._warm_up, name="warm-up", daemon=True)
            self._warming.start()

    def stop(self) -> None:
        """Wait for what runs in the background, up to a limit.

        A library that is being loaded must not meet the end of the process. An index that is not
        finished by then is left; nothing is lost with it.
        """
        self._stopping.set()
        self.turns.encoders_needed.set()
        if self._warming is not None:
            self._warming.join(STOP_SECONDS)
        for served in self.collections.values():
            served.stop()

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
                    warm_up(encoder)
                served.collection.folder.snapshot()
        except AnysenseError as error:
            self.status, self.reason = "failed", str(error)
            logger.error("The encoders cannot be loaded: %s", error)
        except Exception as error:  # a third party's encoder can raise anything
            self.status, self.reason = "failed", f"{type(error).__name__}: {error}"
            logger.exception("The encoders cannot be loaded")
        else:
            self.status, self.reason = "ready", None
        return self.status == "ready"
