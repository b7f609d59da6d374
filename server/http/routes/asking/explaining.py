"""`/search/explain`: why a search finds an item."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response

from anysense.embed.stages import stage
from anysense.embed.waiting import limit_waiter
from anysense.server.http.bodies.addresses import fetch_addresses
from anysense.server.http.bodies.queries import media_uris, search_terms
from anysense.server.http.bodies.reading import read_json
from anysense.server.http.openapi.bodies import json_body, one_of_bodies
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import collection_of, reply, service_of, shown
from anysense.server.http.routes.search import check_search, options_of
from anysense.server.http.schemas.asking.explaining import ExplainRequest, ExplanationBody

if TYPE_CHECKING:
    from anysense.index.ranking.query import Term
    from anysense.server.http.service.served import ServedCollection

__all__ = ["router"]

router = APIRouter(tags=["search"])


@router.post(
    "/search/explain",
    response_model=ExplanationBody,
    responses=refusals(404, 410, 507),
    openapi_extra=one_of_bodies(json_body("ExplainRequest")),
)
async def explain_hit(request: Request) -> Response:
    """Tell why a search finds an item: its score beside what chance gives, and each term's share.

    The body is that of the search, with the `id` of the item. With the same `k` and `state` the
    score is that of the hit.
    """
    served = collection_of(request)
    with stage("parse"):
        body, terms = await _read_question(request, served)
    limit_waiter(body.timeout)
    await check_search(request, body, terms)
    explanation = await served.explaining(terms, body.id, **options_of(body))
    return reply(shown(request, explanation.to_dict()))


async def _read_question(
    request: Request, served: ServedCollection
) -> tuple[ExplainRequest, list[Term]]:
    body = await read_json(request, ExplainRequest)
    fetched = await fetch_addresses(service_of(request), media_uris(body))
    return body, await served.reading(search_terms, body, None, fetched)
