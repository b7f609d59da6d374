"""The errors of each operation: those that all have, and those that a route names as its own."""

from __future__ import annotations

from typing import Any

from anysense.server.http.access.scopes import PROBES, is_open
from anysense.server.http.openapi.headers import headers

__all__ = ["REFUSALS", "add_refusals", "refusals"]

ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
RATE = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset", "RateLimit-Policy")

MEANINGS = {
    400: "The request cannot be read: its head, its JSON, a filter or a data URI.",
    401: "There is no key, or it is none of the service's.",
    403: "The key lacks the scope, a page of another site asks, or the path is not allowed.",
    404: "There is no such collection, item, file, model or job.",
    408: "The request took too long to come.",
    409: "A later request for the same id, or one for the item of the same content, went first.",
    410: "The file is gone or another one, or the state is no longer held.",
    412: "The file is in another state than the request is for.",
    413: "The body, or what is in it, is too large.",
    415: "The body, or what is in it, is of a type that is not taken.",
    416: "The file has none of the bytes that are asked for.",
    421: "The service does not answer by this name.",
    422: "A value cannot be used; `param` says which one.",
    429: "Too many wait, or this client asks too often.",
    431: "The head of the request is too long.",
    500: "The service failed; its log says why.",
    501: "The transfer encoding is not known.",
    503: "The service is loading, stopping, busy or without its collection.",
    504: "The time that the request was given is over.",
    507: "The disk is full, or fails.",
}
"""What a status means, wherever it is the answer."""

ALWAYS = {
    401: ("WWW-Authenticate",),
    408: ("Retry-After",),
    416: ("Content-Range",),
    429: ("Retry-After",),
}
SOMETIMES = {403: ("WWW-Authenticate",), 429: RATE, 503: ("Retry-After",)}

OF_ALL = (400, 408, 421, 431, 500, 501, 503)
"""What is no HTTP, is for another host, or comes when the service cannot answer at all."""
OF_THE_GUARDED = (401, 403, 429)
OF_WRITES = (403, 504)
OF_BODIES = (413, 415, 422)


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors that a route has besides those that all have, as its `responses` take them."""
    return {status: {"description": MEANINGS[status]} for status in statuses}


def component(status: int) -> dict[str, Any]:
    maybe = ("X-Request-Id", *SOMETIMES.get(status, ()))
    return {
        "description": MEANINGS[status],
        "headers": headers(*ALWAYS.get(status, ()), maybe=maybe),
        "content": ERROR,
    }


REFUSALS = {f"Refusal{status}": component(status) for status in MEANINGS}
"""Each error once, for the `components` of the document."""


def add_refusals(path: str, method: str, operation: dict[str, Any]) -> None:
    """Name all errors of an operation, each by its one description.

    Those that its routes describe themselves, with a content, stay as they are.
    """
    answers = operation["responses"]
    named = {int(status) for status in answers if int(status) >= 400}
    for status in sorted(named | set(shared(path, method, operation))):
        # FastAPI's own 422 has another shape than all errors here.
        if "content" not in answers.get(str(status), {}) or status == 422:
            answers[str(status)] = {"$ref": f"#/components/responses/Refusal{status}"}
    operation["responses"] = {status: answers[status] for status in sorted(answers)}


def shared(path: str, method: str, operation: dict[str, Any]) -> list[int]:
    """The errors that an operation has by what it is."""
    statuses = [*OF_ALL]
    if not is_open(path):
        statuses += OF_THE_GUARDED
    elif path not in PROBES:
        statuses.append(429)
    if method != "get":
        statuses += OF_WRITES
    if "requestBody" in operation:
        statuses += OF_BODIES
    if "{collection}" in path:
        statuses.append(404)
    return statuses
