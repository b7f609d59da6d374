"""The OpenAPI document as a whole: what routes say, completed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.server.http.access.security_scheme import add_keys
from anysense.server.http.openapi.bodies import body_schemas
from anysense.server.http.openapi.headers import header
from anysense.server.http.openapi.refusals import REFUSALS, add_refusals

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["completed"]

OF_FASTAPI = ("HTTPValidationError", "ValidationError")
"""The shape of errors that other services have."""
METHODS = ("get", "put", "post", "delete", "patch", "head")


def completed(generate: Callable[[], dict[str, Any]], *, needs_keys: bool) -> Callable[[], Any]:
    """Complete the document of an app by bodies, errors, headers and keys.

    Args:
        generate: makes the document, once; it is changed.
        needs_keys: whether nobody is let in without a key.
    """
    document: dict[str, Any] = {}

    def openapi() -> dict[str, Any]:
        if not document:
            document.update(generate())
            complete(document)
            add_keys(document, needed=needs_keys)
        return document

    return openapi


def complete(document: dict[str, Any]) -> None:
    components = document["components"]
    components["schemas"].update(body_schemas())
    components["responses"] = REFUSALS
    components["headers"] = {"X-Request-Id": header("X-Request-Id", is_required=True)}
    for path, operations in document["paths"].items():
        for method in operations.keys() & METHODS:
            add_refusals(path, method, operations[method])
            add_request_ids(operations[method])
    for name in OF_FASTAPI:
        components["schemas"].pop(name, None)


def add_request_ids(operation: dict[str, Any]) -> None:
    """Say that each answer has the id of its request; errors say it themselves."""
    for answer in operation["responses"].values():
        if "$ref" not in answer:
            reference = {"$ref": "#/components/headers/X-Request-Id"}
            answer.setdefault("headers", {})["X-Request-Id"] = reference
