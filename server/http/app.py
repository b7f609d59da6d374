"""The HTTP service as an ASGI application."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import Depends, FastAPI
from pydantic.json_schema import models_json_schema

from anysense import __version__
from anysense.server.http import errors as http_errors
from anysense.server.http.guards.body import BodyGuard
from anysense.server.http.guards.host import HostGuard
from anysense.server.http.guards.waiter import WaiterGuard
from anysense.server.http.routes import items, media, search, state
from anysense.server.http.routes.common import NAME, collection_name
from anysense.server.http.schemas.items import NewText, NewUpload
from anysense.server.http.schemas.search import SearchRequest
from anysense.server.http.service.service import CURRENT, Service
from anysense.server.http.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from anysense.index.collection import Collection

__all__ = ["create_app"]

NAMED = (Depends(collection_name),)
REFERENCE = "#/components/schemas/{model}"


def create_app(
    collections: Collection | Mapping[str, Collection], settings: Settings | None = None
) -> FastAPI:
    """An ASGI application that searches and changes collections.

    Its lifespan loads the encoders in the background.

    Args:
        collections: what to serve, one or several by name; they stay the caller's to close.
        settings: limits and who may ask.
    """
    by_name = collections if isinstance(collections, Mapping) else {CURRENT: collections}
    service = Service(by_name, settings or Settings())

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        yield
        service.stop()

    app = FastAPI(title="anysense", version=__version__, lifespan=lifespan)
    app.state.service = service
    http_errors.install(app)
    app.include_router(state.router)
    for group in (search, media, items):  # a file's address is also one of an item, by its form
        app.include_router(group.router, prefix="/v1")
        app.include_router(group.router, prefix=f"/v1/collections/{{{NAME}}}", dependencies=NAMED)
    app.add_middleware(WaiterGuard, settings=service.settings)
    app.add_middleware(BodyGuard, settings=service.settings)
    app.add_middleware(HostGuard, settings=service.settings)
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
