"""`anysense show`."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import click

from anysense.embed.shown import shown_name
from anysense.index.hits.places import show_place
from anysense.server.cli import console
from anysense.server.cli.naming import resolve_id
from anysense.server.cli.options import COLLECTION, JSON
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from anysense.index.catalog.records import Item

__all__ = ["show"]


@click.command(short_help="Show one item.")
@COLLECTION
@click.argument("name", metavar="ID")
@JSON
def show(path: str, name: str, as_json: bool) -> int:
    """Show one item, named by its id or its path: what it is, its metadata and its segments."""
    from anysense.index.collection import Collection

    with Collection.open(path) as collection:
        item = collection.folder.snapshot().item(resolve_id(collection, name))
    if as_json:
        console.print_json(item.to_dict())
    else:
        _print_item(item)
    return DONE


def _print_item(item: Item) -> None:
    from anysense.server.cli.tables import Column, passage_line, print_facts, print_table

    added_at = datetime.fromtimestamp(item.added_at, tz=timezone.utc).astimezone()
    facts = {
        "id": item.id,
        "source": shown_name(item.source),
        "kind": str(item.kind),
        "added": added_at.strftime("%Y-%m-%d %H:%M:%S"),
    }
    facts |= {"also at": ", ".join(map(shown_name, item.aliases))} if item.aliases else {}
    facts |= {
        f"metadata {name}": value if isinstance(value, str) else json.dumps(value)
        for name, value in item.metadata.items()
    }
    print_facts(facts)
    click.echo()
    columns = [
        Column("segment", is_number=True),
        Column("space"),
        Column("modality", is_whole=True),
        Column("where", is_number=True),
    ]
    rows = [
        (
            str(segment.id),
            segment.space,
            str(segment.modality),
            show_place(segment.place, segment.origin),
            passage_line(segment.heading, segment.text),
        )
        for segment in item.segments
    ]
    print_table([*columns, Column("text", is_short=True)], rows)
