"""How far a command is: a bar in a terminal, a line now and then elsewhere. On standard error."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, TypeVar

import click

from anysense.index.hits.places import show_time
from anysense.server.cli.console import count

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from anysense.index.building.report import BuildProgress

__all__ = ["PHASES", "BuildBar", "CountBar", "ItemBar"]

REDRAW_SECONDS = 0.1
LINE_SECONDS = 10.0
PHASES = {
    "scan": "looking",
    "load": "loading models",  # until the first file is done
    "encode": "encoding",
    "check": "checking",
    "import": "importing",
    "publish": "publishing the index",
    "wait": "waiting for another process that writes",
    "sweep": "deleting the vectors that are not needed any more",
}
BarT = TypeVar("BarT", bound="Bar")


class Bar:
    """A bar in a terminal, wiped at the end; nothing elsewhere. Used as a context."""

    def __init__(self, doing: str) -> None:
        self._rich: Progress | None = None
        self._task: TaskID | None = None
        if sys.stderr.isatty():
            self._rich, self._task = _rich_bar(doing)
        self._shown_at = 0.0

    def __enter__(self: BarT) -> BarT:
        if self._rich is not None:
            self._rich.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._rich is not None:
            self._rich.stop()

    def is_due(self, now: float) -> bool:
        """Whether enough time has passed since something was shown; times are seconds."""
        wait = LINE_SECONDS if self._rich is None else REDRAW_SECONDS
        return now - self._shown_at >= wait

    def draw(self, **changes: Any) -> bool:
        """Change the bar by the names of `rich`; False if there is none, as this is no terminal."""
        if self._rich is None or self._task is None:
            return False
        self._rich.update(self._task, **changes)
        return True


class BuildBar(Bar):
    """Shows the progress of a build; used as a context, and called with each step."""

    def __init__(self) -> None:
        super().__init__(PHASES["scan"])
        self._started_at: float | None = None

    def __call__(self, progress: BuildProgress) -> None:
        now = time.monotonic()
        is_encoding = progress.phase == "encode"
        if is_encoding and self._started_at is None:
            self._started_at = self._shown_at = now
        if is_encoding and not self.is_due(now):
            return
        self._shown_at = now
        is_drawn = self.draw(
            description=PHASES[progress.phase],
            completed=progress.done,
            total=progress.total or None,
            refresh=not is_encoding,  # at once, as what follows may take long
            pace=self._pace(progress, now),
            counts=_counts(progress),
        )
        if is_encoding and not is_drawn:
            files = f"{progress.done:,} of {count(progress.total, 'file')}"
            parts = (files, self._pace(progress, now), _counts(progress))
            click.echo(", ".join(part for part in parts if part), err=True)

    def _pace(self, progress: BuildProgress, now: float) -> str:
        """Files a second, and the time left at that rate."""
        seconds = now - self._started_at if self._started_at is not None else 0.0
        if progress.done == 0 or seconds < 0.5:
            return ""
        rate = progress.done / seconds
        left = (progress.total - progress.done) / rate
        return f"{rate:,.1f} files/s, {show_time(left)} left"


class CountBar(Bar):
    """Shows how many of something are done; used as a context, and called with done and total.

    Until the first is done, models are being loaded.
    """

    def __init__(self, doing: str, noun: str, plural: str | None = None) -> None:
        super().__init__(PHASES["load"])
        self._doing, self._noun, self._plural = doing, noun, plural
        self._started_at = self._shown_at = time.monotonic()

    def __call__(self, done: int, total: int, doing: str | None = None) -> None:
        """Show how many are done; with another `doing`, the time left is reckoned anew."""
        now = time.monotonic()
        if doing is not None and doing != self._doing:
            self._doing, self._started_at = doing, now
        if not self.is_due(now):
            return
        self._shown_at = now
        seconds = now - self._started_at
        left = f"{show_time(seconds * (total - done) / max(done, 1))} left" if seconds else ""
        if not self.draw(description=self._doing, completed=done, total=total, pace=left):
            parts = (f"{done:,} of {count(total, self._noun, self._plural)}", left)
            click.echo(f"{self._doing}: {', '.join(part for part in parts if part)}", err=True)


class ItemBar(Bar):
    """Shows how many items have their vectors; used as a context, and called with each step."""

    def __init__(self, phase: str = "load") -> None:
        super().__init__(PHASES[phase])
        self._first: tuple[float, int] | None = None  # when, and how many there were already

    def __call__(self, doing: str, done: int, total: int) -> None:
        now = time.monotonic()
        is_counted = doing in ("encode", "import")
        if is_counted and self._first is None:
            self._first = now, done
        if not self.is_due(now):
            return
        self._shown_at = now
        pace = self._pace(done, total, now) if is_counted else ""
        if not self.draw(description=PHASES[doing], completed=done, total=total or None, pace=pace):
            items = f"{done:,} of {count(total, 'item')}" if is_counted else ""
            parts = ", ".join(part for part in (items, pace) if part)
            click.echo(f"{PHASES[doing]}: {parts}" if parts else PHASES[doing], err=True)

    def _pace(self, done: int, total: int, now: float) -> str:
        """Items a second, and the time left at that rate; those of an earlier run do not count."""
        assert self._first is not None
        seconds, encoded = now - self._first[0], done - self._first[1]
        if encoded == 0 or seconds < 0.5:
            return ""
        rate = encoded / seconds
        return f"{rate:,.1f} items/s, {show_time((total - done) / rate)} left"


def _rich_bar(doing: str) -> tuple[Progress, TaskID]:
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
        "duplicate" if report.duplicates == 1 else "duplicates": report.duplicates,
        "unreadable": len(report.quarantined),
    }
    return ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
