"""Errors as HTTP: one body for all of them, in the shape that OpenAI's clients expect.

{"error": {"message": "...", "type": "invalid_request_error", "code": "...", "param": null}}
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

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fastapi import FastAPI, Request

__all__ = [
    "LoadingError",
    "RequestError",
    "error_response",
    "install",
    "problem_sentence",
    "status_of",
]

logger = logging.getLogger(__name__)

STATUS: Mapping[type[AnysenseError], int] = {
    errors.UsageError: 400,
    errors.StateGoneError: 410,
    errors.MediaError: 422,
    errors.UnsupportedMediaError: 415,
    errors.MediaTooLargeError: 413,
    errors.EncoderError: 503,
    errors.CollectionError: 500,
    errors.CollectionNotFoundError: 503,
    errors.CollectionLockedError: 503,
    errors.IncompatibleCollectionError: 503,
    errors.ItemNotFoundError: 404,
    errors.StorageError: 507,
    errors.NoRouteError: 422,
    errors.BusyError: 429,
    errors.AbandonedError: 499,
    errors.DeadlineError: 504,
    AnysenseError: 500,
}
"""The status of each error; a class that is not listed has that of its nearest listed parent."""

PARAMS: Mapping[type[AnysenseError], str] = {
    errors.FilterError: "where",
    errors.StateGoneError: "state",
}
"""The field that is at fault, where the error itself tells."""

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


RETRY_LATER = (errors.CollectionLockedError, errors.BusyError, LoadingError)


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
    """The one body of every error."""
    if status >= 500:
        kind = "server_error"
    else:
        kind = {403: "permission_error", 404: "not_found_error", 410: "not_found_error"}.get(
            status, "invalid_request_error"
        )
    body = {"message": message, "type": kind, "code": code, "param": param}
    # In ASCII, as names of files may hold what is not Unicode.
    return Response(json.dumps({"error": body}), status, headers, "application/json")


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
    param = getattr(error, "param", PARAMS.get(type(error)))
    headers = {"retry-after": "1"} if isinstance(error, RETRY_LATER) else None
    return error_response(status, sentence(error), code_of(error), param, headers)


def sentence(error: AnysenseError) -> str:
    """An error as a sentence; media that came in a body have no name to be called by."""
    text = str(error)
    if isinstance(error, errors.MediaError) and error.source.startswith("<"):
        text = f"The media in the request: {error.reason}"
    return text if text.endswith((".", "?", "!")) else f"{text}."


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    message, param = problem_sentence([{**p, "loc": p["loc"][1:]} for p in error.errors()])
    return error_response(422, message, "invalid_value", param)


def problem_sentence(problems: Sequence[Any]) -> tuple[str, str | None]:
    """One sentence for the problems that pydantic lists, and the name of the first field at fault.

    Args:
        problems: as `ValidationError.errors` gives them; at least one.
    """
    first = problems[0]
    place = [str(part) for part in first["loc"]]
    param = ".".join(place) or None
    text = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
    if first["type"] == "extra_forbidden":
        text = "there is no such field"
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return (f"{param}: {text}{more}." if param else f"{text}{more}."), param


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
