"""The states of a collection that pages of a search may still come from."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import StateGoneError
from anysense.embed.forking import new_lock
from anysense.index.calibration.routes import Calibrations

if TYPE_CHECKING:
    from anysense.embed.types import Encoder
    from anysense.index.folder.folder import OpenCollection
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["State", "States"]

PINNED = 8  # states that pages may still come from


class State(NamedTuple):
    """A state of a collection by its name, what it held, and the calibrations of its routes."""

    name: str
    snapshot: Snapshot
    calibrations: Calibrations


class States:
    """The states that were searched last. Safe to use from many threads."""

    def __init__(self, collection: OpenCollection) -> None:
        self._collection = collection
        self._lock = new_lock()
        self._pinned: OrderedDict[str, State] = OrderedDict()

    def find(self, name: str | None) -> State:
        """The state that a page is of, or the newest.

        Raises:
            StateGoneError: too many others have been searched since.
        """
        with self._lock:
            if name is not None and name in self._pinned:
                self._pinned.move_to_end(name)
                return self._pinned[name]
        newest = self._collection.folder.snapshot()
        if name not in (None, _name_of(newest)):
            raise StateGoneError(
                "The page is of a state of the collection that is no longer held; search again "
                "from the first page."
            )
        return self.pin(newest)

    def pin(self, snapshot: Snapshot) -> State:
        """A state and its calibrations, held for later pages in place of the oldest one."""
        name = _name_of(snapshot)
        with self._lock:
            if name not in self._pinned:
                self._pinned[name] = State(name, snapshot, Calibrations(snapshot, self._encoder))
                if len(self._pinned) > PINNED:
                    self._pinned.popitem(last=False)
            self._pinned.move_to_end(name)
            return self._pinned[name]

    def _encoder(self, space: str) -> Encoder | None:
        """The encoder of a space, if it is loaded: no search by a vector loads one."""
        loaded = self._collection.loaded_encoders
        return next((encoder for encoder in loaded if encoder.space.id == space), None)


def _name_of(snapshot: Snapshot) -> str:
    generation, change = snapshot.version
    return f"{snapshot.manifest.collection[:8]}-{generation}-{change}"
