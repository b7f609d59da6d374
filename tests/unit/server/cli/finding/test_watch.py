"""A build that nobody waits for stops when it takes long."""

from __future__ import annotations

import pytest

from anysense.index.building.report import BuildProgress, BuildReport
from anysense.index.building.sources.entries import FileEntry
from anysense.server.cli.finding import watch as module
from anysense.server.cli.finding.watch import TooLongError, Watch

ENTRIES = [FileEntry(f"/{place}.txt", 1000, 0) for place in range(100)]


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(module, "time", clock)
    return clock


def step(phase: str, done: int = 0) -> BuildProgress:
    return BuildProgress(phase, done, 100, BuildReport())


def watch(limit: float | None, pace: float = 1.0) -> tuple[Watch, list[BuildProgress]]:
    shown: list[BuildProgress] = []
    return Watch(shown.append, lambda: ENTRIES, pace, limit), shown


def test_each_step_is_shown(clock: Clock) -> None:
    one, shown = watch(60.0)
    for phase in ("scan", "load", "encode", "publish"):
        one(step(phase))
    assert [progress.phase for progress in shown] == ["scan", "load", "encode", "publish"]


def test_what_is_expected_to_take_long_is_not_begun(clock: Clock) -> None:
    one, _ = watch(60.0, pace=1000.0)
    with pytest.raises(TooLongError) as told:
        one(step("load"))
    assert told.value.seconds > 60
    assert one.left == 100
    one(step("encode", 1))  # what was under way is written, and told no more


def test_what_turns_out_to_take_long_is_stopped(clock: Clock) -> None:
    one, _ = watch(60.0)
    one(step("load"))
    one(step("encode", 1))
    clock.now += 5
    one(step("encode", 2))  # too early to tell
    clock.now += 15
    with pytest.raises(TooLongError) as told:
        one(step("encode", 11))
    assert told.value.seconds == pytest.approx(178.0)
    assert one.left == 89
    assert one.pace is not None
    assert one.pace > 1


def test_what_is_soon_done_goes_on(clock: Clock) -> None:
    one, _ = watch(60.0)
    one(step("load"))
    one(step("encode", 1))
    clock.now += 100
    one(step("encode", 90))
    assert one.left == 10


def test_models_that_load_slowly_tell_nothing_of_the_files(clock: Clock) -> None:
    one, _ = watch(60.0)
    one(step("load"))
    clock.now += 50
    one(step("encode", 1))
    assert one.pace is None
    clock.now += 11
    one(step("encode", 40))
    assert one.left == 60
    assert one.pace is not None
    assert one.pace < 11.0


def test_without_a_limit_it_takes_as_long_as_it_takes(clock: Clock) -> None:
    one, _ = watch(None, pace=1000.0)
    one(step("load"))
    one(step("encode", 1))
    clock.now += 10_000
    one(step("encode", 100))
    assert one.left == 0
    assert one.pace is not None


def test_without_files_there_is_no_pace(clock: Clock) -> None:
    one, _ = watch(60.0)
    one(step("publish"))
    assert one.pace is None
