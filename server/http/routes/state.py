"""What a collection holds, and how the service is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import PlainTextResponse

from anysense.server.http.routes.common import (
    ERROR,
    collection_name,
    reply,
    service_of,
    shows_paths,
)
from anysense.server.http.schemas.state import Status
from anysense.server.http.service.service import READY

__all__ = ["router"]

router = APIRouter(responses=ERROR)


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


@router.get("/health", response_model=Status)
async def get_health() -> Response:
    """Whether the service runs."""
    return reply({"status": "ok", "reason": None})


@router.get("/ready", response_model=Status, responses={503: {"model": Status}})
async def get_ready(request: Request) -> Response:
    """Whether searches can be answered now: 503 with the reason if not.

    That is so once the encoders are loaded, as long as each encodes something small in time and the
    catalogs can be read, and until the service is told to stop. An answer holds for some seconds.
    """
    status, reason = await service_of(request).readiness()
    answer = {"status": status, "reason": reason}
    return reply(answer, 200 if status == READY else 503)


@router.get("/metrics", response_class=PlainTextResponse)
async def get_metrics(request: Request) -> Response:
    """What the service counts and times, in the text format of Prometheus."""
    service = service_of(request)
    page, kind = await service.read_metrics(request.headers.get("accept", ""))
    return Response(page, headers={"content-type": kind})
