"""What the groups of addresses share: replies, the service behind them, bodies in OpenAPI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path
from fastapi.responses import Response

from anysense.server.http.privacy import without_folders
from anysense.server.http.schemas.state import ErrorBody
from anysense.server.http.service.service import CURRENT
from anysense.server.http.settings import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from fastapi import Request

    from anysense.server.http.service.served import ServedCollection
    from anysense.server.http.service.service import Service

__all__ = [
    "ERROR",
    "FILE",
    "NAME",
    "TEXT",
    "all_shown",
    "body_of",
    "collection_name",
    "collection_of",
    "json_body",
    "reply",
    "service_of",
    "shown",
    "shows_paths",
]

NAME = "collection"
"""The part of an address that names a collection."""

ERROR: dict[int | str, dict[str, Any]] = {"default": {"model": ErrorBody}}
"""The answer of every address that cannot do what it was called for."""

FILE = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}


def reply(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """JSON in ASCII, as names of files may hold what is not Unicode."""
    return Response(json.dumps(content), status, headers, "application/json")


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def collection_name(
    collection: Annotated[str, Path(description="A collection's name, or `current`: the first.")],
) -> str:
    """The collection that an address names, for the OpenAPI document."""
    return collection


def collection_of(request: Request) -> ServedCollection:
    """The collection that a request is about: the one it names, or else the first.

    Raises:
        RequestError: there is none of that name.
    """
    return service_of(request).collection(request.path_params.get(NAME, CURRENT))


def shows_paths(request: Request) -> bool:
    """Whether this client may learn in which folders the files of items lie."""
    settings = service_of(request).settings
    if settings.show_paths is not None:
        return settings.show_paths
    return all(_is_loopback(host) for host in settings.allowed_hosts)


def _is_loopback(host: str) -> bool:
    return host.lower() in (*LOOPBACK_HOSTS, "::1") or host.startswith("127.")


def all_shown(request: Request, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items or hits as this client may see them."""
    return values if shows_paths(request) else [without_folders(one) for one in values]


def shown(request: Request, values: dict[str, Any]) -> dict[str, Any]:
    """An item or a hit as this client may see it."""
    return values if shows_paths(request) else without_folders(values)


def body_of(json_model: str, form: dict[str, Any]) -> dict[str, Any]:
    """How OpenAPI describes a body that is JSON or multipart."""
    schema = {"allOf": [{"$ref": f"#/components/schemas/{json_model}"}]}
    content = {
        "application/json": {"schema": schema},
        "multipart/form-data": {"schema": {"type": "object", "properties": form}},
    }
    return {"requestBody": {"required": True, "content": content}}


def json_body(model: str) -> dict[str, Any]:
    """How OpenAPI describes a body that is JSON alone, and is read by the route itself."""
    schema = {"$ref": f"#/components/schemas/{model}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
