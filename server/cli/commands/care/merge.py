"""`anysense merge`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.options import JSON, OUTPUT
from anysense.server.cli.status import DONE, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.building.merging.report import MergeReport
    from anysense.index.building.sources.entries import Problem

__all__ = ["merge"]

SHOWN = 10


@click.command(short_help="Merge parts and other collections into one collection.")
@click.argument("parts", nargs=-1, required=True, metavar="PART...")
@OUTPUT
@JSON
def merge(parts: tuple[str, ...], output: str, as_json: bool) -> int:
    """Merge parts and other collections into one collection.

    PART is a collection, a part (a Parquet file of encoded items, such as `build --ray` leaves
    behind when it is killed), or a folder of parts. COLLECTION is made if it is not there, for the
    encoders of the first; nothing is encoded. What was encoded by another encoder, or by another
    revision of one, is refused, and then nothing is written.

    An item of the same id is replaced; of several PARTs that have it, or a file of it, the last
    counts. Merging again writes nothing, and a merge that was killed goes on with the same command.
    A part that is damaged is left out as a whole and makes the exit status 3, and so do files that
    could not be read when they were to be encoded.

    \b
      anysense merge alice.anysense bob.anysense -o both.anysense
    """  # noqa: D301 - click reads the \b itself
    from anysense.index.collection import Collection
    from anysense.index.merge import merge as merge_parts
    from anysense.server.cli.progress import CountBar

    if not output:
        raise click.UsageError("-o is empty: name the folder of the collection.")
    with CountBar("merging", "item") as bar:
        report = merge_parts(parts, output, progress=bar)
    with Collection.open(output) as collection:
        items = collection.info()["items"]
    if as_json:
        console.print_json(_merge_json(output, items, report))
    else:
        _print_report(output, items, report)
    return PARTIAL if report.damaged or report.quarantined else DONE


def _merge_json(output: str, items: int, report: MergeReport) -> dict[str, object]:
    return {
        "collection": os.path.realpath(output),
        "items": items,
        "inputs": report.inputs,
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "superseded": report.superseded,
        "quarantined": [{"path": p.path, "reason": p.reason} for p in report.quarantined],
        "damaged": [{"path": p.path, "reason": p.reason} for p in report.damaged],
        "is_calibrated": report.is_calibrated,
        "seconds": round(report.seconds, 3),
    }


def _print_report(output: str, items: int, report: MergeReport) -> None:
    counts = {
        "added": report.added,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "left out for those of later parts": report.superseded,
    }
    done = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
    click.echo(
        f"{output}: {console.count(items, 'item')}. {done or 'Nothing to do'}; "
        f"{report.seconds:.1f} s."
    )
    if not report.is_calibrated:
        console.note(
            "The models are not here that calibrate its scores; the first search where they are "
            "does it, and so does `anysense compact` there."
        )
    _print_problems(report.damaged, "part", "left out")
    _print_problems(report.quarantined, "file", "could not be read when the parts were made")


def _print_problems(problems: Sequence[Problem], noun: str, what: str) -> None:
    if not problems:
        return
    console.note(f"{console.count(len(problems), noun)} {what}:")
    for problem in problems[:SHOWN]:
        console.note(f"  {console.shown_path(problem.path)}: {problem.reason}")
    if len(problems) > SHOWN:
        console.note(f"  and {len(problems) - SHOWN:,} more.")
