"""`/search`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from anysense.embed.waiting import limit_waiter
from anysense.server.http.bodies.forms import is_form, read_form
from anysense.server.http.bodies.queries import search_terms
from anysense.server.http.bodies.reading import read_json, validate
from anysense.server.http.routes.common import (
    ERROR,
    FILE,
    TEXT,
    body_of,
    collection_of,
    reply,
    service_of,
)
from anysense.server.http.schemas.search import SearchBody, SearchRequest

if TYPE_CHECKING:
    from anysense.index.ranking.query import Term
    from anysense.server.http.service.served import ServedCollection

__all__ = ["router"]

UPLOADS = ("image", "audio")
FORM = {
    name: FILE if name in UPLOADS else TEXT
    for name in SearchRequest.model_json_schema()["properties"]
}
OPTIONS = (
    *("k", "modalities", "where", "min_score", "per_modality_k"),
    *("offset", "state", "fusion", "collapse"),
)
"""Fields of a search that are arguments of `Retriever.retrieve`, by the same names."""

router = APIRouter(responses=ERROR)


@router.post(
    "/search",
    response_model=SearchBody,
    openapi_extra=body_of("SearchRequest", FORM),
)
async def search(request: Request) -> Response:
    """Find items of every modality by text, image, sound, or several of them."""
    served = collection_of(request)
    start = time.perf_counter()
    body, terms = await _read_search(request, served)
    limit_waiter(body.timeout)
    hits = await served.retrieving(terms, **{name: getattr(body, name) for name in OPTIONS})
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
    request: Request, served: ServedCollection
) -> tuple[SearchRequest, list[Term]]:
    if not is_form(request):
        body = await read_json(request, SearchRequest)
        return body, await served.reading(search_terms, body)
    async with read_form(request, service_of(request).settings, UPLOADS) as form:
        body = validate(SearchRequest, form.values(lists=("not", "modalities")))
        files = {name: await file.read() for name, file in form.files.items()}
    return body, await served.reading(search_terms, body, files)
