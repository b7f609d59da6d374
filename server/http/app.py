"""The HTTP service as an ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from pydantic.json_schema import models_json_schema
from starlette.concurrency import run_in_threadpool

from anysense import __version__
from anysense.server.http import errors as http_errors
from anysense.server.http.guards.body import BodyGuard
from anysense.server.http.guards.host import HostGuard
from anysense.server.http.life.guard import StopGuard
from anysense.server.http.monitoring.monitor import RequestMonitor
from anysense.server.http.monitoring.tracing import find_tracing
from anysense.server.http.routes import items, media, search, state
from anysense.server.http.routes.common import NAME, collection_name
from anysense.server.http.schemas.items import NewText, NewUpload
from anysense.server.http.schemas.search import SearchRequest
from anysense.server.http.service.service import CURRENT, Service
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp

    from anysense.index.collection import Collection

__all__ = ["create_app"]

NAMED = (Depends(collection_name),)
FLUSH_SECONDS = 2.0
REFERENCE = "#/components/schemas/{model}"


def create_app(
    collections: Collection | Mapping[str, Collection], settings: Settings | None = None
) -> FastAPI:
    """An ASGI application that searches and changes collections.

    Its lifespan loads the encoders in the background.

    Args:
        collections: what to serve, one or several by name; they stay the caller's to close.
        settings: limits and who may ask.

    Raises:
        UsageError: the settings ask for traces, and OpenTelemetry is not installed.
    """
    by_name = collections if isinstance(collections, Mapping) else {CURRENT: collections}
    service = Service(by_name, settings or Settings())
    tracing = find_tracing(service.settings.tracing)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop(service.patience())
        if tracing is not None:
            await run_in_threadpool(
                tracing.stop, min(FLUSH_SECONDS, service.life.seconds_left(FLUSH_SECONDS))
            )

    app = FastAPI(title="anysense", version=__version__, lifespan=lifespan)
    app.state.service = service
    http_errors.install(app)
    app.include_router(state.router)
    for group in (search, media, items):  # a file's address is also one of an item, by its form
        app.include_router(group.router, prefix="/v1")
        app.include_router(group.router, prefix=f"/v1/collections/{{{NAME}}}", dependencies=NAMED)
    app.add_middleware(BodyGuard, settings=service.settings)
    app.add_middleware(HostGuard, settings=service.settings)
    build_stack = app.build_middleware_stack

    def monitored() -> ASGIApp:
        # Outside of all that FastAPI puts around middleware: its 500s have ids and are counted too.
        return RequestMonitor(StopGuard(build_stack(), service.life), service.metrics, tracing)

    app.build_middleware_stack = monitored  # type: ignore[method-assign]
    app.openapi = with_bodies(app.openapi)  # type: ignore[method-assign]
    return app


def with_bodies(generate: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    """Add to the OpenAPI document the models of bodies that routes read themselves."""
    models = (SearchRequest, NewText, NewUpload)
    _, bodies = models_json_schema([(m, "validation") for m in models], ref_template=REFERENCE)

    def openapi() -> dict[str, Any]:
        document = generate()
        document["components"]["schemas"].update(bodies["$defs"])
        return document

    return openapi
