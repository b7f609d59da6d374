"""What the groups of addresses share: replies, the service behind them, bodies in OpenAPI."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path
from fastapi.responses import Response

from anysense.embed.errors import FilterError
from anysense.index.filters.filter import parse_filter
from anysense.server.http.privacy import without_folders
from anysense.server.http.schemas.state import ErrorBody
from anysense.server.http.service.service import CURRENT
from anysense.server.http.settings import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from anysense.index.filters.filter import Filter
    from anysense.server.http.service.served import ServedCollection
    from anysense.server.http.service.service import Service

__all__ = [
    "ERROR",
    "FILE",
    "NAME",
    "TEXT",
    "body_of",
    "collection_name",
    "collection_of",
    "json_body",
    "may_read",
    "parse_where",
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


def may_read(request: Request) -> bool:
    """Whether this client may see what is in a collection: its key says so, or it needs none."""
    scopes = getattr(request.state, "key_scopes", None)
    return scopes is None or "read" in scopes


def shows_paths(request: Request) -> bool:
    """Whether this client may learn in which folders the files of items lie.

    Those may who have a key that reads, and without keys those of this machine.
    """
    settings = service_of(request).settings
    if settings.show_paths is not None or not may_read(request):
        return bool(settings.show_paths) and may_read(request)
    has_key = getattr(request.state, "key_scopes", None) is not None
    return has_key or all(_is_loopback(host) for host in settings.allowed_hosts)


def _is_loopback(host: str) -> bool:
    return host.lower() in (*LOOPBACK_HOSTS, "::1") or host.startswith("127.")


def shown(request: Request, values: dict[str, Any]) -> dict[str, Any]:
    """An item or a hit as this client may see it."""
    if not may_read(request):
        # Of a file that was there already, what others have said of it.
        values = {**values, "source": "", "metadata": {}, "aliases": [], "segments": []}
    return values if shows_paths(request) else without_folders(values)


def parse_where(request: Request, where: str | Mapping[str, Any] | None) -> Filter | None:
    """Read the filter of a request.

    Raises:
        FilterError: it cannot be read, or asks for folders that this client may not learn.
    """
    parsed = parse_filter(where)
    if parsed is not None and not shows_paths(request) and parsed.reads("source"):
        raise FilterError(
            "The filter asks for the source of items, and this service keeps to itself where "
            "their files lie; filter by metadata, such as filename."
        )
    return parsed


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
