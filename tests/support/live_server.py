"""The service on a real socket, in a thread of the tests."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import uvicorn

from anysense.server.http.app import create_app

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from anysense.index.collection import Collection
    from anysense.server.http.settings import Settings

__all__ = ["handled_by", "listening", "serving"]


@contextmanager
def listening(
    collection: Collection, settings: Settings | None = None
) -> Iterator[tuple[str, FastAPI]]:
    """A server that answers: where, and its app."""
    app = create_app(collection, settings)
    with serving(app) as url:
        yield url, app


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """A server of an app: where it answers."""
    started = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: object = None) -> None:
            await super().startup()
            started.set()

    server = Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    try:
        assert started.wait(60)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(60)


@contextmanager
def handled_by(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """A server of the standard library, to stand in for others: where it answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
