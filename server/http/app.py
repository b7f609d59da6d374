"""The HTTP service of one collection."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from anysense import __version__
from anysense.server.http import errors as http_errors
from anysense.server.http import schemas
from anysense.server.http.guards import BodyGuard, HostGuard
from anysense.server.http.routes import items, search, state
from anysense.server.http.service import Service
from anysense.server.http.settings import LOOPBACK_HOSTS, Settings

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncIterator, Callable

    from anysense.index.collection import Collection

__all__ = ["create_app", "serve"]

REFERENCE = "#/components/schemas/{model}"


def create_app(collection: Collection, settings: Settings | None = None) -> FastAPI:
    """An ASGI application that searches and changes a collection.

    Its lifespan loads the encoders in the background. The collection stays the caller's to close.
    """
    service = Service(collection, settings or Settings())

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()

    app = FastAPI(title="anysense", version=__version__, lifespan=lifespan)
    app.state.service = service
    http_errors.install(app)
    for group in (search, items, state):
        app.include_router(group.router)
    app.add_middleware(BodyGuard, settings=service.settings)
    app.add_middleware(HostGuard, settings=service.settings)
    app.openapi = with_bodies(app.openapi)  # type: ignore[method-assign]
    return app


def with_bodies(generate: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Add to the OpenAPI document the models of bodies that routes read themselves."""
    models = (schemas.SearchRequest, schemas.NewText, schemas.NewUpload)
    _, bodies = models_json_schema([(m, "validation") for m in models], ref_template=REFERENCE)

    def openapi() -> dict[str, Any]:
        document = generate()
        document["components"]["schemas"].update(bodies["$defs"])
        return document

    return openapi


def serve(
    collection: Collection,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    settings: Settings | None = None,
    log_level: str = "info",
    on_start: Callable[[int], None] | None = None,
) -> None:
    """Serve a collection until SIGINT or SIGTERM; requests that run are finished first.

    Bound to this machine alone, the service answers only requests that name it; bound to anything
    else, it answers whatever name it is called by, unless the settings say otherwise.

    Args:
        collection: what to serve; it stays the caller's to close.
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

    if settings is None:
        local = host in ("localhost", "::1") or host.startswith("127.")
        settings = Settings(allowed_hosts=(*LOOPBACK_HOSTS, host) if local else ("*",))
    config = uvicorn.Config(
        create_app(collection, settings),
        host=host,
        port=port,
        log_level=log_level,
        server_header=False,
        timeout_graceful_shutdown=30,
    )
    with contextlib.suppress(KeyboardInterrupt):  # the way to stop it, raised when all is done
        Server(config).run()
