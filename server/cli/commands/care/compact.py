"""`anysense compact`."""

from __future__ import annotations

import click

from anysense.server.cli import console
from anysense.server.cli.options import COLLECTION, JSON
from anysense.server.cli.status import DONE

__all__ = ["compact"]


@click.command(short_help="Give back the space of removed items.")
@COLLECTION
@JSON
def compact(path: str, as_json: bool) -> int:
    """Give the space of removed and replaced items back to the disk, and rebuild the index."""
    from anysense.index.collection import Collection

    with Collection.open(path) as collection:
        before = collection.info()["bytes"]
        collection.compact()
        after = collection.info()["bytes"]
    if as_json:
        console.print_json({"bytes_before": before, "bytes": after})
    else:
        click.echo(f"{path}: {console.show_size(before)} before, {console.show_size(after)} now.")
    return DONE
