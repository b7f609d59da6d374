"""What waits for the models is bounded in bytes."""

from __future__ import annotations

import threading
import time

import numpy as np

from anysense.embed.pipeline.lookahead import Budget, Buffer, Prepared, Stopped, size_of
from anysense.embed.types import WHOLE, Modality, Origin


def test_the_budget_counts_bytes() -> None:
    assert size_of(np.zeros((2, 3), np.float32)) == 24
    assert size_of({"a": np.zeros(4, np.uint8), "b": [np.zeros(1)]}) == 12
    assert size_of(object()) == 64


def test_a_buffer_waits_for_room_and_is_stopped() -> None:
    budget = Budget(100)
    first, second = Buffer(budget), Buffer(budget)
    item = Prepared(0, Modality.TEXT, WHOLE, None, Origin.CONTENT, np.zeros(80, np.uint8))
    budget.give_right_of_way(first)
    second.put(item)
    first.put(item)  # over the budget, but first in line and empty
    stopped = threading.Event()

    def more() -> None:
        try:
            second.put(item)
        except Stopped:
            stopped.set()

    thread = threading.Thread(target=more)
    thread.start()
    time.sleep(0.05)
    assert len(second.items) == 1
    budget.close()
    thread.join(5)
    assert stopped.is_set()
