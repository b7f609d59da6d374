"""`/progress`: what is being built now, by the service or by another process."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request, Response

from anysense.index.folder.progress import running
from anysense.server.http.routes.common import collection_of, reply
from anysense.server.http.schemas.progress import ProgressBody

__all__ = ["router"]

router = APIRouter(tags=["jobs"])


@router.get("/progress", response_model=ProgressBody)
async def get_progress(request: Request) -> Response:
    """Tell what is being built now, by whichever process, and how far it is.

    What clients add in jobs is told by `/v1/jobs`.
    """
    served = collection_of(request)
    found = await served.reading(running, served.collection.path)
    return reply({"builds": [asdict(one) for one in found]})
