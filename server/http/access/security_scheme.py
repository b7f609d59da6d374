"""How the OpenAPI document says which keys an address needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anysense.server.http.access.scopes import is_open, scopes_needed

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_keys"]

SCHEME = "key"
METHODS = ("get", "put", "post", "delete", "patch", "head")


def with_keys(generate: Callable[[], dict[str, Any]], *, needed: bool) -> Callable[[], Any]:
    """Add to the OpenAPI document that keys are taken, and of which scope each address needs one.

    Args:
        generate: makes the document.
        needed: whether nobody is let in without a key.
    """

    def openapi() -> dict[str, Any]:
        document = generate()
        document["components"]["securitySchemes"] = {
            SCHEME: {"type": "http", "scheme": "bearer", "description": "A key of the service."}
        }
        for path, operations in document["paths"].items():
            for method in operations.keys() & METHODS:
                operations[method]["security"] = demands(path, method.upper(), needed=needed)
        return document

    return openapi


def demands(path: str, method: str, *, needed: bool) -> list[dict[str, list[str]]]:
    """What OpenAPI calls the security of an operation: any one of these lets a request in."""
    if is_open(path):
        return []
    by_key: dict[str, list[str]] = {SCHEME: list(scopes_needed(method, path))}
    return [by_key] if needed else [by_key, {}]
