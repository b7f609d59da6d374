"""`anysense publish`."""

from __future__ import annotations

import click

from anysense.server.cli import console
from anysense.server.cli.options import COLLECTION, JSON
from anysense.server.cli.status import DONE

__all__ = ["publish"]


@click.command(short_help="Bring the index up to date, here or in Milvus.")
@COLLECTION
@click.option(
    "--to",
    metavar="ENGINE",
    help="What searches it: local, or a Milvus server as milvus://HOST:PORT[/DATABASE].",
)
@JSON
def publish(path: str, to: str | None, as_json: bool) -> int:
    """Bring the index of a collection up to date, and say what searches it.

    With --to, it moves to an engine, where later builds and services keep it: to Milvus, whose
    server may be many machines (docs/milvus.md), or back to this one with `--to local`. The items
    and their vectors stay in the collection either way. Credentials are taken from MILVUS_TOKEN, or
    from MILVUS_USER and MILVUS_PASSWORD.

    With --json: an object with `generation`, its number, `engine` and `segments`.
    """
    from anysense.index.collection import Collection
    from anysense.server.cli.progress import PHASES, CountBar

    with Collection.open(path) as collection:
        with CountBar(PHASES["publish"], "segment") as bar:
            generation = collection.publish(bar, to=to)
        facts = collection.info()
    if as_json:
        keys = ("generation", "engine", "segments")
        console.print_json({key: {**facts, "generation": generation}[key] for key in keys})
    else:
        engine = "FAISS" if facts["engine"] == "local" else facts["engine"]
        click.echo(f"{path}: {facts['segments']:,} segments, searched by {engine}.")
    return DONE
