"""How far a build is: a bar in a terminal, a line now and then elsewhere. On standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from anysense.server.cli.console import count, show_time

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID

    from anysense.index.building.report import BuildProgress

__all__ = ["BuildBar", "CountBar"]

REDRAW_SECONDS = 0.1
LINE_SECONDS = 10.0
PHASES = {
    "scan": "looking",
    "load": "loading models",  # until the first file is done
    "encode": "encoding",
    "publish": "publishing the index",
}


class BuildBar:
    """Shows the progress of a build; used as a context, and called with each step."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._started: float | None = None
        self._shown = 0.0
        if sys.stderr.isatty():
            self._bar, self._task = _make_bar()

    def __enter__(self) -> BuildBar:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, progress: BuildProgress) -> None:
        now = time.monotonic()
        if progress.phase == "encode" and self._started is None:
            self._started = self._shown = now
        wait = REDRAW_SECONDS if self._bar is not None else LINE_SECONDS
        if progress.phase == "encode" and now - self._shown < wait:
            return
        self._shown = now
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                description=PHASES[progress.phase],
                completed=progress.done,
                total=progress.total or None,
                refresh=progress.phase != "encode",  # at once, as what follows may take long
                pace=self._pace(progress, now),
                counts=_counts(progress),
            )
        elif progress.phase == "encode":
            done = f"{progress.done:,} of {count(progress.total, 'file')}"
            told = (done, self._pace(progress, now), _counts(progress))
            click.echo(", ".join(part for part in told if part), err=True)

    def _pace(self, progress: BuildProgress, now: float) -> str:
        """Files a second, and the time left at that rate."""
        seconds = now - self._started if self._started is not None else 0.0
        if progress.done == 0 or seconds < 0.5:
            return ""
        rate = progress.done / seconds
        left = (progress.total - progress.done) / rate
        return f"{rate:,.1f} files/s, {show_time(left)} left"


class CountBar:
    """Shows how many of something are done; used as a context, and called with done and total.

    Until the first is done, models are being loaded.
    """

    def __init__(self, doing: str, noun: str, plural: str | None = None) -> None:
        self._doing, self._noun, self._plural = doing, noun, plural
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._started = self._shown = time.monotonic()
        if sys.stderr.isatty():
            self._bar, self._task = _make_bar(PHASES["load"])

    def __enter__(self) -> CountBar:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._shown < (REDRAW_SECONDS if self._bar is not None else LINE_SECONDS):
            return
        self._shown = now
        left = f"{show_time((now - self._started) * (total - done) / max(done, 1))} left"
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task, description=self._doing, completed=done, total=total, pace=left
            )
        else:
            told = count(total, self._noun, self._plural)
            click.echo(f"{self._doing}: {done:,} of {told}, {left}", err=True)


def _make_bar(doing: str = PHASES["scan"]) -> tuple[Progress, TaskID]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[pace]}"),
        TextColumn("{task.fields[counts]}", style="dim"),
        console=Console(file=sys.stderr, highlight=False, emoji=False),
        transient=True,
    )
    return bar, bar.add_task(doing, total=None, pace="", counts="")


def _counts(progress: BuildProgress) -> str:
    report = progress.report
    counts = {
        # Of long texts and sounds, which have many, so that they are seen to move.
        "segments": report.segments if report.segments > progress.done else 0,
        "moved": report.moved,
        "duplicates": report.duplicates,
        "unreadable": len(report.quarantined),
    }
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
