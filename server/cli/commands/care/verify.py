"""`anysense verify`."""

from __future__ import annotations

import click

from anysense.server.cli import console
from anysense.server.cli.options import COLLECTION, JSON
from anysense.server.cli.status import DONE, ERROR

__all__ = ["verify"]


@click.command(short_help="Check every file of a collection.")
@COLLECTION
@JSON
def verify(path: str, as_json: bool) -> int:
    """Check every file of a collection against its checksums; exit status 1 if one is bad."""
    from anysense.index.collection import Collection

    with Collection.open(path) as collection:
        report = collection.verify()
    if as_json:
        console.print_json(report.to_dict())
    elif report.ok:
        for remark in report.notes:
            console.note(remark)
        click.echo(f"{path}: everything is as it was written.")
    else:
        for problem in report.problems:
            console.note(f"error: {problem}")
    return DONE if report.ok else ERROR
