"""The parts of a build in their order: some are there, some are being made, the rest not begun."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anysense.index.building.ray.actor import part_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from anysense.index.building.ray.cutting import Order
    from anysense.index.building.ray.pool import Pool

__all__ = ["PartLine"]

_log = logging.getLogger("anysense")

_MOST_DAMAGED = 3
_STEP_SECONDS = 0.5
"""How long to wait for a part before progress is told again."""


@dataclass(eq=False)
class _Slot:
    """A part in its turn."""

    order: Order
    is_made: bool
    damaged: int = 0


class PartLine:
    """Has parts made ahead of the one whose turn it is; used from one thread.

    Args:
        pool: what makes them.
        folder: where those are that have been made, by this build or one before.
        orders: all of them, in order; read no further than `ahead`.
        ahead: how many may be there or be made before the first is taken.
        progress: called with the number of segments that were encoded.
    """

    def __init__(
        self,
        pool: Pool,
        folder: Path,
        orders: Iterator[Order],
        ahead: int,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self._pool = pool
        self._folder = folder
        self._orders = orders
        self._ahead = ahead
        self._progress = progress
        self._segments = 0
        self._slots: deque[_Slot] = deque()

    def advance(self) -> bool:
        """See to the parts that are made ahead; whether there is a first.

        The actors are given theirs one by one, since to have items compared until so many parts are
        full takes a while. If the first is not there yet, its making is waited for a moment.

        Raises:
            EncoderError: nothing can be encoded: the sentence says why.
        """
        while len(self._slots) < self._ahead and (order := next(self._orders, None)) is not None:
            is_made = part_path(self._folder, order.name).exists()
            self._slots.append(_Slot(order, is_made))
            if not is_made:
                self._pool.submit(order)
                self._note_made(0)
        if self._slots:
            self._note_made(_STEP_SECONDS if self.first is None else 0)
        return bool(self._slots)

    @property
    def first(self) -> Order | None:
        """The part whose turn it is, if it has been made."""
        return self._slots[0].order if self._slots[0].is_made else None

    def take(self) -> None:
        """Go on to the next part."""
        self._slots.popleft()

    def make_again(self) -> bool:
        """Have the first part made again, which is damaged; false if that was done too often."""
        slot = self._slots[0]
        slot.damaged += 1
        if slot.damaged >= _MOST_DAMAGED:
            return False
        slot.is_made = False
        self._pool.submit(slot.order)
        return True

    def _note_made(self, seconds: float) -> None:
        for order, done in self._pool.step(seconds):
            self._segments += done.segments
            for warning in done.warnings:
                _log.warning("%s", warning)
            for slot in self._slots:
                slot.is_made = slot.is_made or slot.order is order
        if self._progress is not None:
            self._progress(self._segments)
