"""What the groups of addresses share: replies, the service behind them, parts of addresses."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Path
from fastapi.responses import Response

from anysense.embed.errors import FilterError
from anysense.index.filters.filter import parse_filter
from anysense.server.http.privacy import without_folders
from anysense.server.http.service.service import CURRENT
from anysense.server.http.settings import LOOPBACK_HOSTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import Request

    from anysense.index.filters.filter import Filter
    from anysense.server.http.service.served import ServedCollection
    from anysense.server.http.service.service import Service

__all__ = [
    "NAME",
    "ItemId",
    "all_shown",
    "collection_name",
    "collection_of",
    "may_read",
    "parse_where",
    "reply",
    "service_of",
    "shown",
    "shows_paths",
]

NAME = "collection"
"""The part of an address that names a collection."""

ItemId = Annotated[
    str,
    Path(
        description="The id of an item; its slashes may stand as they are.",
        examples=["3f9a0c5b12d47e88"],
    ),
]


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


def all_shown(request: Request, values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items or hits as this client may see them."""
    return values if shows_paths(request) else [without_folders(one) for one in values]


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
