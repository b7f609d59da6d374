"""`anysense add`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console
from anysense.server.cli.interrupt import stopping_in_order
from anysense.server.cli.options import COLLECTION, DEVICE, ENCODING, JSON, SIDECARS, WORKERS
from anysense.server.cli.status import DONE, ERROR, PARTIAL

if TYPE_CHECKING:
    from anysense.index.types import NewItem

__all__ = ["add"]


@click.command(short_help="Add files or texts to a collection.")
@COLLECTION
@click.argument(
    "files", nargs=-1, metavar="[FILE]...", type=click.Path(exists=True, dir_okay=False)
)
@click.option(
    "--text", "texts", multiple=True, metavar="TEXT", help="A text to add; - reads it from a pipe."
)
@click.option("--id", "item_id", metavar="ID", help="The id of the item, if it is one.")
@click.option(
    "--meta",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="Metadata of every item added; a VALUE that is JSON counts as such.",
)
@DEVICE
@WORKERS
@SIDECARS
@ENCODING
@JSON
def add(
    path: str,
    files: tuple[str, ...],
    texts: tuple[str, ...],
    item_id: str | None,
    pairs: tuple[str, ...],
    device: str,
    workers: int | None,
    no_sidecars: bool,
    encoding: str | None,
    as_json: bool,
) -> int:
    """Add files or texts to a collection.

    A file that is in the collection already, here or elsewhere, is not added twice: its item gets
    the metadata too. So it is with a text that was added without an id. To add a folder use
    `build`, which also notices later what has changed, and reads files anew with --reread.
    """
    from anysense.index.building.ingest import ingest
    from anysense.index.collection import Collection

    items = _new_items(files, texts, item_id, dict(_pair(pair) for pair in pairs))
    with stopping_in_order(), Collection.open(path, device=device) as collection:
        report = ingest(
            collection, items, workers=workers, sidecars=not no_sidecars, encoding=encoding
        )
    if as_json:
        console.print_json(
            {
                "ids": report.ids,
                "added": report.added,
                "updated": report.updated,
                "duplicates": report.duplicates,
                "failed": [{"source": f.source, "reason": f.reason} for f in report.failed],
                "seconds": round(report.seconds, 3),
            }
        )
    else:
        for new_id in report.ids:
            if new_id is not None:
                click.echo(new_id)
    for failure in report.failed:
        console.note(f"error: {failure.source}: {failure.reason}")
    if not report.failed:
        return DONE
    return ERROR if len(report.failed) == len(items) else PARTIAL


def _new_items(
    files: tuple[str, ...], texts: tuple[str, ...], item_id: str | None, metadata: dict[str, Any]
) -> list[NewItem]:
    from anysense.embed.types import Modality
    from anysense.index.types import NewItem

    if not files and not texts:
        raise click.UsageError("Give a FILE or --text to add.")
    if item_id is not None and len(files) + len(texts) > 1:
        raise click.UsageError("--id names one item: give one FILE or one --text with it.")
    for text in texts:
        _hint_at_file(text)
    contents = [sys.stdin.read() if text == "-" else text for text in texts]
    return [
        *(NewItem(Path(file), item_id, metadata=metadata) for file in files),
        *(NewItem(text, item_id, modality=Modality.TEXT, metadata=metadata) for text in contents),
    ]


def _hint_at_file(text: str) -> None:
    """Say how to add a file, if that may be what a text means that is the path of one."""
    from anysense.embed.media.identify import modality_of_path

    if modality_of_path(text) is not None:
        console.note(
            f"{text} is a file, and its name is added as a text: FILE adds the file itself."
        )


def _pair(pair: str) -> tuple[str, Any]:
    """KEY=VALUE, where the value is JSON if it can be read as such, and otherwise a string."""
    key, equals, value = pair.partition("=")
    if not equals or not key:
        raise click.UsageError(f"--meta is KEY=VALUE, not {pair!r}.")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
