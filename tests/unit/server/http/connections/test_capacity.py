"""How many connections fit beside the files of the process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from anysense.server.http.connections import capacity
from anysense.server.http.connections.capacity import Capacity, capacity_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def descriptors(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def limit(number: int) -> None:
        monkeypatch.setattr(capacity, "most_descriptors", lambda: number)

    return limit


@pytest.mark.parametrize("number", [128, 200, 1024, 65_536, 2**20])
def test_there_is_room_for_files_and_for_three_rounds_of_accepting(
    descriptors: Callable[[int], None], number: int
) -> None:
    descriptors(number)
    room = capacity_of(10**6)
    assert room.connections + 3 * room.backlog + number // 4 <= number
    assert room.backlog >= 16


def test_there_are_no_more_than_were_asked_for(descriptors: Callable[[int], None]) -> None:
    descriptors(2**20)
    assert capacity_of(50).connections == 50
    descriptors(20)
    assert capacity_of(50).connections == 1


def test_the_log_hears_of_it_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    room = Capacity(5, 16)
    for _ in range(100):
        room.warn()
    assert len(caplog.records) == 1
