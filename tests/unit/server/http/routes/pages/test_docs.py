"""The page of the API: everything it loads is the service's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from http_client import TestClient


def test_the_page_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "//" not in page.text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 4
    for address in addresses:
        asset = client.get(f"/{address}")
        assert asset.status_code == 200, address
        assert asset.headers["x-content-type-options"] == "nosniff"
    scripts = re.findall(r"<script[^>]*>([^<]*)</script>", page.text)
    assert scripts == ["", ""]  # one inside the page would not run
    assert "SwaggerUIBundle" in client.get("/docs/start.js").text
    assert 'url: "openapi.json"' in client.get("/docs/start.js").text


def test_nothing_else_is_given_from_there(client: TestClient) -> None:
    for path in ("/docs/core.py", "/docs/..%2Fcore.py", "/docs/redoc.standalone.js"):
        assert client.get(path).status_code in (404, 422)
    assert client.get("/redoc").status_code == 404
