"""Threads that run models: whose task is next."""

from __future__ import annotations

import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from anysense.embed.encoders.lanes import Lanes
from anysense.embed.waiting import IS_QUERY

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS = 30


class Busy:
    """Batches that come to one lane while it is busy, and the order of their tasks then."""

    def __init__(self) -> None:
        self.order = ""
        self._seconds = 0.0
        self.lanes = Lanes(1, lambda: self._seconds)
        self._open = threading.Event()
        self._pool = ThreadPoolExecutor(8)
        begun = threading.Event()

        def block() -> None:
            begun.set()
            assert self._open.wait(SECONDS)

        self._given = [self._pool.submit(self.lanes.map, block, [()])]
        assert begun.wait(SECONDS)

    def give(
        self,
        name: str,
        tasks: int,
        seconds: float = 1,
        *,
        is_query: bool = True,
        second: Callable[[], None] = lambda: None,
    ) -> None:
        """Give a batch of tasks that take so long; it is in line when this returns.

        Args:
            name: of its tasks.
            tasks: how many.
            seconds: that each takes.
            is_query: whether it is of queries.
            second: what the second of its tasks does.
        """

        def task(number: int) -> None:
            self.order += name
            self._seconds += seconds
            if number == 1:
                second()

        def run() -> None:
            IS_QUERY.set(is_query)
            self.lanes.map(task, [(number,) for number in range(tasks)])

        before = self._batches()
        self._given.append(self._pool.submit(run))
        deadline = time.monotonic() + SECONDS
        while self._batches() == before:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def done(self) -> str:
        """The names in the order in which their tasks were done."""
        self._open.set()
        for given in self._given:
            given.result(SECONDS)
        self._pool.shutdown()
        return self.order

    def _batches(self) -> int:
        # Private: nothing else tells from outside that a batch is in line.
        return len(self.lanes._queries.batches) + len(self.lanes._items.batches)


def test_batches_have_equal_shares_of_the_time() -> None:
    """Words do not wait for all windows of a sound that came before, nor for as many of them."""
    busy = Busy()
    busy.give("s", 4, seconds=5)
    busy.give("w", 6, seconds=2)
    assert busy.done() == "swwwswwsws"


def test_what_comes_later_is_behind_nobody_and_before_nobody_for_long() -> None:
    busy = Busy()
    busy.give("s", 5, seconds=5, second=lambda: busy.give("w", 3, seconds=4))
    assert busy.done() == "sswwswss"


def test_queries_go_before_items_but_for_every_fifth_task() -> None:
    busy = Busy()
    busy.give("i", 3, is_query=False)
    busy.give("q", 12)
    assert busy.done() == "qqqiqqqqiqqqqiq"


def test_results_are_in_the_order_of_the_tasks() -> None:
    lanes = Lanes(2)
    assert lanes.map(lambda a, b: a * b, [(n, 2) for n in range(5)]) == [0, 2, 4, 6, 8]
    assert lanes.map(int, []) == []


def test_an_error_is_raised_when_what_was_begun_is_done() -> None:
    done: list[int] = []

    def work(number: int) -> None:
        if number == 0:
            raise KeyError(number)
        done.append(number)

    with pytest.raises(KeyError):
        Lanes(1).map(work, [(n,) for n in range(3)])
    assert done == [1, 2]


def test_an_idle_lane_holds_nothing_of_its_last_task() -> None:
    class Sound:
        pass

    lanes, sound = Lanes(1), Sound()
    held = weakref.ref(sound)
    assert lanes.map(lambda sound: [sound], [(sound,)]) == [[sound]]
    del sound
    deadline = time.monotonic() + SECONDS
    while held() is not None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
