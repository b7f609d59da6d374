"""`/search`."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from anysense.index.ranking.options import MAX_K
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
from anysense.server.http.schemas.cursors import SearchCursor
from anysense.server.http.schemas.fields import read_fields
from anysense.server.http.schemas.search import HitBody, SearchBody, SearchRequest

if TYPE_CHECKING:
    from anysense.index.ranking.hit import Hits
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
    hits = await served.retrieving(terms, **{name: getattr(body, name) for name in OPTIONS})
    took_ms = round((time.perf_counter() - start) * 1000, 3)
    fields = read_fields(body.fields, HitBody)
    values = [hit.to_dict() for hit in hits]
    return reply(
        {
            "hits": values if fields is None else [fields.of(hit) for hit in values],
            "no_match": hits.no_match,
            "state": hits.state,
            "next_cursor": _next_cursor(body, hits),
            "took_ms": took_ms,
        }
    )


def _next_cursor(body: SearchRequest, hits: Hits) -> str | None:
    """Where the page after this one begins, if there may be one."""
    offset = body.offset + body.k
    if len(hits) < body.k or offset + body.k > MAX_K:
        return None
    return SearchCursor(state=hits.state, offset=offset, k=body.k).to_text()


async def _read_search(
    request: Request, served: ServedCollection
) -> tuple[SearchRequest, list[Term]]:
    if not is_form(request):
        body = await read_json(request, SearchRequest)
        return body, await served.reading(search_terms, body)
    async with read_form(request, service_of(request).settings, UPLOADS) as form:
        body = validate(SearchRequest, form.values(lists=("not", "modalities", "fields")))
        files = {name: await file.read() for name, file in form.files.items()}
    return body, await served.reading(search_terms, body, files)
