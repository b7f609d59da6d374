"""`/v1/collections`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from anysense.server.http.routes.common import ERROR, reply, service_of
from anysense.server.http.schemas.collections import CollectionList

if TYPE_CHECKING:
    from anysense.server.http.service.served import ServedCollection

__all__ = ["router"]

router = APIRouter(responses=ERROR)


@router.get("/v1/collections", response_model=CollectionList)
async def get_collections(request: Request) -> Response:
    """List the collections that are served; the first is also called `current`."""
    served = service_of(request).collections.values()
    return reply({"collections": [await one.reading(_summary, one) for one in served]})


def _summary(served: ServedCollection) -> dict[str, Any]:
    facts = served.collection.info()
    return {
        "name": served.name,
        "items": facts["items"],
        "items_by_kind": facts["items_by_kind"],
        "encoders": [encoder["name"] for encoder in facts["encoders"]],
    }
