"""`anysense serve`."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anysense.embed.errors import UsageError
from anysense.server.cli import console
from anysense.server.cli.served import described, named_paths
from anysense.server.cli.settings import setting_options
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from collections.abc import Callable

    from anysense.index.collection import Collection
    from anysense.server.http.settings import Settings

__all__ = ["serve"]


@click.command(short_help="Serve collections over HTTP.")
@click.argument("collections", nargs=-1, metavar="[NAME=]COLLECTION...")
@click.option(
    "--config",
    "config",
    envvar="ANYSENSE_CONFIG",
    metavar="FILE",
    help="A TOML file of settings, by the names that they have in the environment.",
)
@setting_options(without=("collections",))
def serve(collections: tuple[str, ...], config: str | None, **options: Any) -> int:
    """Serve collections over HTTP until Ctrl-C: a page to search on, and an API.

    The page is at the address that is printed, and the API is described at /docs. In place of a
    collection, a folder that was searched with `anysense find` may be named.

    \b
      anysense serve my.anysense
      anysense serve ~/Pictures
      anysense keys add keys.txt ada
      anysense serve a=photos.anysense b=notes.anysense --host 0.0.0.0 --api-key-file keys.txt

    The first collection is also called `current`. Each option can be given in the environment, as
    ANYSENSE_PORT (several values with commas between them), or in a file; an option comes before
    the environment, and that before the file.
    """  # noqa: D301 - click reads the \b itself
    from anysense.embed.processors import set_threads
    from anysense.server.cli.served import threads_of_each
    from anysense.server.http.configuration import load_settings, unknown_variables
    from anysense.server.http.watched import sources_by_name

    given = {name: value for name, value in options.items() if value not in (None, ())}
    if collections:
        given["collections"] = collections
    settings = load_settings(given, Path(config) if config is not None else None)
    for sentence in unknown_variables():
        console.note(sentence)
    if not settings.collections:
        raise UsageError("Name a collection to serve, as in: anysense serve my.anysense")
    sources_by_name(settings.watch, list(named_paths(settings.collections)))
    # Before what follows loads the libraries of models.
    set_threads(threads_of_each(settings.threads, settings.workers))
    with ExitStack() as stack:
        opened = open_collections(settings, stack)
        announce = announcement(opened, settings)
        if settings.workers == 1:
            run_service(opened, settings, announce)
            return DONE
        paths = {name: collection.path for name, collection in opened.items()}
    run_processes(paths, settings, announce)
    return DONE


def open_collections(settings: Settings, stack: ExitStack) -> dict[str, Collection]:
    """Open what is to be served, by name; models are loaded later, each once."""
    from anysense.index.collection import Collection
    from anysense.server.http.service.models import Models

    models = Models(settings.device)
    return {
        name: stack.enter_context(Collection.open(path, load=models.load))
        for name, path in named_paths(settings.collections).items()
    }


def run_service(
    collections: dict[str, Collection], settings: Settings, announce: Callable[[int], None]
) -> None:
    from anysense.server.http.serving import serve as run_server

    run_server(collections, settings=settings, on_start=announce, ends_process=True)


def run_processes(
    paths: dict[str, Path], settings: Settings, announce: Callable[[int], None]
) -> None:
    from anysense.server.http.workers.supervisor import serve_in_processes

    serve_in_processes(paths, settings, announce)


def announcement(collections: dict[str, Collection], settings: Settings) -> Callable[[int], None]:
    """What says at the start, once the port is known, what is served and where."""
    counts = {name: _counts(collection) for name, collection in collections.items()}
    paths = {name: described(collection.path) for name, collection in collections.items()}

    def announce(port: int) -> None:
        if settings.api_key is None and settings.api_key_file is None and settings.insecure:
            console.note(f"Anyone who reaches {settings.host} can search, add and remove items.")
        for name, path in paths.items():
            called = f"{name}: " if len(paths) > 1 else ""
            where = f", {_address(settings, port)}" if len(paths) == 1 else ""
            console.note(f"Serving {called}{path}, {counts[name]}{where}")
        if len(paths) > 1:
            console.note(f"All {_address(settings, port)}")

    return announce


def _counts(collection: Collection) -> str:
    """How many items there are, of all kinds and of each."""
    kinds = collection.snapshot().items_by_kind()
    each = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
    return console.count(sum(kinds.values()), "item") + (f" ({each})" if each else "")


def _address(settings: Settings, port: int) -> str:
    """Where to call the service from this machine, and where it says how."""
    from anysense.server.http.listening import EVERYWHERE, local_url

    url = local_url(settings, port)
    is_everywhere = settings.host in EVERYWHERE
    others = ", and at every other address of this machine" if is_everywhere else ""
    place = "with a page at" if settings.page else "at"
    return f"{place} {url} (the API: {url}/docs){others}"
