"""`anysense serve`."""

from __future__ import annotations

import contextlib

import click

from anysense.server import console
from anysense.server.cli import DONE
from anysense.server.options import COLLECTION, DEVICE

__all__ = ["serve"]


@click.command(short_help="Serve a collection over HTTP.")
@COLLECTION
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen at.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="The port."
)
@DEVICE
def serve(path: str, host: str, port: int, device: str) -> int:
    """Serve a collection over HTTP until Ctrl-C. The API is described at /docs."""
    import uvicorn

    from anysense.index.collection import Collection
    from anysense.server.app import create_app

    with Collection.open(path, device=device) as collection:
        if host not in ("127.0.0.1", "localhost", "::1"):
            console.note(f"Anyone who reaches {host} can search, add and remove items.")
        with contextlib.suppress(KeyboardInterrupt):  # the way to stop it
            uvicorn.run(create_app(collection), host=host, port=port, log_level="info")
    return DONE
