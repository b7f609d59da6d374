"""How the service is, and what its errors look like."""

from __future__ import annotations

from pydantic import BaseModel

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


class ErrorBody(BaseModel):
    """What every error looks like."""

    error: ErrorDetail
