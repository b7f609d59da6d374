"""How the service is."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from anysense.server.http.routes.common import reply, service_of
from anysense.server.http.schemas.state import ErrorBody, Status
from anysense.server.http.service.service import READY

__all__ = ["router"]

NOT_READY: dict[int | str, dict[str, Any]] = {
    503: {"model": Status | ErrorBody, "description": "Searches cannot be answered now."}
}

router = APIRouter(tags=["service"])


@router.get("/health", response_model=Status)
async def get_health() -> Response:
    """Whether the service runs."""
    return reply({"status": "ok", "reason": None})


@router.get("/ready", response_model=Status, responses=NOT_READY)
async def get_ready(request: Request) -> Response:
    """Whether searches can be answered now: 503 with the reason if not.

    That is so once the encoders are loaded, as long as each encodes something small in time, the
    catalogs can be read and a Milvus server that has an index answers, and until the service is
    told to stop. An answer holds for some seconds.
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
