"""What a service refuses, as the errors that a collection would raise itself."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from anysense.embed import errors
from anysense.embed.errors import (
    AccessError,
    AnysenseError,
    BusyError,
    CollectionNotFoundError,
    DeadlineError,
    MediaError,
    MediaTooLargeError,
    ServiceError,
    ServiceUnreachableError,
    StateGoneError,
    UsageError,
)

if TYPE_CHECKING:
    import httpx

    from anysense.server.client.connection import Connection

__all__ = ["NO_ANSWER", "check_answer", "error_of", "unreachable"]

_OF_STATUS: dict[int, type[AnysenseError]] = {
    401: AccessError,
    403: AccessError,
    413: MediaTooLargeError,
    429: BusyError,
    504: DeadlineError,
}
_OF_CODE: dict[str, type[AnysenseError]] = {
    "collection_unknown": CollectionNotFoundError,
}
_SENT = "What was sent "
_MOST_CHARACTERS = 1000
NO_ANSWER = (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError)
"""What reading raises where an answer is none of anysense."""


@cache
def _named() -> dict[str, type[AnysenseError]]:
    """Every error by the code that a service has for it."""
    return {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name.removesuffix("Error")).lower(): getattr(
            errors, name
        )
        for name in errors.__all__
        if name != "AnysenseError"
    }


def check_answer(response: httpx.Response) -> None:
    """Raise what an answer says that went wrong.

    Args:
        response: read as a whole, if it is no success.
    """
    if response.is_success or response.status_code == 304:
        return
    try:
        body = response.json()["error"]
        fields = {name: body[name] for name in ("message", "code", "param")}
    except NO_ANSWER:
        # Of a proxy, or of something that is no anysense.
        text = " ".join(response.text.split())[:_MOST_CHARACTERS]
        status = f"{response.status_code} {response.reason_phrase}".strip()
        fields = {"message": f"{response.url.host} answers {status}: {text}", "code": ""}
    raise error_of(response.status_code, fields)


def error_of(status: int, fields: dict[str, Any]) -> AnysenseError:
    """An error of an answer, or of one of its results, as the class that it is here."""
    code, message = str(fields["code"]), str(fields["message"])[:_MOST_CHARACTERS]
    kind = _OF_CODE.get(code) or _named().get(code) or _OF_STATUS.get(status)
    if fields.get("param") == "state":
        kind = StateGoneError
    if kind is None:
        kind = UsageError if 400 <= status < 500 else ServiceError
    if issubclass(kind, MediaError):
        return kind("<bytes>", message.removeprefix(_SENT).rstrip("."))
    return kind(message)


def unreachable(connection: Connection, error: httpx.HTTPError) -> AnysenseError:
    """What it means that no answer has come."""
    import httpx

    if isinstance(error, httpx.ConnectTimeout | httpx.ConnectError):
        return ServiceUnreachableError(f"No service answers at {connection.url}: {error}.")
    if isinstance(error, httpx.TimeoutException):
        return DeadlineError(f"{connection.url} did not answer within {connection.timeout:g} s.")
    return ServiceUnreachableError(f"The connection to {connection.url} broke off: {error}.")
