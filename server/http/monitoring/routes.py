"""Which route answers a request, as one of few words: for labels of metrics, logs and traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anysense.server.http.access.scopes import route_path

if TYPE_CHECKING:
    from starlette.types import Scope

__all__ = ["NO_ROUTE", "is_probe", "route_template"]

NO_ROUTE = "unmatched"
"""What a request has that no route took: a wrong address, or one that a guard refused."""

PROBES = frozenset({"/health", "/ready", "/metrics"})
"""What machines ask every few seconds, which no log and no trace has to tell."""

VERSION = "/v1"
NAMED = "/v1/collections/{collection}"


def is_probe(scope: Scope) -> bool:
    """Whether a request is one of those that come every few seconds."""
    return route_path(scope) in PROBES


def route_template(scope: Scope) -> str:
    """The template of the route that took a request, ``/v1/items/{item_id}``, or `NO_ROUTE`.

    Nothing of it comes from the request itself: a path could have any number of values.
    """
    template = getattr(scope.get("route"), "path", None)
    if not isinstance(template, str):
        return NO_ROUTE
    template = template.replace(":path}", "}")
    # A route that was included with a prefix says only what comes behind that.
    if template.startswith(f"{VERSION}/") or not route_path(scope).startswith(f"{VERSION}/"):
        return template
    is_named = "collection" in scope.get("path_params", ())
    return (NAMED if is_named else VERSION) + template
