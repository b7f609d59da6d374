"""`anysense serve`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from anysense.server.cli import console
from anysense.server.cli.options import COLLECTION, DEVICE
from anysense.server.cli.status import DONE

if TYPE_CHECKING:
    from anysense.index.collection import Collection

__all__ = ["serve"]


@click.command(short_help="Serve a collection over HTTP.")
@COLLECTION
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port."
)
@DEVICE
@click.option(
    "--threads",
    type=click.IntRange(1, 1024),
    envvar="ANYSENSE_THREADS",
    help="Threads of models; by default one for each processor that this process may use.",
)
@click.option(
    "--request-timeout",
    type=click.FloatRange(0, min_open=True),
    envvar="ANYSENSE_REQUEST_TIMEOUT",
    default=600.0,
    show_default=True,
    help="Seconds after which a request is answered with 504.",
)
def serve(
    path: str, host: str, port: int, device: str, threads: int | None, request_timeout: float
) -> int:
    """Serve a collection over HTTP until Ctrl-C. The API is described at /docs."""
    from anysense.embed.errors import AnysenseError
    from anysense.embed.processors import set_threads

    set_threads(threads)  # before what follows loads the libraries of models
    from anysense.index.collection import Collection
    from anysense.server.http.service.models import Models
    from anysense.server.http.serving import serve as run_server
    from anysense.server.http.settings import Settings

    with Collection.open(path, load=Models(device).load) as collection:
        counts = _counts(collection)

        def announce(port: int) -> None:
            if host not in ("127.0.0.1", "localhost", "::1"):
                console.note(f"Anyone who reaches {host} can search, add and remove items.")
            console.note(f"Serving {path}, {counts}, at {_address(host, port)}")

        try:
            settings = replace(Settings.at(host), request_seconds=request_timeout)
            run_server(collection, host=host, port=port, settings=settings, on_start=announce)
        except (SystemExit, UnicodeError):  # uvicorn cannot start; it has told more in its log
            raise AnysenseError(
                f"The service cannot listen at {host}, port {port}: another program may do so "
                "already, or there is no such address here; see --port and --host."
            ) from None
    return DONE


def _counts(collection: Collection) -> str:
    """How many items there are, of all kinds and of each."""
    facts = collection.info()
    kinds = {kind: number for kind, number in facts["items_by_kind"].items() if number}
    each = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
    return console.count(facts["items"], "item") + (f" ({each})" if each else "")


def _address(host: str, port: int) -> str:
    """Where to call the service from this machine, and where it says how."""
    every = ("0.0.0.0", "::")  # noqa: S104 - it is asked about, not bound
    name = "localhost" if host in every else host
    url = f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
    return f"{url} (the API: {url}/docs)"
