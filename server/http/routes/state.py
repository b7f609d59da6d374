"""What a collection holds, and how the service is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from anysense.server.http.routes.common import ERROR, collection_name, reply, service_of
from anysense.server.http.schemas.state import Status

__all__ = ["router"]

router = APIRouter(responses=ERROR)


@router.get("/v1/collections/{collection}", response_model=dict[str, Any])
async def get_collection(
    request: Request, collection: Annotated[str, Depends(collection_name)]
) -> Response:
    """What a collection holds, as `anysense info --json` prints it."""
    served = service_of(request).collection(collection)
    return reply(await served.reading(served.collection.info))


@router.get("/health", response_model=Status)
async def get_health() -> Response:
    """Whether the service runs."""
    return reply({"status": "ok", "reason": None})


@router.get("/ready", response_model=Status)
async def get_ready(request: Request) -> Response:
    """Whether the encoders are loaded: 503 until they are, with the reason if they cannot be.

    Also 503 while a collection's folder is not in its place, so that nothing can be written.
    """
    service = service_of(request)
    problem = await service.problem()
    if problem is not None:
        return reply({"status": "failed", "reason": problem}, 503)
    status = 200 if service.status == "ready" else 503
    return reply({"status": service.status, "reason": service.reason}, status)
