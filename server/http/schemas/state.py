"""How the service is, and what its errors look like."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

__all__ = ["Access", "ErrorBody", "ErrorDetail", "Status"]


class Status(BaseModel):
    """How the service is."""

    status: str
    reason: str | None = None


class Access(BaseModel):
    """What a client may do."""

    version: Annotated[str, Field(description="Of anysense.")]
    needs_key: Annotated[bool, Field(description="Whether nobody is let in without a key.")]
    scopes: Annotated[
        list[Literal["read", "write"]],
        Field(description="What this client may do; nothing, if its key is missing or unknown."),
    ]
    fetches_urls: Annotated[
        bool, Field(description="Whether media may be named by their addresses.")
    ]
    collections: Annotated[
        list[str], Field(description="The names of those that it may read, the first first.")
    ]


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
