"""Whose turn it is: one batch of one model runs at a time.

An encoder is called from one thread at a time, and two models at once would only share the
processors: so searches and builds of one process take turns, batch by batch, searches first.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from anysense.embed.forking import new_lock, renew_after_fork
from anysense.embed.waiting import IS_QUERY, in_turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from anysense.embed.types import Encoder, FloatArray, Modality

__all__ = [
    "DEFAULT_BATCH",
    "AtOnce",
    "LineTurn",
    "batches_at_once",
    "encode_in_turn",
    "turn_of",
]

DEFAULT_BATCH = 32
"""How many segments a model gets in one turn, unless its encoder asks for another number."""

MOST_QUERIES = 4
"""After so many turns of queries, items that wait have one."""


class _Turn:
    """One thread at a time, those with queries first; but items are not left waiting for ever."""

    def __init__(self) -> None:
        self.renew()
        renew_after_fork(self)

    def renew(self) -> None:
        """Begin anew, as in a forked process, where nobody else is."""
        self._change = threading.Condition(new_lock())
        self._is_taken = False
        self._queries_waiting = self._items_waiting = 0
        self._queries_before = 0  # that items have waited for since their last turn

    def announce(self, is_query: bool, change: int = 1) -> None:
        """Say that somebody waits for a turn, or no more."""
        with self._change:
            self._count(is_query, change)
            self._change.notify_all()

    def take(self, is_query: bool) -> None:
        """Have a turn, when it comes, that was announced."""
        with self._change:
            try:
                self._change.wait_for(lambda: self._may_take(is_query))
            finally:
                self._count(is_query, -1)
            self._is_taken = True
            passes_items = is_query and self._items_waiting > 0
            self._queries_before = self._queries_before + 1 if passes_items else 0

    def give_back(self) -> None:
        with self._change:
            self._is_taken = False
            self._change.notify_all()

    def _may_take(self, is_query: bool) -> bool:
        if self._is_taken:
            return False
        items_go = self._items_waiting > 0 and self._queries_before >= MOST_QUERIES
        return not items_go if is_query else items_go or self._queries_waiting == 0

    def _count(self, is_query: bool, change: int) -> None:
        if is_query:
            self._queries_waiting += change
        else:
            self._items_waiting += change


_turn = _Turn()


class LineTurn:
    """The turns of queries, or of items.

    Args:
        is_query: which.
    """

    def __init__(self, *, is_query: bool) -> None:
        self._is_query = is_query

    def announce(self) -> None:
        """Say that somebody waits for a turn, who may not have come to it."""
        _turn.announce(self._is_query)

    def withdraw(self) -> None:
        """Say that they do not wait any more."""
        _turn.announce(self._is_query, -1)

    @contextmanager
    def taken(self) -> Iterator[Callable[[], None] | None]:
        """Do what is done inside in a turn that was announced; what is given ends it before."""
        _turn.take(self._is_query)
        is_over = False

        def end() -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                _turn.give_back()

        try:
            yield end
        finally:
            end()


class AtOnce(LineTurn):
    """Turns of those who need not wait for any."""

    def __init__(self) -> None:
        super().__init__(is_query=True)

    def announce(self) -> None:
        """Nobody has to know."""

    def withdraw(self) -> None:
        """Nobody has to know."""

    @contextmanager
    def taken(self) -> Iterator[Callable[[], None] | None]:
        """Do what is done inside at once."""
        yield None  # a turn that is nobody's needs no end


def turn_of(encoder: Encoder, *, is_query: bool) -> LineTurn:
    """Turns at an encoder: at once for a query, if it is reentrant.

    An encoder that takes turns itself (`anysense.embed.pipeline.batching`) is called at once too.
    """
    takes_turns = getattr(encoder, "takes_turns", False)
    is_reentrant = is_query and getattr(encoder, "is_reentrant", False)
    return AtOnce() if takes_turns or is_reentrant else LineTurn(is_query=is_query)


def encode_in_turn(encoder: Encoder, modality: Modality, prepared: Sequence[Any]) -> FloatArray:
    """Unit vectors of a batch, float32 of shape (len(prepared), dimension); waits for its turn.

    The turn of an encoder that takes several batches at once is over when it says so.
    """
    turn = turn_of(encoder, is_query=IS_QUERY.get())
    turn.announce()
    with turn.taken() as end:
        # Asked last, as the starter model imports torch to tell.
        ends_early = end is not None and batches_at_once(encoder) > 1
        with in_turn(end if ends_early else None):
            return encoder.encode(modality, prepared)


def batches_at_once(encoder: Encoder) -> int:
    """How many batches of items an encoder takes at once."""
    return int(getattr(encoder, "batches_at_once", 1))
