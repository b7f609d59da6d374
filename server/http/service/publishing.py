"""Bringing the FAISS index up to date behind the writes of a service."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from anysense.embed.errors import AnysenseError

if TYPE_CHECKING:
    from anysense.index.collection import Collection

__all__ = ["Publishing"]

logger = logging.getLogger(__name__)


class Publishing:
    """Publishes a collection in a thread of its own when enough has changed.

    Args:
        collection: what is published.
        publish_after: how many segments may be new or removed before; a twentieth of the
            collection if that is more.
    """

    def __init__(self, collection: Collection, publish_after: int) -> None:
        self._collection = collection
        self._publish_after = publish_after
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether something is being published."""
        return self._thread is not None and self._thread.is_alive()

    def publish_if_due(self) -> None:
        """Begin to publish if it is time to, and nothing is being published."""
        with self._lock:
            if self.is_running:
                return
            if self._collection.folder.snapshot().is_behind(self._publish_after):
                self._thread = threading.Thread(target=self._publish, name="publish", daemon=True)
                self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for an index that is being published, up to a limit; nothing is lost without it."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _publish(self) -> None:
        try:
            self._collection.publish()
        except AnysenseError as error:  # the catalog has everything; the next change tries again
            logger.error("The index cannot be published: %s", error)
        except Exception:  # whatever it is, it must not end in silence
            logger.exception("The index cannot be published")
