"""`anysense demo`."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anysense.embed.cache import user_cache
from anysense.server.cli import console
from anysense.server.cli.options import DEVICE
from anysense.server.cli.status import DONE, PARTIAL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from anysense.index.collection import Collection

__all__ = ["demo", "sample_folder"]

HITS_OF_EACH = 3
HOST, USUAL_PORT = "127.0.0.1", 8000
# One query of each modality. The picture and the sound are items of the collection themselves, so
# they are asked for as "more like this one", which leaves them out of their own hits.
TEXT_QUERY = "farm animals"
IMAGE_QUERY = "photos/hens-on-grass.jpg"
AUDIO_QUERY = "sounds/ducks-quacking.ogg"


@click.command(short_help="Build and search a collection of sample media.")
@click.option(
    "-o",
    "--output",
    metavar="COLLECTION",
    help="Where to build it; by default in the user's folder for caches.",
)
@click.option("--serve", "is_served", is_flag=True, help="Show it on a page, until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="With --serve: the port; 8000, or another one if that is taken, by default.",
)
@DEVICE
def demo(output: str | None, is_served: bool, port: int | None, device: str) -> int:
    """Build a collection of the sample media that come with anysense, and search it.

    It asks once with a text, once with an image and once with a sound; each finds texts, images and
    sounds. With --serve it shows a page on which you search them yourself. Nothing is downloaded.
    """
    if port is not None and not is_served:
        raise click.UsageError("--port goes with --serve.")
    where = output if output is not None else str(default_output())
    status = make_demo(where, device, is_kept=output is not None, is_searched=not is_served)
    if is_served:
        serve_demo(where, device, port)
    return status


def make_demo(where: str, device: str, *, is_kept: bool, is_searched: bool) -> int:
    """Bring the demo's collection up to date; returns the exit status.

    Args:
        where: its path.
        device: where models run.
        is_kept: it is the user's; otherwise it is made anew if it cannot be used.
        is_searched: search it, and print what is found.
    """
    from anysense.embed.errors import CorruptCollectionError, IncompatibleCollectionError

    if is_kept:
        return build_and_search(where, device, is_searched)
    try:
        if has_other_files(where):
            raise IncompatibleCollectionError(f"{where} was made by another installation.")
        return build_and_search(where, device, is_searched)
    except (CorruptCollectionError, IncompatibleCollectionError):
        # Of another version or place, say. What lies in a cache is not worth mending.
        console.note("The demo's collection cannot be used any more: building it again.")
        shutil.rmtree(where)
        return build_and_search(where, device, is_searched)


def serve_demo(where: str, device: str, port: int | None) -> None:
    """Serve the demo's collection with its page, for this machine alone, until Ctrl-C.

    Args:
        where: its path.
        device: where models run.
        port: to listen at; if None, the usual one, or any that is free.
    """
    from contextlib import ExitStack

    from anysense.embed.processors import set_threads
    from anysense.server.cli.commands.serve import announcement, open_collections, run_service
    from anysense.server.http.configuration import load_settings

    options = {
        "collections": (where,),
        "device": device,
        "host": HOST,
        "workers": 1,
        "page": True,
        "port": port if port is not None else free_port(),
    }
    settings = load_settings(options)
    set_threads(settings.threads)
    with ExitStack() as stack:
        opened = open_collections(settings, stack)
        run_service(opened, settings, announcement(opened, settings))


def free_port() -> int:
    """The usual port of the service if nobody listens there, or else 0, which is any."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((HOST, USUAL_PORT))
        except OSError:
            return 0
    return USUAL_PORT


def has_other_files(where: str) -> bool:
    """Whether a collection has files that are not of these sample media.

    They may have the same content; it would go on to name those.
    """
    from anysense.index.building.sources.paths import is_under
    from anysense.index.collection import Collection

    if not Collection.exists(where):
        return False
    samples = os.path.realpath(sample_folder())
    with Collection.open(where) as collection:
        return not all(is_under(path, samples) for path in collection.folder.files())


def build_and_search(where: str, device: str, is_searched: bool) -> int:
    """Bring the demo's collection up to date and search it, if so; returns the exit status."""
    from anysense.index.building.build import build
    from anysense.index.collection import Collection
    from anysense.server.cli.building.reports import print_report
    from anysense.server.cli.commands.build import open_or_create
    from anysense.server.cli.interrupt import stopping_in_order
    from anysense.server.cli.progress import BuildBar

    samples = sample_folder()
    folders = [path for path in sorted(samples.iterdir()) if path.is_dir()]
    is_new = not Collection.exists(where)
    with stopping_in_order(), open_or_create(where, (), None, device, is_new) as collection:
        with BuildBar() as bar:
            report = build(collection, folders, progress=bar)
        print_report(console.short_path(where), collection.info()["items"], report)
        if is_searched:
            search_with_each(collection, samples)
    if is_searched:
        print_next(where, samples)
    return PARTIAL if report.quarantined else DONE


def sample_folder() -> Path:
    """The sample media in the package: a folder for each modality."""
    # In an editable install this file is a link, and so are those beside it: the samples are where
    # it leads to.
    return Path(__file__).resolve().parents[2] / "sample"


def default_output() -> Path:
    """Where the demo's collection is kept: in the user's cache, as it can be made anew."""
    return user_cache("demo")


def search_with_each(collection: Collection, samples: Path) -> None:
    """Print the best hits of every modality for a text, an image and a sound."""
    from anysense.index.ranking.query import Term
    from anysense.index.ranking.retriever import CollectionRetriever
    from anysense.server.cli.naming import resolve_id
    from anysense.server.cli.tables import print_hits

    queries: Sequence[tuple[str, Term]] = [
        (f'text: "{TEXT_QUERY}"', Term(TEXT_QUERY)),
        *(
            (f"{kind}: {file}", Term(like=resolve_id(collection, str(samples / file))))
            for kind, file in (("image", IMAGE_QUERY), ("sound", AUDIO_QUERY))
        ),
    ]
    retriever = CollectionRetriever(collection)
    for title, term in queries:
        hits = retriever.retrieve(term, k=3 * HITS_OF_EACH, per_modality_k=HITS_OF_EACH)
        click.echo()
        print_hits(hits, title)


def print_next(where: str, samples: Path) -> None:
    """Say what to type next."""
    click.echo("\nTry it yourself:")
    click.echo(f'  anysense search {where} "{TEXT_QUERY}"')
    click.echo(f"  anysense search {where} --image {samples / IMAGE_QUERY}")
    click.echo("  anysense demo --serve")
    click.echo("  anysense build YOUR_FOLDER -o my.anysense")
