"""What a service does for a collection while nobody asks for anything."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError, CollectionLockedError
from anysense.index.folder.lock import are_turns_asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.index.collection import Collection
    from anysense.index.ranking.retriever import CollectionRetriever
    from anysense.server.http.settings import Settings

__all__ = ["Upkeep"]

logger = logging.getLogger(__name__)
LONGEST_PAUSE_SECONDS = 1.0


class Upkeep:
    """A thread that gives back what is not used: the right to write, and states of old pages.

    Args:
        collection: what to look after.
        retriever: what searches it.
        settings: how the service behaves.
    """

    def __init__(
        self, collection: Collection, retriever: CollectionRetriever, settings: Settings
    ) -> None:
        self._folder = collection.folder
        self._retriever = retriever
        self._idle_seconds = settings.writer_idle_seconds
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: str | None = None  # what went wrong last

    def start(self, *, tidies: bool = True) -> None:
        """Begin, if it has not begun yet.

        Args:
            tidies: first remove what uploads left behind when the process before was killed.
        """
        if self._thread is None:
            self._is_over.clear()
            work = partial(self._run, tidies=tidies)
            self._thread = threading.Thread(target=work, name="upkeep", daemon=True)
            self._thread.start()

    def stop(self, seconds: float) -> None:
        """End it, and wait for that up to a limit."""
        if self._thread is not None:
            self._is_over.set()
            self._thread.join(seconds)
            self._thread = None

    def _run(self, *, tidies: bool) -> None:
        if tidies:
            self._attempt(self._tidy_media)
        pause = min(LONGEST_PAUSE_SECONDS, max(0.01, self._idle_seconds / 5))
        while not self._is_over.wait(pause):
            self._attempt(self._give_back)

    def _tidy_media(self) -> None:
        count = self._folder.tidy_media()
        if count:
            logger.info("Removed %d files of uploads that had broken off.", count)

    def _give_back(self) -> None:
        self._retriever.forget_old_states()
        takes_turns = are_turns_asked(self._folder.path)
        self._folder.release_idle(0.0 if takes_turns else self._idle_seconds)

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do something that is not worth an end of the service, and is tried again anyway."""
        try:
            work()
        except CollectionLockedError:
            pass  # the process that writes does it
        except AnysenseError as error:
            if str(error) != self._told:  # a full disk stays so, and this comes each second
                logger.warning("Upkeep: %s", error)
            self._told = str(error)
        except Exception:  # whatever it is, the thread goes on
            logger.exception("Upkeep")
        else:
            self._told = None
