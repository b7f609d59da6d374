"""`/search` and `/search/batch`."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response

from anysense.embed.errors import AbandonedError, AnysenseError, DeadlineError
from anysense.embed.stages import stage
from anysense.embed.waiting import limit_waiter
from anysense.index.ranking.options import MAX_K
from anysense.server.http.bodies.addresses import fetch_addresses
from anysense.server.http.bodies.forms import check_json, is_form, read_form
from anysense.server.http.bodies.queries import is_of_texts, media_uris, query_mark, search_terms
from anysense.server.http.bodies.reading import read_fields, read_json, validate
from anysense.server.http.errors import RequestError, error_fields
from anysense.server.http.openapi.bodies import IN_JSON, form, json_body, one_of_bodies
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import (
    all_shown,
    collection_of,
    parse_where,
    reply,
    service_of,
    shows_paths,
)
from anysense.server.http.schemas.cursors import SearchCursor, read_cursor
from anysense.server.http.schemas.fields import read_field_names
from anysense.server.http.schemas.search import HitBody, SearchBody, SearchRequest
from anysense.server.http.schemas.search_batch import LooseSearches, SearchResults

if TYPE_CHECKING:
    from anysense.index.hits.hits import Hits
    from anysense.index.ranking.query import Term
    from anysense.server.http.service.served import ServedCollection

__all__ = ["router"]

UPLOADS = ("image", "audio", "video")
OPTIONS = (
    *("k", "modalities", "kinds", "where", "min_score", "per_modality_k"),
    *("offset", "state", "fusion", "collapse", "match"),
)
"""Fields of a search that are arguments of `Retriever.retrieve`, by the same names."""

BATCH_AT_ONCE = 8
"""How many searches of one request run at the same time: they share the batches of the models."""
BATCH_MEDIA = 64
BATCH_CHARACTERS = 500_000

router = APIRouter(tags=["search"])


@router.post(
    "/search",
    response_model=SearchBody,
    responses=refusals(404, 410, 507),
    openapi_extra=one_of_bodies(json_body("SearchRequest"), form("SearchForm", *IN_JSON)),
)
async def search(request: Request) -> Response:
    """Find items of every modality by text, image, sound, or several of them."""
    served = collection_of(request)
    start = time.perf_counter()
    with stage("parse"):
        body, terms = await _read_search(request, served)
    limit_waiter(body.timeout)
    return reply(await hits_of(request, body, terms, start))


@router.post(
    "/search/batch",
    response_model=SearchResults,
    openapi_extra=one_of_bodies(json_body("SearchBatch")),
)
async def search_batch(request: Request) -> Response:
    """Do several searches, each with a result or an error of its own."""
    check_json(request)
    served, service = collection_of(request), service_of(request)
    start = time.perf_counter()
    body = await read_json(request, LooseSearches)
    await served.reading(check_batch, body.searches)
    at_once = asyncio.Semaphore(BATCH_AT_ONCE)

    async def result_of(search: dict[str, Any]) -> dict[str, Any]:
        async with at_once:
            begin = time.perf_counter()
            try:
                one = await served.reading(validate, SearchRequest, search)
                fetched = await fetch_addresses(service, media_uris(one))
                terms = await served.reading(search_terms, one, None, fetched)
                return await hits_of(request, one, terms, begin)
            except (AbandonedError, DeadlineError):  # of the request as a whole
                raise
            except AnysenseError as error:
                return {"error": error_fields(error)}

    results = await asyncio.gather(*map(result_of, body.searches))
    return reply({"results": results, "took_ms": milliseconds(start)})


def check_batch(searches: list[dict[str, Any]]) -> None:
    """Bound what several searches hold together, as each is only bounded by itself.

    Raises:
        RequestError: it is too much.
    """
    media, characters = 0, 0
    for search in searches:
        terms = search.get("terms")
        parts = [search, *(terms if isinstance(terms, list) else ())]
        for part in (part for part in parts if isinstance(part, dict)):
            media += sum(part.get(name) is not None for name in (*UPLOADS, "upload"))
            characters += text_length(part.get("text"))
        characters += text_length(search.get("not"))
    if media > BATCH_MEDIA or characters > BATCH_CHARACTERS:
        message = (
            f"The searches have at most {BATCH_MEDIA} images and sounds and "
            f"{BATCH_CHARACTERS:,} characters of text together; send fewer at once."
        )
        raise RequestError(message, 413, "batch_too_large", "searches")


def text_length(value: Any) -> int:
    """The characters of a text or of a list of texts; what is neither is refused later."""
    values = value if isinstance(value, list) else [value]
    return sum(len(text) for text in values if isinstance(text, str))


async def hits_of(
    request: Request, body: SearchRequest, terms: list[Term], start: float
) -> dict[str, Any]:
    """What a search gives, as JSON holds it; `start` is when it began."""
    served = collection_of(request)
    mark = await check_search(request, body, terms)
    hits = await served.retrieving(terms, **options_of(body))
    fields = read_field_names(body.fields, HitBody)
    values = all_shown(request, [hit.to_dict() for hit in hits])
    return {
        "hits": values if fields is None else [fields.of(hit) for hit in values],
        "no_match": hits.no_match,
        "state": hits.state,
        "next_cursor": _next_cursor(body, hits, mark),
        "took_ms": milliseconds(start),
    }


def options_of(body: SearchRequest) -> dict[str, Any]:
    """The options of a search, as `Retriever.retrieve` takes them."""
    return {name: getattr(body, name) for name in OPTIONS}


async def check_search(request: Request, body: SearchRequest, terms: list[Term]) -> int:
    """See that a search may be done for this client; gives what tells it from others.

    Raises:
        FilterError: its filter asks for what this client may not learn.
        RequestError: its cursor is of another one.
    """
    served = collection_of(request)
    mark = await _mark_of(served, body, terms)
    if body.where is not None and not shows_paths(request):
        await served.reading(parse_where, request, body.where)
    return mark


def milliseconds(start: float) -> float:
    return round((time.perf_counter() - start) * 1000, 3)


async def _mark_of(served: ServedCollection, body: SearchRequest, terms: list[Term]) -> int:
    """What tells this search from others.

    Raises:
        RequestError: its cursor is of another one.
    """
    if any(isinstance(term.content, bytes) for term in terms):
        mark = await served.reading(query_mark, body, terms)
    else:
        mark = query_mark(body, terms)
    if body.cursor is not None and read_cursor(body.cursor, SearchCursor).mark != mark:
        message = "cursor: it is of another search; leave it out for the first page of this one."
        raise RequestError(message, 422, "invalid_value", "cursor")
    return mark


def _next_cursor(body: SearchRequest, hits: Hits, mark: int) -> str | None:
    """Where the page after this one begins, if there may be one."""
    offset = body.offset + body.k
    if len(hits) < body.k or offset + body.k > MAX_K:
        return None
    return SearchCursor(state=hits.state, offset=offset, k=body.k, mark=mark).to_text()


async def _read_search(
    request: Request, served: ServedCollection
) -> tuple[SearchRequest, list[Term]]:
    if not is_form(request):
        body = await read_json(request, SearchRequest)
        if is_of_texts(body):
            return body, search_terms(body)
        fetched = await fetch_addresses(service_of(request), media_uris(body))
        return body, await served.reading(search_terms, body, None, fetched)
    async with read_form(request, service_of(request).settings, UPLOADS) as form:
        body = await read_fields(
            form, SearchRequest, lists=("not", "modalities", "kinds", "fields")
        )
        files = {name: await file.read() for name, file in form.files.items()}
    fetched = await fetch_addresses(service_of(request), media_uris(body))
    return body, await served.reading(search_terms, body, files, fetched)
