"""How long encoding will take: guessed, and corrected by what it took."""

from __future__ import annotations

import pytest

from anysense.index.building.sources.entries import FileEntry
from anysense.server.cli.finding.pace import (
    START,
    expected_pace,
    expected_seconds,
    measured_pace,
    show_duration,
)


def files(number: int, suffix: str = ".jpg", size: int = 100_000) -> list[FileEntry]:
    return [FileEntry(f"/{place}{suffix}", size, 0) for place in range(number)]


def test_more_and_larger_files_take_longer() -> None:
    assert expected_seconds([], 1.0) == START
    some, more = expected_seconds(files(10), 1.0), expected_seconds(files(1000), 1.0)
    assert START < some < more
    for suffix in (".jpg", ".mp3", ".mp4", ".txt", ".pdf", ".docx", ".unknown"):
        small = expected_seconds(files(10, suffix, 1000), 1.0)
        assert START < small < expected_seconds(files(10, suffix, 10**7), 1.0)


def test_other_models_take_longer_than_the_starter() -> None:
    assert expected_pace(["starter"]) == 1.0
    assert expected_pace(["starter", "clap:x"]) == expected_pace(["clap:x"]) > 1.0


def test_the_pace_that_was_measured_gives_the_time_that_it_took() -> None:
    entries = files(1000)
    pace = measured_pace(entries, 300.0 - START, 1.0)
    assert pace is not None
    assert expected_seconds(entries, pace) == pytest.approx(300.0)
    half = measured_pace(entries, 300.0 - START, 0.5)
    assert half == pytest.approx(2 * pace)


def test_what_took_no_time_tells_nothing() -> None:
    assert measured_pace(files(1), 1.0, 1.0) is None
    assert measured_pace(files(1), 100.0, 0.0) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.1, "1 second"),
        (59.6, "60 seconds"),
        (90, "2 minutes"),
        (3600, "60 minutes"),
        (7200, "2 hours"),
    ],
)
def test_durations_are_said_in_words(seconds: float, said: str) -> None:
    assert show_duration(seconds) == said
