"""What the commands of `anysense import` have in common: from a collection to what is said."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.interrupt import stopping_in_order
from anysense.server.cli.status import DONE, INTERRUPTED, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from anysense.embed.types import Space
    from anysense.index.collection import Collection
    from anysense.index.importing.batches import VectorRows
    from anysense.index.importing.report import EncodedAgain, ImportReport

__all__ = ["Import", "import_into"]

SHOWN_ROWS = 10


@dataclass(frozen=True)
class Import:
    """What all commands of an import are given.

    Attributes:
        output: the collection's folder, as it was given.
        encoder: the name of the encoder that made the vectors.
        device: where it runs.
        root: below which the files are that rows name.
        as_json: print JSON.
    """

    output: str
    encoder: str | None
    device: str
    root: str | None
    as_json: bool


def import_into(target: Import, read: Callable[[Space], VectorRows]) -> int:
    """Import rows, and say what was done; returns the exit status.

    Args:
        target: where to.
        read: opens what is imported, for the space that its vectors are in.
    """
    from anysense.index.importing.run import import_rows, space_of
    from anysense.server.cli.progress import ItemBar

    with stopping_in_order(), _collection(target) as collection:
        space = space_of(collection, target.encoder)
        try:
            with ItemBar("check") as bar:
                report = import_rows(collection, read(space), space, root=target.root, progress=bar)
        except KeyboardInterrupt:
            number = console.count(collection.info()["items"], "item")
            console.note(
                f"Stopped: {target.output} holds {number}. Run the same command again to go on "
                "from here."
            )
            raise click.exceptions.Exit(INTERRUPTED) from None
        items = collection.info()["items"]
    if target.as_json:
        console.print_json({"collection": target.output, "items": items, **report.to_dict()})
    else:
        _print_report(target, items, report)
    return PARTIAL if report.quarantined else DONE


@contextlib.contextmanager
def _collection(target: Import) -> Iterator[Collection]:
    """The collection; a new one does not outlive an import that is refused before it has begun."""
    from anysense.embed.errors import AnysenseError
    from anysense.index.collection import Collection

    is_new = not Collection.exists(target.output)
    if is_new and target.encoder is None:
        raise click.UsageError("Name the model that made the vectors with --encoder.")
    collection = (
        Collection.create(target.output, [target.encoder or ""], device=target.device)
        if is_new
        else Collection.open(target.output, device=target.device)
    )
    with collection:
        try:
            yield collection
            return
        except AnysenseError:
            is_empty = collection.info()["items"] == 0
            if not (is_new and is_empty):
                raise
            collection.close()
            shutil.rmtree(target.output, ignore_errors=True)
            raise


def _print_report(target: Import, items: int, report: ImportReport) -> None:
    counts = {"added": report.added, "updated": report.updated, "unchanged": report.unchanged}
    done = ", ".join(f"{number:,} {name}" for name, number in counts.items() if number)
    click.echo(
        f"{target.output}: {console.count(items, 'item')}. {done or 'Nothing to do'}; "
        f"{report.seconds:.1f} s."
    )
    console.note(_checked_text(report.checked, target.root))
    if report.repeated:
        rows = console.count(report.repeated, "row")
        verb = "says" if report.repeated == 1 else "say"
        console.note(f"{rows} left out that {verb} the same key, path and address as an earlier.")
    if report.quarantined:
        vectors = console.count(report.quarantined, "vector")
        console.note(f"{vectors} left out that cannot be used:")
        for row, reason in report.quarantined_rows[:SHOWN_ROWS]:
            console.note(f"  {console.shown_path(row)}: {reason}")
        if report.quarantined > SHOWN_ROWS:
            command = f"`anysense info {target.output} --quarantined` lists them all"
            console.note(f"  and {report.quarantined - SHOWN_ROWS:,} more; {command}.")


def _checked_text(checked: EncodedAgain, root: str | None) -> str:
    """What was done to see that the encoder is right."""
    parts = [
        f"{console.count(number, what)} (cosine {cosine:.3f})"
        for number, what, cosine in (
            (checked.texts, "text", checked.text_cosine),
            (checked.files, "file", checked.file_cosine),
        )
        if cosine is not None
    ]
    if parts:
        return f"The model was checked by encoding again {' and '.join(parts)}."
    why = "no file was found there" if root is not None else "name the files' folder with --root"
    return f"Nothing could be encoded again to see that the model is right: {why}."
