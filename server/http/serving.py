"""The service as a process that listens, until it is told to stop."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from anysense.embed.errors import UsageError
from anysense.server.http.app import create_app
from anysense.server.http.connections.head import HEAD_BYTES
from anysense.server.http.life.noting import noting
from anysense.server.http.listening import (
    certificate_of,
    check_exposure,
    listen,
    names_answered,
    resolve,
)
from anysense.server.http.monitoring.logs import logging_as
from anysense.server.http.monitoring.tracing import SENDING
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping, Sequence

    import uvicorn
    from starlette.types import ASGIApp

    from anysense.index.collection import Collection

__all__ = ["checked", "end_if_busy", "serve", "server_config"]

logger = logging.getLogger(__name__)
LAST_SECONDS = 1.0
"""How long threads that still work may take after the last answer."""


def serve(
    collections: Collection | Mapping[str, Collection],
    *,
    host: str | None = None,
    port: int | None = None,
    settings: Settings | None = None,
    log_level: str | None = None,
    on_start: Callable[[int], None] | None = None,
    ends_process: bool = False,
) -> None:
    """Serve collections until SIGINT or SIGTERM.

    Then /ready turns, the port is closed, and open requests are finished, for as long as the
    settings say; those that take longer are answered with 503. A second signal ends the process at
    once. SIGHUP reloads what the settings and collections are read from.

    Bound to this machine alone, the service answers only requests that name it; bound to anything
    else, it needs keys, and answers whatever name it is called by unless the settings name some.

    Args:
        collections: what to serve, one or several by name; they stay the caller's to close.
        host: the address to listen at, if it is not that of the settings.
        port: the port, likewise; 0 for any that is free.
        settings: limits, where to listen, and who may ask.
        log_level: of uvicorn's log, likewise.
        on_start: called with the port once the service listens.
        ends_process: whether the process may end here, with status 0, if threads still work at the
            end that nobody waits for, as one that loads a library.

    Raises:
        UsageError: everybody beyond this machine would be let in, or keys or certificates cannot
            be used.
        AnysenseError: it cannot listen there.
    """
    from anysense.server.http.life.server import LifeServer

    given = {"host": host, "port": port, "log_level": log_level}
    changes = {name: value for name, value in given.items() if value is not None}
    settings = (settings or Settings()).model_copy(update=changes)
    if settings.workers > 1:
        raise UsageError("Several processes open collections themselves: see `serve_in_processes`.")
    addresses = resolve(settings.host, settings.port)
    settings = checked(addresses, settings)
    with logging_as(settings.log_format, settings.log_level):
        app = create_app(collections, settings)
        config = server_config(app, settings)
        sockets = listen(addresses, settings)
        service = app.state.service
        folders = {name: one.collection.path for name, one in service.collections.items()}
        try:
            with noting(folders, settings, on_start) as note:
                LifeServer(config, service.life, settings.shutdown_timeout, note).run(sockets)
        finally:
            for one in sockets:
                one.close()
        if ends_process:
            end_if_busy()


def checked(addresses: Sequence[tuple[socket.AddressFamily, str]], settings: Settings) -> Settings:
    """Settings that can be served with, and the names that the service answers to at addresses.

    Raises:
        UsageError: everybody beyond this machine would be let in, or certificates cannot be used.
    """
    check_exposure(addresses, settings)
    certificate_of(settings)  # before anything is loaded
    return settings.model_copy(update={"allowed_hosts": names_answered(addresses, settings)})


def server_config(
    app: ASGIApp, settings: Settings, most_accepted: int = 2048, head_bytes: int = HEAD_BYTES
) -> uvicorn.Config:
    """How uvicorn serves an application.

    Args:
        app: the application.
        settings: limits and certificates.
        most_accepted: how many connections are taken in one go.
        head_bytes: the longest head of a request.
    """
    import uvicorn

    from anysense.server.http.connections.capacity import capacity_of
    from anysense.server.http.connections.tls import protocol_of

    capacity = capacity_of(settings.connections)
    return uvicorn.Config(
        app,
        log_config=None,
        log_level=settings.log_level,
        access_log=False,  # the service logs requests itself
        server_header=False,
        proxy_headers=False,  # the app has a guard for them
        timeout_graceful_shutdown=int(settings.shutdown_timeout) + 1,
        http=protocol_of(settings, capacity, certificate_of(settings)),  # type: ignore[arg-type]  # it wants a class
        loop="asyncio",  # TLS is that of asyncio's own connections
        ws="none",
        reset_contextvars=True,  # or a request may be begun in what the last one was done in
        h11_max_incomplete_event_size=head_bytes,
        backlog=min(capacity.backlog, most_accepted),
    )


def end_if_busy() -> None:
    """End the process if threads still work: Python would wait for them, or they meet its end.

    Everything acknowledged is on the disk. A model that is being loaded, or a text that nobody
    waits for any more, may take minutes.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    deadline = time.monotonic() + LAST_SECONDS
    for thread in threads_at_work():
        thread.join(max(0.0, deadline - time.monotonic()))
    if busy := threads_at_work():
        logger.info("Ended while threads were at work: %s", ", ".join(t.name for t in busy))
        logging.shutdown()
        os._exit(0)


def threads_at_work() -> list[threading.Thread]:
    """Threads of the service that have not come to an end."""
    names = ("warm-up", "publish", "readiness", SENDING, "AnyIO worker")
    return [thread for thread in threading.enumerate() if thread.name.startswith(names)]
