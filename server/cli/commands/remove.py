"""`anysense remove`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.naming import resolve_id, why_none
from anysense.server.cli.options import COLLECTION, JSON, WHERE
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from anysense.embed.errors import ItemNotFoundError
    from anysense.index.collection import Collection

__all__ = ["remove"]


@click.command(short_help="Remove items from a collection.")
@COLLECTION
@click.argument("ids", nargs=-1, metavar="[ID]...")
@WHERE
@JSON
def remove(path: str, ids: tuple[str, ...], where: str | None, as_json: bool) -> int:
    """Remove items from a collection, by id or path, or by what --where says. Their files stay.

    A later `build` of the folder that an item's file is in adds the item again.
    """
    from anysense.index.collection import Collection

    missing: list[ItemNotFoundError] = []
    if bool(ids) == (where is not None):
        raise click.UsageError("Give either the IDs of items or --where.")
    with Collection.open(path) as collection:
        if where is not None:
            ids = _select_ids(collection, where)
            if not ids:
                console.note(f"Nothing to remove: {why_none(collection, where)}.")
        else:
            ids, missing = _resolve_ids(collection, ids)
        count = collection.remove(ids) if ids else 0
    if as_json:
        console.print_json({"removed": count})
    elif count or not missing:  # else the errors say it all
        click.echo(f"{console.count(count, 'item')} removed.")
    for error in missing[:-1]:
        console.note(f"error: {error}")
    if missing:
        raise missing[-1]
    return DONE


def _resolve_ids(
    collection: Collection, names: tuple[str, ...]
) -> tuple[tuple[str, ...], list[ItemNotFoundError]]:
    """The ids of the items named, each once, and an error for each name that is no item's."""
    from anysense.embed.errors import ItemNotFoundError

    ids: dict[str, None] = {}
    missing = []
    for name in dict.fromkeys(names):
        try:
            ids[resolve_id(collection, name)] = None
        except ItemNotFoundError as error:  # noqa: PERF203 - the others are removed all the same
            missing.append(error)
    return tuple(ids), missing


def _select_ids(collection: Collection, where: str) -> tuple[str, ...]:
    """The ids of the items that an expression holds for."""
    snapshot = collection.folder.snapshot()
    segments = snapshot.select(where)
    assert segments is not None  # there is an expression
    rows = snapshot.rows(segments.ids)
    return tuple(dict.fromkeys(row.item_id for row in rows if row is not None))
