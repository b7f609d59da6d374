"""`anysense collections`."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.server.cli import console
from anysense.server.cli.options import JSON
from anysense.server.cli.status import DONE, ERROR, USAGE
from anysense.server.cli.tables import Column, print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.server.cli.finding.cached import CachedCollection

__all__ = ["collections"]


@click.command(short_help="List or remove what `find` keeps.")
@click.argument("folders", nargs=-1, metavar="[FOLDER...]")
@click.option(
    "--clear", is_flag=True, help="Remove the indexes of these folders; all, if none is named."
)
@click.option("--clear-missing", is_flag=True, help="Remove those whose folder is not there.")
@click.option("--yes", is_flag=True, help="Remove without asking, also what is being served.")
@JSON
def collections(
    folders: tuple[str, ...], clear: bool, clear_missing: bool, yes: bool, as_json: bool
) -> int:
    """List the indexes that `anysense find` keeps in the user's cache, or remove them.

    Each is told with the folder that it is of, how many items and bytes it has, when it was last
    used, whether the folder is still there, and which service has it. To remove all of them, or
    those whose folder is missing, is asked before: the folder may be on a disk that is not mounted.
    `anysense serve FOLDER` serves one.

    With --json: an object with `collections`, each with `folder`, `collection`, `items` (null if it
    cannot be read), `bytes`, `used_at`, `is_there` and `service`, and `bytes`, their sum.
    """
    if clear and clear_missing:
        raise click.UsageError("Give --clear or --clear-missing, not both.")
    chosen = _chosen(folders)
    if clear_missing:
        chosen = [cached for cached in chosen if not Path(cached.folder).is_dir()]
    if clear or clear_missing:
        return _remove(chosen, yes=yes, asks=not (clear and folders))
    facts = [_facts(cached) for cached in chosen]
    total = sum(fact["bytes"] for fact in facts)
    if as_json:
        console.print_json({"collections": facts, "bytes": total})
    else:
        _print(facts, total)
    return DONE


def _chosen(folders: Sequence[str]) -> list[CachedCollection]:
    """The collections of folders, which need not be there any more; all if none is named."""
    from anysense.embed.errors import UsageError
    from anysense.server.cli.finding.cached import cached_collections

    present = cached_collections()
    if not folders:
        return present
    by_folder = {cached.folder: cached for cached in present}
    real = {name: os.path.realpath(Path(name).expanduser()) for name in folders}
    for name, folder in real.items():
        if folder not in by_folder:
            raise UsageError(f"There is no index of {name}; `anysense collections` lists them.")
    return [by_folder[folder] for folder in dict.fromkeys(real.values())]


def _remove(chosen: Sequence[CachedCollection], *, yes: bool, asks: bool) -> int:
    """Remove collections, after a question if that is to be asked."""
    from anysense.embed.errors import CollectionError, UsageError
    from anysense.index.folder.info import bytes_of
    from anysense.server.cli.finding.clearing import remove_cached
    from anysense.server.cli.removal import is_answered

    if not chosen:
        console.note("There is nothing to remove.")
        return DONE
    if asks and not yes:
        what = f"{console.count(len(chosen), 'index', 'indexes')}"
        if not is_answered():
            raise UsageError(f"This would remove {what}: name the folders, or add --yes.")
        for cached in chosen:
            console.note(cached.folder)
        if not click.confirm(f"Remove {what}?", default=False, err=True):
            return USAGE
    status = DONE
    for cached in chosen:
        size = bytes_of(cached.home)
        try:
            remove_cached(cached, even_if_served=yes)
        except CollectionError as error:
            console.note(str(error))
            status = ERROR
        else:
            click.echo(f"Removed the index of {cached.folder}: {console.show_size(size)}.")
    return status


def _facts(cached: CachedCollection) -> dict[str, Any]:
    from anysense.index.folder.info import bytes_of
    from anysense.server.client.running import service_of

    found = service_of(cached.path)
    used_at = datetime.fromtimestamp(cached.used_at, timezone.utc)
    return {
        "folder": cached.folder,
        "collection": str(cached.path),
        "items": _items(cached),
        "bytes": bytes_of(cached.home),
        "used_at": used_at.isoformat(timespec="seconds"),
        "is_there": Path(cached.folder).is_dir(),
        "service": None if found is None else found[0].url,
    }


def _items(cached: CachedCollection) -> int | None:
    """How many items a collection has; None if it cannot be read."""
    from anysense.embed.errors import AnysenseError
    from anysense.index.collection import Collection

    try:
        with Collection.open(cached.path) as collection:
            return sum(collection.snapshot().items_by_kind().values())
    except AnysenseError:
        return None


def _print(facts: Sequence[dict[str, Any]], total: int) -> None:
    if not facts:
        console.note("There are none: `anysense find TEXT FOLDER` makes one.")
        return
    columns = [
        Column("folder", is_path=True),
        Column("items", is_number=True),
        Column("size", is_number=True),
        Column("last used", is_whole=True),
        Column("state", is_short=True),
    ]
    rows = [
        (
            fact["folder"],
            "?" if fact["items"] is None else f"{fact['items']:,}",
            console.show_size(fact["bytes"]),
            datetime.fromisoformat(fact["used_at"]).astimezone().strftime("%Y-%m-%d %H:%M"),
            _state(fact),
        )
        for fact in facts
    ]
    print_table(columns, rows, has_header=True)
    number = console.count(len(facts), "index", "indexes")
    console.note(f"{number}, {console.show_size(total)}.")


def _state(fact: dict[str, Any]) -> str:
    said = {
        "the folder is not there": not fact["is_there"],
        "cannot be read": fact["items"] is None,
        f"served at {fact['service']}": fact["service"] is not None,
    }
    return ", ".join(text for text, is_so in said.items() if is_so)
