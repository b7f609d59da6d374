"""The service as a process that listens, until it is told to stop."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from anysense.server.http.app import create_app
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from anysense.index.collection import Collection

__all__ = ["serve"]


def serve(
    collections: Collection | Mapping[str, Collection],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    settings: Settings | None = None,
    log_level: str = "info",
    on_start: Callable[[int], None] | None = None,
) -> None:
    """Serve collections until SIGINT or SIGTERM; requests that run are finished first.

    Bound to this machine alone, the service answers only requests that name it; bound to anything
    else, it answers whatever name it is called by, unless the settings say otherwise.

    Args:
        collections: what to serve, one or several by name; they stay the caller's to close.
        host: the address to listen at.
        port: the port; 0 for any that is free.
        settings: limits and who may ask.
        log_level: of uvicorn's log.
        on_start: called with the port once the service listens.

    Raises:
        SystemExit: it cannot listen there; uvicorn's log says why.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if on_start is not None and self.started:
                on_start(self.servers[0].sockets[0].getsockname()[1])

    config = uvicorn.Config(
        create_app(collections, settings or Settings.at(host)),
        host=host,
        port=port,
        log_level=log_level,
        server_header=False,
        timeout_graceful_shutdown=30,
    )
    with contextlib.suppress(KeyboardInterrupt):  # the way to stop it, raised when all is done
        Server(config).run()
