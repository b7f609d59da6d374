"""`/v1/collections`: what is served."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from anysense.server.http.routes.common import collection_name, reply, service_of, shows_paths
from anysense.server.http.schemas.collections import CollectionList

if TYPE_CHECKING:
    from anysense.server.http.service.served import ServedCollection

__all__ = ["router"]

router = APIRouter(tags=["collections"])


@router.get("/v1/collections", response_model=CollectionList)
async def get_collections(request: Request) -> Response:
    """List the collections that are served; the first is also called `current`."""
    served = service_of(request).collections.values()
    return reply({"collections": [await one.reading(_summary, one) for one in served]})


@router.get("/v1/collections/{collection}", response_model=dict[str, Any])
async def get_collection(
    request: Request, collection: Annotated[str, Depends(collection_name)]
) -> Response:
    """What a collection holds, as `anysense info --json` prints it."""
    served = service_of(request).collection(collection)
    facts = await served.reading(served.collection.info)
    if not shows_paths(request):
        facts = {**facts, "path": served.name}
    return reply(facts)


def _summary(served: ServedCollection) -> dict[str, Any]:
    snapshot = served.collection.snapshot()
    kinds = snapshot.items_by_kind()
    return {
        "name": served.name,
        "items": sum(kinds.values()),
        "items_by_kind": kinds,
        "encoders": [encoder.name for encoder in snapshot.manifest.encoders],
    }
