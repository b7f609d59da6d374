"""Jobs: items that are added after the answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from anysense.server.http.batches.job import JobStatus
from anysense.server.http.schemas.batch import ItemResult
from anysense.server.http.schemas.state import ErrorDetail

__all__ = ["Job", "JobBody", "JobList"]


class Job(BaseModel):
    """How a job stands."""

    id: str
    status: JobStatus
    total: Annotated[int, Field(description="How many items it has.")]
    done: Annotated[int, Field(description="How many of them are dealt with.")]
    failed: Annotated[int, Field(description="How many of those could not be added.")]
    error: Annotated[
        ErrorDetail | None, Field(description="Why it has failed, or what it waits for.")
    ]
    created_at: Annotated[float, Field(description="Seconds since 1970, UTC.")]
    started_at: float | None
    ended_at: float | None


class JobResult(ItemResult):
    """What became of one of its items."""

    index: Annotated[int, Field(description="The place of the item in what was sent, from 0.")]


class JobBody(Job):
    """A job, with what became of some of its items."""

    results: list[JobResult]
    next_cursor: Annotated[
        str | None, Field(description="Give it as `cursor` for what follows; null at the end.")
    ]


class JobList(BaseModel):
    """The jobs, the newest first."""

    jobs: list[Job]
