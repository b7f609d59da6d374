"""`POST /v1/search`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from anysense.server.http import schemas
from anysense.server.http.bodies import is_form, read_form, read_json, validate
from anysense.server.http.queries import search_terms
from anysense.server.http.routes.common import ERROR, FILE, TEXT, body_of, reply, service_of

if TYPE_CHECKING:
    from anysense.index.ranking.query import Term
    from anysense.server.http.service import Service

__all__ = ["router"]

UPLOADS = ("image", "audio")
FORM = {
    name: FILE if name in UPLOADS else TEXT
    for name in schemas.SearchRequest.model_json_schema()["properties"]
}
OPTIONS = (
    *("k", "modalities", "where", "min_score", "per_modality_k"),
    *("offset", "state", "fusion", "collapse"),
)
"""Fields of a search that are arguments of `Retriever.retrieve`, by the same names."""

router = APIRouter(responses=ERROR)


@router.post(
    "/v1/search",
    response_model=schemas.SearchBody,
    openapi_extra=body_of("SearchRequest", FORM),
)
async def search(request: Request) -> Response:
    """Find items of every modality by text, image, sound, or several of them."""
    service = service_of(request)
    start = time.perf_counter()
    body, terms = await _read_search(request, service)
    hits = await service.retrieving(terms, **{name: getattr(body, name) for name in OPTIONS})
    took_ms = round((time.perf_counter() - start) * 1000, 3)
    return reply(
        {
            "hits": [hit.to_dict() for hit in hits],
            "no_match": hits.no_match,
            "state": hits.state,
            "took_ms": took_ms,
        }
    )


async def _read_search(
    request: Request, service: Service
) -> tuple[schemas.SearchRequest, list[Term]]:
    if not is_form(request):
        body = await read_json(request, schemas.SearchRequest)
        return body, await service.searching(search_terms, body)
    async with read_form(request, service.settings, UPLOADS) as form:
        body = validate(schemas.SearchRequest, form.values(lists=("not", "modalities")))
        files = {name: await file.read() for name, file in form.files.items()}
    return body, await service.searching(search_terms, body, files)
