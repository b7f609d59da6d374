"""What readers have prepared and the model has not taken yet, bounded in bytes over all sources.

Each source has a `Buffer`; all share a `Budget`. The first source in line may always put one more
segment into its empty buffer, whatever the others hold: so the line moves on, and cannot lock up.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from anysense.embed.pipeline.threads import LOOK_UP_SECONDS, Users

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anysense.embed.types import Modality, Origin, Place

__all__ = ["Budget", "Buffer", "Prepared", "Stopped", "size_of"]


class Stopped(Exception):  # noqa: N818 - a signal, not an error
    """The run is over: a reader that sees this ends."""


@dataclass(frozen=True)
class Prepared:
    """A segment that is ready for its model.

    What it is and where are as in `anysense.embed.types.EncodedSegment`; `encoder` is the place of
    its encoder in the run, `content` is what that encoder's `prepare` gave; `is_complete` and
    `said` are as in `anysense.embed.media.pieces.Piece`.
    """

    encoder: int
    modality: Modality
    place: Place
    text: str | None
    origin: Origin
    content: Any
    is_complete: bool = True
    heading: tuple[str, ...] = ()
    said: Mapping[str, Any] = field(default_factory=dict)


class Budget:
    """A number of bytes that all buffers of a run share."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.used = 0
        self.users = Users()
        self.is_closed = False
        self.first: Buffer | None = None
        self.change = threading.Condition()

    def give_right_of_way(self, buffer: Buffer) -> None:
        """Name the buffer that may always take one segment when it is empty."""
        if self.first is not buffer:
            with self.change:
                self.first = buffer
                self.change.notify_all()

    def check(self) -> None:
        """Let a reader go on.

        Raises:
            Stopped: the run is over, or the interpreter is going down with it unfinished.
        """
        if self.is_closed or not self.users.are_there():
            raise Stopped

    def close(self) -> None:
        """End the run: every reader that waits for room is stopped."""
        with self.change:
            self.is_closed = True
            self.change.notify_all()


class Buffer:
    """The prepared segments of one source, in order: one thread puts, another takes."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.items: deque[tuple[Prepared, int]] = deque()
        self.is_ended = False

    def put(self, item: Prepared) -> None:
        """Add a segment, when there is room.

        Raises:
            Stopped: the run is over.
        """
        size = size_of(item.content)
        with self.budget.change:
            while not self._has_room(size):
                self.budget.check()
                self.budget.change.wait(timeout=LOOK_UP_SECONDS)
            self.budget.check()
            self.items.append((item, size))
            self.budget.used += size
            self.budget.change.notify_all()

    def end(self) -> None:
        """Say that there are no more segments."""
        with self.budget.change:
            self.is_ended = True
            self.budget.change.notify_all()

    def take(self) -> Prepared | None:
        """The next segment, when there is one; None when all are taken."""
        with self.budget.change:
            self.budget.change.wait_for(lambda: self.items or self.is_ended)
            if not self.items:
                return None
            item, size = self.items.popleft()
            self.budget.used -= size
            self.budget.change.notify_all()
            return item

    def _has_room(self, size: int) -> bool:
        if self.budget.first is self and not self.items:
            return True
        return self.budget.used + size <= self.budget.most


def size_of(content: Any) -> int:
    """About how many bytes a prepared segment holds."""
    if isinstance(content, dict):
        return sum(size_of(value) for value in content.values())
    if isinstance(content, (list, tuple)):
        return sum(size_of(value) for value in content)
    size = getattr(content, "nbytes", None)
    return size if isinstance(size, int) else 64
