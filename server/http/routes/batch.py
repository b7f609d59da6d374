"""`/items/batch`: adding and removing many items at once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from anysense.embed.errors import AbandonedError, AnysenseError, ItemNotFoundError
from anysense.server.http.access.scopes import public_path
from anysense.server.http.batches.adding import Outcome, add_together, failed_outcome
from anysense.server.http.batches.candidates import take_chunk
from anysense.server.http.bodies.batches import fill_spool, read_batch
from anysense.server.http.bodies.forms import check_json
from anysense.server.http.bodies.reading import read_json
from anysense.server.http.openapi.bodies import form, json_body, lines, one_of_bodies
from anysense.server.http.openapi.headers import headers, parameters
from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import collection_of, reply, service_of
from anysense.server.http.schemas.batch import BatchBody, BatchRemoval
from anysense.server.http.schemas.jobs import Job as JobModel

if TYPE_CHECKING:
    from anysense.server.http.batches.candidates import Candidate, Candidates
    from anysense.server.http.batches.job import Job
    from anysense.server.http.service.served import ServedCollection

__all__ = ["ACCEPTED", "Wait", "accepted", "is_deferred", "router"]

ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": JobModel,
        "description": "A job that adds what was sent.",
        "headers": headers("Location", maybe=("Preference-Applied",)),
    }
}

Wait = Annotated[
    bool | None,
    Query(description="False: answer at once, and add in a job; as `Prefer: respond-async`."),
]

router = APIRouter(tags=["items"])


def is_deferred(request: Request, wait: bool | None) -> bool:
    """Whether a client wants its answer before the work is done (RFC 7240)."""
    if wait is not None:
        return not wait
    preferences = ",".join(request.headers.getlist("prefer")).lower().split(",")
    return "respond-async" in {part.partition(";")[0].strip() for part in preferences}


def accepted(request: Request, job: Job) -> Response:
    """The answer to what has become a job, with its address."""
    base = public_path(request.scope).rpartition("/items")[0]
    headers = {"location": f"{base}/jobs/{job.id}"}
    if "prefer" in request.headers:
        headers["preference-applied"] = "respond-async"
    return reply(job.to_dict(), 202, headers)


@router.post(
    "/items/batch",
    response_model=BatchBody,
    responses={**ACCEPTED, **refusals(409, 507)},
    openapi_extra={
        **one_of_bodies(
            json_body("BatchRequest"), form("BatchForm", "id", "metadata"), lines("BatchItem")
        ),
        **parameters("Prefer"),
    },
)
async def add_batch(request: Request, wait: Wait = None) -> Response:
    """Add many items: JSON, lines of JSON, or a form with files; each has a result of its own.

    The answer comes when all are safe on the disk; with `wait=false` it comes at once, with a job.
    """
    served = collection_of(request)
    settings = service_of(request).settings
    if is_deferred(request, wait):
        async with served.jobs.taking_in() as spool:
            are_uploads = await fill_spool(request, spool, settings)
            return accepted(request, await served.jobs.submit(spool, are_uploads=are_uploads))
    async with read_batch(request, settings) as candidates:
        return await _answer(served, await _add_all(served, candidates))


async def _add_all(served: ServedCollection, candidates: Candidates) -> list[Outcome]:
    """Add everything, a few items at a time, so that others who write have their turn.

    Where something fails that is not of one item, what came before is safe and is told as such;
    what comes after is not tried.
    """
    outcomes: list[Outcome] = []
    failure: AnysenseError | None = None
    while chunk := await served.reading(take_chunk, candidates):
        added = failure or await _add_chunk(served, chunk)
        if isinstance(added, list):
            outcomes += added
        elif outcomes:
            failure = added
            outcomes += [failed_outcome(failure)] * len(chunk)
        else:
            raise added
    return outcomes


async def _add_chunk(
    served: ServedCollection, chunk: list[Candidate | AnysenseError]
) -> list[Outcome] | AnysenseError:
    try:
        return await served.writing(add_together, served.writer, served.roots, chunk)
    except AbandonedError:
        raise
    except AnysenseError as error:
        return error


@router.post(
    "/items/batch/delete",
    response_model=BatchBody,
    responses=refusals(507),
    openapi_extra=one_of_bodies(json_body("BatchRemoval")),
)
async def remove_batch(request: Request) -> Response:
    """Remove many items, and the files of those that were uploaded, all in one transaction."""
    served = collection_of(request)
    check_json(request)
    body = await read_json(request, BatchRemoval)
    return await _answer(served, await served.removing(_remove_all, served, body.ids))


def _remove_all(served: ServedCollection, ids: list[str]) -> list[Outcome]:
    with served.writer.several() as writes:
        for item_id in ids:
            writes.begin(item_id)
        existing = writes.remove(ids)
    return [
        Outcome(item_id, 200)
        if item_id in existing
        else failed_outcome(ItemNotFoundError(f"No item {item_id}."), item_id)
        for item_id in ids
    ]


async def _answer(served: ServedCollection, outcomes: list[Outcome]) -> Response:
    return Response(await served.reading(_body_of, outcomes), media_type="application/json")


def _body_of(outcomes: list[Outcome]) -> str:
    """The body of an answer, written one by one: there may be very many."""
    results = ", ".join(json.dumps(outcome.to_dict()) for outcome in outcomes)
    failed = sum(outcome.error is not None for outcome in outcomes)
    return f'{{"results": [{results}], "failed": {failed}}}'
