"""What is known of the request that is being answered: its id, and why it failed."""

from __future__ import annotations

import re
import uuid
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["REQUEST_ID", "RequestRecord", "as_request", "current_request", "request_id_of"]

REQUEST_ID = "x-request-id"
GIVEN_ID = re.compile(rb"[!-~]{1,128}")
"""What is taken over from a client: it goes into logs and headers, so no spaces and no more."""


@dataclass
class RequestRecord:
    """One request, for its log line and its metrics; those who answer it fill it in.

    Attributes:
        id: given by the client or made here.
        code: of the error that it was answered with.
    """

    id: str
    code: str | None = None


_REQUEST: ContextVar[RequestRecord | None] = ContextVar("REQUEST", default=None)


def current_request() -> RequestRecord | None:
    """The request that this task or thread works for; None outside of requests."""
    return _REQUEST.get()


@contextmanager
def as_request(record: RequestRecord) -> Iterator[None]:
    """Do what is done inside for a request."""
    token = _REQUEST.set(record)
    try:
        yield
    finally:
        _REQUEST.reset(token)


def request_id_of(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The id that a client gives its request, if it gives a usable one; otherwise a new one."""
    given = [value for name, value in headers if name == REQUEST_ID.encode()]
    if len(given) == 1 and GIVEN_ID.fullmatch(given[0]):
        return given[0].decode("ascii")
    return uuid.uuid4().hex
