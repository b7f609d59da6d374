"""`anysense reencode`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.interrupt import stopping_in_order
from anysense.server.cli.options import BATCH_SIZE, COLLECTION, DEVICE, JSON, WORKERS
from anysense.server.cli.removal import ask_before_removal
from anysense.server.cli.status import DONE, INTERRUPTED, PARTIAL

if TYPE_CHECKING:
    from anysense.index.reencoding.report import ReencodeReport

__all__ = ["reencode"]

SHOWN_MISSING = 10


@click.command(short_help="Change the models of a collection while it is in use.")
@COLLECTION
@click.option(
    "--encoder",
    "encoders",
    multiple=True,
    metavar="NAME",
    help="A model that the collection is to have, before all others; may be given again. Without "
    "it what was begun goes on.",
)
@click.option(
    "--drop",
    multiple=True,
    metavar="NAME",
    help="A model that goes, with its vectors, when the new ones are complete; may be given again, "
    "and also later, alone.",
)
@click.option("--restart", is_flag=True, help="Begin anew, with other models than was begun with.")
@click.option("--abandon", is_flag=True, help="Leave the collection with the models that it has.")
@click.option(
    "--yes",
    is_flag=True,
    help="Remove, without asking, items that only a dropped model has vectors of: those of a kind "
    "that no other takes, and those whose content is gone.",
)
@BATCH_SIZE
@DEVICE
@WORKERS
@JSON
def reencode(
    path: str,
    encoders: tuple[str, ...],
    drop: tuple[str, ...],
    restart: bool,
    abandon: bool,
    yes: bool,
    batch_size: int | None,
    device: str,
    workers: int | None,
    as_json: bool,
) -> int:
    """Change the models of a collection while it is in use.

    Every item is encoded by the new models: from its file, from the row of its table, or, a text,
    from what the collection has of it. Meanwhile searches go on with the models that it has, and
    others may add to it and build it. When nothing lacks, searches go by the new models at once.

    It may be stopped at any time: the same command, or one without --encoder, goes on from there.
    A model of the same name in another version replaces the one that is there. Items whose content
    is gone are listed, make the exit status 3, and keep the vectors that they have; where they
    would be found no more nothing changes before you say so.

    \b
      anysense reencode my.anysense --encoder openclip:ViT-B-32/laion2b_s34b_b79k --drop starter
    """  # noqa: D301 - click reads the \b itself
    from anysense.index.collection import Collection
    from anysense.server.cli.progress import ItemBar

    if abandon and (encoders or drop or restart):
        raise click.UsageError("Give --abandon alone.")
    with stopping_in_order(), Collection.open(path, device=device) as collection:
        is_new = restart  # once: after a question what was begun goes on

        def reencode_once(allow_removal: bool) -> ReencodeReport:
            nonlocal is_new
            begins_anew, is_new = is_new, False
            with ItemBar() as bar:
                return collection.reencode(
                    encoders,
                    drop=drop,
                    restart=begins_anew,
                    abandon=abandon,
                    allow_removal=allow_removal,
                    batch_size=batch_size,
                    workers=workers,
                    progress=bar,
                )

        try:
            report = ask_before_removal(reencode_once, yes)
        except KeyboardInterrupt:
            console.note(
                f"Stopped: {path} is searched as before. Run `anysense reencode {path}` to go on "
                "from here."
            )
            raise click.exceptions.Exit(INTERRUPTED) from None
    if as_json:
        console.print_json({"collection": path, **report.to_dict()})
    else:
        print_report(path, report, abandoned=abandon)
    return PARTIAL if report.missing else DONE


def print_report(path: str, report: ReencodeReport, *, abandoned: bool = False) -> None:
    """Say what was done, on standard output, and what could not be, on the other."""
    encoded = f"{console.count(report.encoded, 'item')} encoded"
    dropped = f", {', '.join(report.dropped)} dropped" if report.dropped else ""
    removed = f", {console.count(report.removed, 'item')} removed" if report.removed else ""
    names = ", ".join(report.encoders)
    done = "Left as it was" if abandoned else f"{encoded}{dropped}{removed}; {report.seconds:.1f} s"
    click.echo(f"{path}: searched with {names}. {done}.")
    if report.uncovered:
        items = console.count(report.uncovered, "item")
        console.note(f"{items} of kinds that the new models do not take: they are as they were.")
    if report.lacks_bridges:
        console.note(f"`anysense bridge fit {path}` lets images find sounds with these models.")
    if not report.missing:
        return
    console.note(f"{console.count(len(report.missing), 'item')} could not be encoded again:")
    for item in report.missing[:SHOWN_MISSING]:
        console.note(f"  {console.shown_path(item.source)}: {item.reason}")
    if len(report.missing) > SHOWN_MISSING:
        console.note(f"  and {len(report.missing) - SHOWN_MISSING:,} more; --json lists them all.")
