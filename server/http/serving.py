"""The service as a process that listens, until it is told to stop."""

from __future__ import annotations

import contextlib
import ssl
from typing import TYPE_CHECKING, Any

from anysense.server.http.app import create_app
from anysense.server.http.listening import (
    check_certificate,
    check_exposure,
    listen,
    names_answered,
    resolve,
)
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from anysense.index.collection import Collection

__all__ = ["serve"]


def serve(
    collections: Collection | Mapping[str, Collection],
    *,
    host: str | None = None,
    port: int | None = None,
    settings: Settings | None = None,
    log_level: str | None = None,
    on_start: Callable[[int], None] | None = None,
) -> None:
    """Serve collections until SIGINT or SIGTERM; requests that run are finished first.

    Bound to this machine alone, the service answers only requests that name it; bound to anything
    else, it needs keys, and answers whatever name it is called by unless the settings name some.

    Args:
        collections: what to serve, one or several by name; they stay the caller's to close.
        host: the address to listen at, if it is not that of the settings.
        port: the port, likewise; 0 for any that is free.
        settings: limits, where to listen, and who may ask.
        log_level: of uvicorn's log, likewise.
        on_start: called with the port once the service listens.

    Raises:
        UsageError: everybody beyond this machine would be let in, or keys or certificates cannot
            be used.
        AnysenseError: it cannot listen there.
    """
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if on_start is not None and self.started and sockets:
                on_start(sockets[0].getsockname()[1])

    given = {"host": host, "port": port, "log_level": log_level}
    changes = {name: value for name, value in given.items() if value is not None}
    settings = (settings or Settings()).model_copy(update=changes)
    addresses = resolve(settings.host, settings.port)
    check_exposure(addresses, settings)
    check_certificate(settings)
    answering = {"allowed_hosts": names_answered(addresses, settings)}
    app = create_app(collections, settings.model_copy(update=answering))
    config = uvicorn.Config(
        app,
        log_level=settings.log_level,
        server_header=False,
        proxy_headers=False,  # the app has a guard for them
        timeout_graceful_shutdown=30,
        ws="none",
        **tls_options(settings),
    )
    sockets = listen(addresses, settings)
    try:
        with contextlib.suppress(KeyboardInterrupt):  # the way to stop it, raised when all is done
            Server(config).run(sockets)
    finally:
        for one in sockets:
            one.close()


def tls_options(settings: Settings) -> dict[str, Any]:
    """The certificates of the settings as uvicorn's options."""
    password, authorities = settings.ssl_keyfile_password, settings.ssl_ca_certs
    return {
        "ssl_certfile": settings.ssl_certfile,
        "ssl_keyfile": settings.ssl_keyfile,
        "ssl_keyfile_password": password.get_secret_value() if password is not None else None,
        "ssl_ca_certs": str(authorities) if authorities is not None else None,
        "ssl_cert_reqs": ssl.CERT_REQUIRED if authorities is not None else ssl.CERT_NONE,
    }
