"""What is being built, as the service tells it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

__all__ = ["ProgressBody"]


class BuildBody(BaseModel):
    """Something that is under way."""

    what: Annotated[
        Literal["build", "reencode", "publish"],
        Field(description="Files, other encoders for items, or vectors for the index."),
    ]
    done: int
    total: int
    failed: Annotated[int, Field(description="How many files could not be read.")]
    seconds_left: Annotated[
        float | None, Field(description="At the rate so far; null until that is known.")
    ]
    started_at: Annotated[float, Field(description="Seconds since 1970, UTC.")]
    pid: Annotated[int, Field(description="Of the process that does it.")]


class ProgressBody(BaseModel):
    """All that is under way, what began first first."""

    builds: list[BuildBody]
