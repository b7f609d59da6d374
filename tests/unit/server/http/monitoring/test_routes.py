from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from anysense.server.http.monitoring.routes import is_probe, route_template


@pytest.mark.parametrize(
    ("path", "route", "parameters", "template"),
    [
        ("/health", "/health", {}, "/health"),
        ("/v1/search", "/search", {}, "/v1/search"),
        ("/v1/search", "/v1/search", {}, "/v1/search"),  # as older versions of FastAPI tell it
        ("/v1/items/v1/x", "/items/{item_id:path}", {"item_id": "v1/x"}, "/v1/items/{item_id}"),
        (
            "/v1/collections/a/search",
            "/search",
            {"collection": "a"},
            "/v1/collections/{collection}/search",
        ),
        (
            "/v1/collections/a",
            "/v1/collections/{collection}",
            {"collection": "a"},
            "/v1/collections/{collection}",
        ),
        ("/nowhere", None, {}, "unmatched"),
    ],
)
@pytest.mark.parametrize("root", ["", "/behind/a/proxy"])
def test_a_route_is_told_as_its_template(
    path: str, route: str | None, parameters: dict[str, str], template: str, root: str
) -> None:
    scope: dict[str, Any] = {"path": root + path, "root_path": root, "path_params": parameters}
    if route is not None:
        scope["route"] = SimpleNamespace(path=route)
    assert route_template(scope) == template
    assert is_probe(scope) == (path == "/health")
    assert route_template({**scope, "path": path}) == template  # the proxy has cut it off
