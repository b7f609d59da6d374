"""`/jobs`: what is added after its answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from anysense.server.http.openapi.refusals import refusals
from anysense.server.http.routes.common import collection_of, reply
from anysense.server.http.schemas.jobs import Job, JobBody, JobList

__all__ = ["router"]

JobId = Annotated[
    str, Path(description="The `id` of a job.", examples=["job-1f0c5b12d47e883f9a0c5b12d47e883f"])
]

router = APIRouter(tags=["jobs"])


@router.get("/jobs", response_model=JobList)
async def get_jobs(request: Request) -> Response:
    """The jobs that wait, run or have ended lately, the newest first."""
    jobs = collection_of(request).jobs.all()
    return reply({"jobs": [job.to_dict() for job in jobs]})


@router.get("/jobs/{job_id}", response_model=JobBody, responses=refusals(404))
async def get_job(
    request: Request,
    job_id: JobId,
    cursor: Annotated[
        str | None,
        Query(pattern=r"^\d{1,18}$", description="The `next_cursor` of the page before."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000, description="How many results at most.")] = 100,
    only_failed: Annotated[bool, Query(description="Only results with an error.")] = False,
) -> Response:
    """How a job stands, with what became of its items, in pages."""
    served = collection_of(request)
    job = served.jobs.find(job_id)
    state = job.to_dict()  # before its results are read: a job that is done has them all
    results, following = await served.reading(
        job.results, int(cursor or 0), limit, only_failed=only_failed
    )
    next_cursor = None if following is None else str(following)
    return reply({**state, "results": results, "next_cursor": next_cursor})


@router.delete("/jobs/{job_id}", response_model=Job, responses=refusals(404, 507))
async def delete_job(request: Request, job_id: JobId) -> Response:
    """Cancel a job: what it has added stays. One that has ended is forgotten, with its results."""
    jobs = collection_of(request).jobs
    job = jobs.find(job_id)
    if job.is_over:
        await jobs.forget(job)
    else:
        await jobs.cancel(job)
    return reply(job.to_dict())


@router.post("/jobs/{job_id}/cancel", response_model=Job, responses=refusals(404, 507))
async def cancel_job(request: Request, job_id: JobId) -> Response:
    """Cancel a job, or leave one that has ended as it is."""
    jobs = collection_of(request).jobs
    job = jobs.find(job_id)
    if not job.is_over:
        await jobs.cancel(job)
    return reply(job.to_dict())
