"""How the service is, and what its errors look like."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

__all__ = ["ErrorBody", "Status"]


class Status(BaseModel):
    """How the service is."""

    status: str
    reason: str | None = None


class ErrorDetail(BaseModel):
    message: str
    type: str
    code: str
    param: str | None
    request_id: Annotated[str | None, Field(description="As in the `X-Request-Id` header.")]


class ErrorBody(BaseModel):
    """What every error looks like."""

    error: ErrorDetail
