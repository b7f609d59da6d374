"""The service as a process that listens, until it is told to stop."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from anysense.server.http.app import create_app
from anysense.server.http.monitoring.logs import logging_as
from anysense.server.http.monitoring.tracing import SENDING
from anysense.server.http.settings import LOOPBACK_HOSTS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from anysense.index.collection import Collection

__all__ = ["serve"]

logger = logging.getLogger(__name__)
LAST_SECONDS = 1.0
"""How long threads that still work may take after the last answer."""


def serve(
    collections: Collection | Mapping[str, Collection],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    settings: Settings | None = None,
    log_level: str = "info",
    on_start: Callable[[int], None] | None = None,
) -> None:
    """Serve collections until SIGINT or SIGTERM.

    Then /ready turns, the port is closed, and open requests are finished, for as long as the
    settings say; those that take longer are answered with 503. A second signal ends the process at
    once. SIGHUP reloads what the settings and collections are read from. If threads still work at
    the end, as a library that is being loaded, the process ends here, with status 0.

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

    from anysense.server.http.life.server import LifeServer

    if settings is None:
        local = host in ("localhost", "::1") or host.startswith("127.")
        settings = Settings(allowed_hosts=(*LOOPBACK_HOSTS, host) if local else ("*",))
    with logging_as(settings.log_format, log_level):
        app = create_app(collections, settings)
        config = uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            log_level=log_level,
            access_log=False,  # the service logs requests itself
            server_header=False,
            timeout_graceful_shutdown=int(settings.shutdown_timeout) + 1,
        )
        server = LifeServer(config, app.state.service.life, settings.shutdown_timeout, on_start)
        server.run()
        end_if_busy()


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
