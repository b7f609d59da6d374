"""What the collection holds, and how the service is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from anysense.server.http import schemas
from anysense.server.http.routes.common import ERROR, reply, service_of

__all__ = ["router"]

router = APIRouter(responses=ERROR)


@router.get("/v1/collections/current", response_model=dict[str, Any])
async def get_collection(request: Request) -> Response:
    """What the collection holds, as `anysense info --json` prints it."""
    service = service_of(request)
    return reply(await service.searching(service.collection.info))


@router.get("/health", response_model=schemas.Status)
async def get_health() -> Response:
    """Whether the service runs."""
    return reply({"status": "ok", "reason": None})


@router.get("/ready", response_model=schemas.Status)
async def get_ready(request: Request) -> Response:
    """Whether the encoders are loaded: 503 until they are, with the reason if they cannot be."""
    service = service_of(request)
    status = 200 if service.status == "ready" else 503
    return reply({"status": service.status, "reason": service.reason}, status)
