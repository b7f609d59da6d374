"""How far a command is: lines elsewhere, a bar in a terminal."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from anysense.index.building.report import BuildProgress, BuildReport
from anysense.server.cli import progress

if TYPE_CHECKING:
    import pytest


def test_progress_is_told_in_lines_outside_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 5.0, 11.0, 12.0, 30.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    report = BuildReport(duplicates=2)
    with progress.BuildBar() as bar:
        for done in (1, 50, 110, 120, 300):
            bar(BuildProgress("encode", done, 600, report))
    assert capsys.readouterr().err.splitlines() == [
        "110 of 600 files, 10.0 files/s, 0:49 left, 2 duplicates",
        "300 of 600 files, 10.0 files/s, 0:30 left, 2 duplicates",
    ]
    clock = iter([0.0, 11.0, 22.0])
    with progress.BuildBar() as bar:
        for segments in (16, 32, 48):
            bar(BuildProgress("encode", 0, 1, BuildReport(segments=segments)))
    assert capsys.readouterr().err.splitlines() == [
        "0 of 1 file, 32 segments",
        "0 of 1 file, 48 segments",
    ]


def on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is shown from now on, as if stderr were a terminal that is drawn at once."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(progress, "REDRAW_SECONDS", 0.0)
    return shown


def test_progress_is_a_bar_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = on_a_terminal(monkeypatch)
    with progress.BuildBar() as bar:
        bar(BuildProgress("scan", 0, 0, BuildReport()))
        bar(BuildProgress("load", 0, 7, BuildReport()))
        bar(BuildProgress("encode", 3, 7, BuildReport(moved=1)))
        bar(BuildProgress("publish", 7, 7, BuildReport()))
    assert "looking" in shown.getvalue()
    assert "loading models" in shown.getvalue()
    assert "7/7" in shown.getvalue()
    assert shown.getvalue().endswith("\x1b[2K")  # the bar wipes itself when it is done


def test_a_count_is_told_in_lines_or_as_a_bar(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 5.0, 11.0, 12.0, 30.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.CountBar("asking", "query", "queries") as bar:
        for done in (1, 50, 60, 100):
            bar(done, 200)
    assert capsys.readouterr().err.splitlines() == [
        "asking: 50 of 200 queries, 0:33 left",
        "asking: 100 of 200 queries, 0:30 left",
    ]
    monkeypatch.undo()

    shown = on_a_terminal(monkeypatch)
    with progress.CountBar("asking", "query", "queries") as bar:
        bar(3, 7)
    assert "asking" in shown.getvalue()
    assert "3/7" in shown.getvalue()


def test_a_count_of_something_else_starts_its_clock_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = iter([0.0, 11.0, 22.0, 30.0, 33.0, 45.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    with progress.CountBar("encoding", "caption") as bar:
        for doing, done in (("one", 10), ("one", 20), ("two", 10), ("two", 40), ("two", 50)):
            bar(done, 100, doing)
    assert capsys.readouterr().err.splitlines() == [
        "one: 10 of 100 captions",
        "one: 20 of 100 captions, 0:44 left",
        "two: 40 of 100 captions, 0:04 left",
        "two: 50 of 100 captions, 0:15 left",
    ]
