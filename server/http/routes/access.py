"""`/v1/access`: what whoever asks may do, for pages and programs that ask for a key."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from anysense import __version__
from anysense.server.http.access.keys import SCOPES
from anysense.server.http.routes.common import reply, service_of
from anysense.server.http.schemas.state import Access

__all__ = ["router"]

# It depends on the key, which caches do not look at.
HEADERS = {"cache-control": "no-store"}

router = APIRouter(tags=["service"])


@router.get("/v1/access", response_model=Access)
async def get_access(request: Request) -> Response:
    """What this client may do. It needs no key: without one, it tells whether one is needed.

    A key that is none of the service's may do nothing, and is told so by that.
    """
    service = service_of(request)
    needs_key = not request.app.state.keys.is_open
    # None is of a request that brings no key of the service.
    scopes = getattr(request.state, "key_scopes", None)
    if scopes is None:
        scopes = () if needs_key else SCOPES
    answer = {
        "version": __version__,
        "needs_key": needs_key,
        "scopes": [scope for scope in SCOPES if scope in scopes],
        "fetches_urls": service.fetcher is not None,
        "collections": list(service.collections) if "read" in scopes else [],
    }
    return reply(answer, headers=HEADERS)
