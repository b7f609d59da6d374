"""A build that goes on: `anysense build --watch`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.building.reports import build_json
from anysense.server.cli.building.running import build_with_bar
from anysense.server.cli.interrupt import stopping_in_order

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.building.options import BuildOptions
    from anysense.index.building.report import BuildReport
    from anysense.index.building.sources.entries import Problem
    from anysense.index.building.sources.scan import FileScan
    from anysense.server.cli.building.running import Target

__all__ = ["watch_sources"]


def watch_sources(
    target: Target,
    sources: Sequence[str],
    options: BuildOptions,
    poll_seconds: float | None,
    first: BuildReport,
) -> None:
    """Keep a collection up to date until Ctrl-C, with a line for each change.

    Args:
        target: what is built.
        sources: as they were given.
        options: of each build.
        poll_seconds: how often to look at all sources; None where the system tells of changes.
        first: what the first build did, as was told already.
    """
    from anysense.index.building.watching.watch import Watch

    def build(scan: FileScan, options: BuildOptions) -> BuildReport:
        try:
            with stopping_in_order():
                return build_with_bar(target, scan, options)
        finally:
            target.collection.folder.release()  # so that a service beside it can write

    watch = Watch(
        target.collection,
        sources,
        options,
        build=build,
        told=lambda report, problems: _tell(target, report, problems),
        warned=lambda sentence: console.note(f"{_now()} {sentence}"),
        more_files=[Path(target.metadata)] if target.metadata is not None else (),
        known_problems=first.quarantined,
        known_unread=first.unread_kinds,
        poll_seconds=poll_seconds,
    )
    target.collection.folder.release()
    console.note("Watching for changes until Ctrl-C.")
    try:
        watch.run()
    except KeyboardInterrupt:
        console.note(f"Stopped: {target.output} has all that was told.")


def _tell(target: Target, report: BuildReport, problems: Sequence[Problem]) -> None:
    items = target.collection.info()["items"]
    if target.as_json:
        console.print_json_line(build_json(target.output, items, report))
        return
    done = report.changes_text or "nothing added"
    names = ", ".join(console.printable(console.shown_path(path)) for path in report.touched[:1])
    more = len(report.touched) - report.moved > 1  # what moved has two names
    what = f" ({names}{' and others' if more else ''})" if names else ""
    click.echo(f"{_now()} {done}{what}: {console.count(items, 'item')}. {report.seconds:.1f} s.")
    for problem in problems:
        console.note(f"  {console.shown_path(problem.path)}: {problem.reason}")


def _now() -> str:
    return time.strftime("%H:%M:%S")
