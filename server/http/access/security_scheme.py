"""How the OpenAPI document says which keys an address needs."""

from __future__ import annotations

from typing import Any

from anysense.server.http.access.scopes import is_open, scopes_needed

__all__ = ["add_keys"]

SCHEME = "key"
METHODS = ("get", "put", "post", "delete", "patch", "head")


def add_keys(document: dict[str, Any], *, needed: bool) -> None:
    """Add to an OpenAPI document that keys are taken, and of which scope each address needs one.

    Args:
        document: the document; it is changed.
        needed: whether nobody is let in without a key.
    """
    document["components"]["securitySchemes"] = {
        SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "description": "A key of the service, with the scope `read` or `write`.",
        }
    }
    for path, operations in document["paths"].items():
        for method in operations.keys() & METHODS:
            operations[method]["security"] = demands(path, method.upper(), needed=needed)


def demands(path: str, method: str, *, needed: bool) -> list[dict[str, list[str]]]:
    """What OpenAPI calls the security of an operation: any one of these lets a request in."""
    if is_open(path):
        return []
    by_key: dict[str, list[str]] = {SCHEME: list(scopes_needed(method, path))}
    return [by_key] if needed else [by_key, {}]
