"""Errors as HTTP: one body for all of them, in the shape that OpenAI's clients expect.

{"error": {"message": "...", "type": "invalid_request_error", "code": "...", "param": null,
           "request_id": "..."}}
"""

from __future__ import annotations

import json
import logging
import re
from typing import TYPE_CHECKING, Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from anysense.embed import errors
from anysense.embed.errors import AnysenseError
from anysense.server.http.monitoring.record import current_request
from anysense.server.http.privacy import bare_message
from anysense.server.http.problems import place_of, reason_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request

__all__ = [
    "LoadingError",
    "RequestError",
    "StoppingError",
    "code_of",
    "error_fields",
    "error_response",
    "install",
    "problem_sentence",
    "refusal_response",
    "sentence",
    "status_of",
]

logger = logging.getLogger(__name__)

STATUS: Mapping[type[AnysenseError], int] = {
    errors.UsageError: 400,
    errors.NoHitError: 404,
    errors.StateGoneError: 410,
    errors.MediaError: 422,
    errors.UnsupportedMediaError: 415,
    errors.MediaTooLargeError: 413,
    errors.EncoderError: 503,
    errors.CollectionError: 500,
    errors.CollectionNotFoundError: 503,
    errors.CollectionLockedError: 503,
    errors.CollectionReplacedError: 503,
    errors.IncompatibleCollectionError: 503,
    errors.ItemNotFoundError: 404,
    errors.NoMapError: 404,
    errors.NoMediaError: 404,
    errors.MediaGoneError: 410,
    errors.StorageError: 507,
    errors.EngineUnavailableError: 503,
    errors.NoRouteError: 422,
    errors.BusyError: 429,
    errors.AbandonedError: 499,
    errors.DeadlineError: 504,
    AnysenseError: 500,
}
"""The status of each error; a class that is not listed has that of its nearest listed parent."""

PARAMS: Mapping[type[AnysenseError], str] = {
    errors.FilterError: "where",
    errors.NoHitError: "id",
    errors.StateGoneError: "state",
}
"""The field that is at fault, where the error itself tells."""

KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    410: "not_found_error",
    429: "rate_limit_error",
}
CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "body_too_large"}


class RequestError(AnysenseError):
    """A request that is refused before the collection sees it."""

    def __init__(self, message: str, status: int, code: str, param: str | None = None) -> None:
        self.status = status
        self.code = code
        self.param = param
        super().__init__(message)


class LoadingError(RequestError):
    """What needs encoders, before they are loaded."""

    def __init__(self) -> None:
        message = "The encoders are being loaded; try again in a moment."
        super().__init__(message, 503, "loading")


class StoppingError(RequestError):
    """A write that comes, or is not ready, when the service stops."""

    def __init__(self) -> None:
        message = "The service is stopping: nothing was written; ask again."
        super().__init__(message, 503, "stopping")


RETRY_LATER = (
    errors.CollectionLockedError,
    errors.CollectionReplacedError,
    errors.BusyError,
    errors.EngineUnavailableError,
    LoadingError,
    StoppingError,
)


def status_of(error: AnysenseError) -> int:
    """The HTTP status of an error: 4xx if the request is at fault, 5xx if the service is."""
    if isinstance(error, RequestError):
        return error.status
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def code_of(error: AnysenseError) -> str:
    """A stable name for programs: ``EmptyMediaError`` is ``empty_media``."""
    if isinstance(error, RequestError):
        return error.code
    name = type(error).__name__.removesuffix("Error")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def error_response(
    status: int,
    message: str,
    code: str,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer of every error."""
    record = current_request()
    if record is not None:
        record.code = code
    request_id = None if record is None else record.id
    body = {"error": {**fields_of(status, message, code, param), "request_id": request_id}}
    # In ASCII, as names of files may hold what is not Unicode.
    return Response(json.dumps(body), status, headers, "application/json")


def refusal_response(refusal: RequestError, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a request that is refused before a route takes it."""
    return error_response(refusal.status, str(refusal), refusal.code, refusal.param, headers)


def error_fields(error: AnysenseError) -> dict[str, str | None]:
    """An error as a result tells it that stands beside others in one answer."""
    return fields_of(status_of(error), sentence(error), code_of(error), param_of(error))


def fields_of(status: int, message: str, code: str, param: str | None) -> dict[str, str | None]:
    kind = "server_error" if status >= 500 else KINDS.get(status, "invalid_request_error")
    return {"message": message, "type": kind, "code": code, "param": param}


def param_of(error: AnysenseError) -> str | None:
    param: str | None = getattr(error, "param", PARAMS.get(type(error)))
    return param


def install(app: FastAPI) -> None:
    """Make an app answer every error in this shape."""
    app.add_exception_handler(AnysenseError, _anysense_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(ClientDisconnect, _client_left)
    app.add_exception_handler(Exception, _unexpected)


async def _anysense_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AnysenseError)
    status = status_of(error)
    if status >= 500:
        logger.error("%s %s: %s", request.method, request.url.path, error)
    is_for_now = isinstance(error, RETRY_LATER) or status == 429 or code_of(error) == "busy"
    headers = {"retry-after": "1"} if is_for_now else None
    return error_response(status, sentence(error), code_of(error), param_of(error), headers)


def sentence(error: AnysenseError) -> str:
    """An error as a sentence, without paths; media that came in a body have no name either."""
    text = str(error) if isinstance(error, RequestError) else bare_message(error)
    if isinstance(error, errors.MediaError) and error.source.startswith("<"):
        text = f"What was sent {error.reason}"
    return text if text.endswith((".", "?", "!")) else f"{text}."


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    message, param = problem_sentence([{**p, "loc": p["loc"][1:]} for p in error.errors()])
    return error_response(422, message, "invalid_value", param)


def problem_sentence(
    problems: Sequence[Any], hints: Mapping[str, str] | None = None
) -> tuple[str, str | None]:
    """One sentence for the problems that pydantic lists, and the name of the first field at fault.

    Args:
        problems: as `ValidationError.errors` gives them; at least one.
        hints: what to do in place of giving fields that are none, by their names.
    """
    # A field that is missing may be there under a wrong name, which tells more.
    problem = next((one for one in problems if one["type"] != "missing"), problems[0])
    param = place_of(problem)
    others = len(problems) - 1
    more = f" (and {others} more {'problem' if others == 1 else 'problems'})" if others else ""
    hint = (hints or {}).get(param or "") if problem["type"] == "extra_forbidden" else None
    text = reason_of(problem) + (f"; {hint}" if hint else "") + more
    return (f"{param}: {text}." if param else f"{text[0].upper()}{text[1:]}."), param


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = CODES.get(error.status_code, "http_error")
    message = str(error.detail).rstrip(".") + "."
    if error.status_code == 404 and error.detail == "Not Found":  # by no route of ours
        message = "There is nothing at this address; the API is described at /docs."
    return error_response(error.status_code, message, code, None, error.headers)


async def _client_left(request: Request, error: Exception) -> Response:
    # Nobody reads this: the client went away in the middle of its request.
    return error_response(400, "The request broke off.", "broken_off")


async def _unexpected(request: Request, error: Exception) -> Response:
    # The traceback goes to the log by way of the server; the client learns nothing of the inside.
    return error_response(500, "The service failed; its log says why.", "internal_error")
