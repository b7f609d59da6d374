"""The states of a collection that pages of a search may still come from."""

from __future__ import annotations

import time
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from anysense.embed.errors import StateGoneError
from anysense.embed.forking import new_lock
from anysense.index.calibration.routes import Calibrations
from anysense.index.ranking.words import Words

if TYPE_CHECKING:
    from anysense.embed.types import Encoder
    from anysense.index.folder.opened import OpenCollection
    from anysense.index.snapshots.snapshot import Snapshot

__all__ = ["STATE_SECONDS", "State", "States", "gone_with_encoders"]

PINNED = 8  # states that pages may still come from
GENERATIONS = 2
"""Of so many generations of the index at most: each is a whole index in memory."""

STATE_SECONDS = 600.0
"""How long a state is kept after it was last searched, unless asked otherwise."""


class State(NamedTuple):
    """A state of a collection by its name, what it held, and what is known of it so far.

    Attributes:
        name: as pages name it.
        snapshot: what is searched.
        calibrations: of its routes.
        words: of its passages and names.
    """

    name: str
    snapshot: Snapshot
    calibrations: Calibrations
    words: Words


class States:
    """The states that were searched last. Safe to use from many threads.

    Args:
        collection: what is searched.
        seconds: how long a state is kept after it was last searched. The newest one is kept longer:
            the next search needs it.
    """

    def __init__(self, collection: OpenCollection, seconds: float = STATE_SECONDS) -> None:
        self._collection = collection
        self._seconds = seconds
        self._lock = new_lock()
        self._pinned: OrderedDict[str, State] = OrderedDict()  # the one searched last at the end
        self._searched_at: dict[str, float] = {}

    def find(self, name: str | None) -> State:
        """The state that a page is of, or the newest.

        Raises:
            StateGoneError: it was searched too long ago, or too many others have been since.
        """
        with self._lock:
            self._drop_old()
            if name is not None and name in self._pinned:
                return self._touched(name)
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
            self._drop_old()
            if name not in self._pinned:
                calibrations = Calibrations(snapshot, self._encoder)
                self._pinned[name] = State(name, snapshot, calibrations, Words(snapshot))
            state = self._touched(name)
            self._drop_surplus()
            return state

    def forget_old(self) -> None:
        """Let go of the states that were searched too long ago."""
        with self._lock:
            self._drop_old()

    def _touched(self, name: str) -> State:
        self._pinned.move_to_end(name)
        self._searched_at[name] = time.monotonic()
        return self._pinned[name]

    def _drop_old(self) -> None:
        """Drop what is too old, and what is of files or of encoders that were replaced since."""
        since = time.monotonic() - self._seconds
        newest = max((s.snapshot.version for s in self._pinned.values()), default=None)
        folder = self._collection.folder
        catalog, encoders = folder.catalog, folder.manifest.encoders
        for name, state in list(self._pinned.items()):
            is_old = self._searched_at[name] < since and state.snapshot.version != newest
            is_of_others = state.snapshot.manifest.encoders != encoders
            if is_old or is_of_others or not state.snapshot.catalog.shares_file(catalog):
                self._drop(name)

    def _drop_surplus(self) -> None:
        """Drop what was searched first, of too many states, and all of too old a generation."""
        while len(self._pinned) > PINNED:
            self._drop(next(iter(self._pinned)))
        generations = {state.snapshot.version[0] for state in self._pinned.values()}
        kept = sorted(generations)[-GENERATIONS:]
        for name, state in list(self._pinned.items()):
            if state.snapshot.version[0] not in kept:
                self._drop(name)

    def _drop(self, name: str) -> None:
        del self._pinned[name], self._searched_at[name]

    def _encoder(self, space: str) -> Encoder | None:
        """The encoder of a space, if it is loaded: no search by a vector loads one."""
        loaded = self._collection.loaded_encoders
        return next((encoder for encoder in loaded if encoder.space.id == space), None)


def gone_with_encoders() -> StateGoneError:
    """The error of a search whose encoders were replaced while it went on."""
    return StateGoneError(
        "The encoders of the collection were replaced meanwhile; search again from the first page."
    )


def _name_of(snapshot: Snapshot) -> str:
    generation, change = snapshot.version
    return f"{snapshot.manifest.collection[:8]}-{generation}-{change}"
