"""How the service is, and what its errors look like."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

__all__ = ["ErrorBody", "ErrorDetail", "Status"]


class Status(BaseModel):
    """How the service is."""

    status: str
    reason: str | None = None


class ErrorDetail(BaseModel):
    """What is wrong: for people, for programs, and with which field."""

    message: str
    type: str
    code: str
    param: str | None


class RequestErrorDetail(ErrorDetail):
    """The same, of a request as a whole."""

    request_id: Annotated[str | None, Field(description="As in the `X-Request-Id` header.")]


class ErrorBody(BaseModel):
    """What every error looks like."""

    error: RequestErrorDetail
