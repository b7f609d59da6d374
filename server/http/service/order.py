"""In which order writes of one item take effect: in that in which they came."""

from __future__ import annotations

import contextlib
import itertools
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["WriteOrder"]

PATIENCE_SECONDS = 1.0
"""How long a write waits for an earlier one of the same item; then it overtakes it."""


@dataclass
class _Line:
    """The writes of one id that have come and are not done, by number."""

    under_way: set[int] = field(default_factory=set)
    newest_done: int = 0


class WriteOrder:
    """The numbers of writes, by the ids of their items. Safe to use from many threads.

    Items are encoded side by side, so a later write may be ready before an earlier one. For a
    moment it waits for that. Then it goes first, and the earlier one has been superseded.
    """

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._lines: dict[str, _Line] = {}
        self._change = threading.Condition()

    def new_number(self) -> int:
        """A number for a write that has just come, above all numbers before."""
        return next(self._numbers)

    @contextlib.contextmanager
    def line(self, item_id: str, number: int) -> Iterator[None]:
        """A write of an item is under way for as long as the block lasts."""
        with self._change:
            self._lines.setdefault(item_id, _Line()).under_way.add(number)
        try:
            yield
        finally:
            with self._change:
                line = self._lines[item_id]
                line.under_way.discard(number)
                if not line.under_way:
                    del self._lines[item_id]
                self._change.notify_all()

    def wait_for_earlier(self, item_id: str, number: int) -> None:
        """Wait until the writes of an item that came before are done, but not for long."""
        with self._change:
            under_way = self._lines[item_id].under_way
            self._change.wait_for(lambda: min(under_way) >= number, PATIENCE_SECONDS)

    def is_superseded(self, item_id: str, number: int) -> bool:
        """Whether a write of the item that came later is done already."""
        with self._change:
            return self._lines[item_id].newest_done > number

    def mark_done(self, item_id: str, number: int) -> None:
        """Note that a write has taken effect, while it is still under way."""
        with self._change:
            line = self._lines[item_id]
            line.newest_done = max(line.newest_done, number)
