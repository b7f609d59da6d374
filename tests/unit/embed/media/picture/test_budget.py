"""Pixels that threads share: waiting in turn, and never for ever."""

from __future__ import annotations

import threading

import pytest

from anysense.embed.errors import AbandonedError, DeadlineError
from anysense.embed.media.picture.budget import PixelBudget, Share
from anysense.embed.waiting import Waiter, waited_for_by

LARGE = 60_000_000


def test_shares_are_taken_up_to_the_budget_and_given_back() -> None:
    budget = PixelBudget(100_000_000)
    first, second = Share(budget), Share(budget)
    first.take(LARGE)
    first.take(LARGE)  # asked for again
    assert budget.used == LARGE
    with waited_for_by(Waiter(0.2)), pytest.raises(DeadlineError):
        second.take(LARGE)
    first.leave()
    first.leave()
    second.take(LARGE)
    assert budget.used == LARGE
    second.leave()
    assert budget.used == 0


def test_one_larger_than_the_budget_runs_alone() -> None:
    budget = PixelBudget(10_000_000)
    alone, other = Share(budget), Share(budget)
    alone.take(LARGE)
    with waited_for_by(Waiter(0.2)), pytest.raises(DeadlineError):
        other.take(5_000_000)
    alone.leave()
    other.take(5_000_000)
    with waited_for_by(Waiter(0.2)), pytest.raises(DeadlineError):
        alone.take(LARGE)
    other.leave()


def test_a_small_picture_waits_for_nobody() -> None:
    budget = PixelBudget(10_000_000)
    large, small = Share(budget), Share(budget)
    large.take(LARGE)
    small.take(1_000_000)
    assert budget.used == LARGE


def test_who_is_gone_leaves_the_line() -> None:
    budget = PixelBudget(10_000_000)
    first, last = Share(budget), Share(budget)
    first.take(LARGE)
    waiter = Waiter()
    raised: list[BaseException] = []

    def wait() -> None:
        with waited_for_by(waiter):
            try:
                Share(budget).take(LARGE)
            except AbandonedError as error:
                raised.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    waiter.leave()
    thread.join(10)
    assert len(raised) == 1
    first.leave()
    last.take(LARGE)


def test_a_forked_process_begins_with_nothing_taken() -> None:
    budget = PixelBudget(10_000_000)
    Share(budget).take(LARGE)
    budget.renew()
    Share(budget).take(LARGE)
    assert budget.used == LARGE
