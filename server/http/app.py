"""The HTTP service as an ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from anysense import __version__
from anysense.server.http import errors as http_errors
from anysense.server.http.access.key_ring import KeyRing
from anysense.server.http.guards.access import AccessGuard
from anysense.server.http.guards.body import BodyGuard
from anysense.server.http.guards.headers import HeaderGuard
from anysense.server.http.guards.host import HostGuard
from anysense.server.http.guards.methods import MethodGuard
from anysense.server.http.guards.proxy import ProxyGuard
from anysense.server.http.guards.sites import SiteGuard
from anysense.server.http.guards.waiter import WaiterGuard
from anysense.server.http.life.guard import StopGuard
from anysense.server.http.monitoring.monitor import RequestMonitor
from anysense.server.http.monitoring.tracing import find_tracing
from anysense.server.http.openapi.document import completed
from anysense.server.http.openapi.tags import SUMMARY, TAGS, operation_id
from anysense.server.http.routes import (
    access,
    batch,
    browse,
    embeddings,
    items,
    jobs,
    maps,
    media,
    models,
    progress,
    search,
    segments,
    state,
)
from anysense.server.http.routes import collections as collection_list
from anysense.server.http.routes.asking import explaining, fields, queries
from anysense.server.http.routes.common import NAME, collection_name
from anysense.server.http.routes.pages import docs, page
from anysense.server.http.service.service import CURRENT, Service
from anysense.server.http.settings import Settings
from anysense.server.http.workers.forwarding import ForwardGuard

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import ASGIApp

    from anysense.index.collection import Collection
    from anysense.server.http.workers.worker import Worker

__all__ = ["create_app"]

NAMED = (Depends(collection_name),)
OF_A_COLLECTION = (
    *(search, explaining, fields, queries),
    *(batch, jobs, progress, maps),
    *(media, segments, browse, items),  # a file's address is also one of an item, by its form
)
"""The addresses of a collection; of two that fit a path the first counts."""
FLUSH_SECONDS = 2.0


def create_app(
    collections: Collection | Mapping[str, Collection],
    settings: Settings | None = None,
    worker: Worker | None = None,
) -> FastAPI:
    """An ASGI application that searches and changes collections.

    Its lifespan loads the encoders in the background.

    Args:
        collections: what to serve, one or several by name; they stay the caller's to close.
        settings: limits and who may ask.
        worker: which process this is, if the service has several.

    Raises:
        UsageError: the file of keys cannot be used, or traces are asked for, and OpenTelemetry is
            not installed.
    """
    by_name = collections if isinstance(collections, Mapping) else {CURRENT: collections}
    service = Service(by_name, settings or Settings(), worker)
    tracing = find_tracing(service.settings.tracing)
    keys = KeyRing(service.settings)
    service.life.on_reload.append(keys.reload)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        if worker is not None and worker.listens_late:
            await service.loaded()
        yield
        service.stop(service.patience())
        await service.jobs_ended(service.patience())
        if tracing is not None:
            await run_in_threadpool(
                tracing.stop, min(FLUSH_SECONDS, service.life.seconds_left(FLUSH_SECONDS))
            )

    app = FastAPI(
        title="anysense",
        version=__version__,
        description=SUMMARY,
        openapi_tags=TAGS,
        generate_unique_id_function=operation_id,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.service = service
    app.state.keys = keys
    http_errors.install(app)
    for group in (state, access, docs, collection_list, embeddings, models):
        app.include_router(group.router)
    if service.settings.page:
        app.include_router(page.router)
    for group in OF_A_COLLECTION:
        app.include_router(group.router, prefix="/v1")
        app.include_router(group.router, prefix=f"/v1/collections/{{{NAME}}}", dependencies=NAMED)
    app.add_middleware(WaiterGuard, settings=service.settings)
    if worker is not None and not worker.is_writer:
        app.add_middleware(ForwardGuard, socket=worker.writer_socket)
    app.add_middleware(BodyGuard, settings=service.settings)
    app.add_middleware(MethodGuard)
    app.add_middleware(AccessGuard, settings=service.settings, keys=keys)
    app.add_middleware(SiteGuard, settings=service.settings)
    app.add_middleware(HostGuard, settings=service.settings)
    app.add_middleware(ProxyGuard, settings=service.settings)
    app.add_middleware(HeaderGuard)
    described = completed(app.openapi, needs_keys=not keys.is_open)
    app.openapi = described  # type: ignore[method-assign]
    build_stack = app.build_middleware_stack

    def monitored() -> ASGIApp:
        # Outside of all that FastAPI puts around middleware: its 500s have ids and are counted too.
        return RequestMonitor(StopGuard(build_stack(), service.life), service.metrics, tracing)

    app.build_middleware_stack = monitored  # type: ignore[method-assign]
    return app
